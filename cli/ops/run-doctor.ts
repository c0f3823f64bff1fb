import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readFunctions } from "../../local/fc/s-yaml.ts";
import type { ObjectFacts } from "../../shared/cloud/ports.ts";
import { findBucketManifest } from "../../shared/importing/find-manifests.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import type { ConnectionOptions } from "../connection.ts";
import { type ExitCode, exitCodes, type Output } from "../outcome.ts";
import { packageRoot } from "../package-root.ts";
import { asked, bucketChecks, type Check, clockCheck, stateBucketChecks, triggerChecks, unknown } from "./checks.ts";
import { checksText } from "./checks-text.ts";
import { bucketTarget, type Environment, type Operator, objectTarget, openOperator } from "./operator.ts";
import { manifestCheck, permissionChecks, roleCheck } from "./probes.ts";

/** Checks everything that an import needs of the account, and names the exact fix of what is amiss. */
export async function runDoctor(
  target: string | undefined,
  options: ConnectionOptions & { readonly json: boolean },
  environment: Environment,
  output: Output,
): Promise<ExitCode> {
  const named = target === undefined ? undefined : bucketTarget(target);
  const operator = await openOperator(options, environment, named?.bucket);
  const checks = await examine(operator, named?.prefix ? objectTarget(target ?? "").key : undefined, environment);
  if (options.json) output.out(`${JSON.stringify({ healthy: isHealthy(checks), checks }, null, 2)}\n`);
  else output.out(checksText(checks, output.isTerminal));
  return isHealthy(checks) ? exitCodes.good : exitCodes.no;
}

const isHealthy = (checks: readonly Check[]): boolean => checks.every(({ outcome }) => outcome !== "problem");

async function examine(
  operator: Operator,
  key: string | undefined,
  environment: Environment,
): Promise<readonly Check[]> {
  const { cloud, bucket, stateBucket, connection } = operator;
  const { objects } = cloud;
  const { region } = connection;
  const clock = await clockCheck(connection.ossEndpoint || `https://oss-${region}.aliyuncs.com`);
  const [images, state] = await Promise.all([
    asked("bucket", () => objects.bucket(bucket)),
    asked("state bucket", () => objects.bucket(stateBucket)),
  ]);
  const found = await asked("bucket manifest", () => findBucketManifest(objects, bucket));
  const wantsDeletions =
    "answer" in found && !("problems" in found.answer) && found.answer.manifest?.manifest.cancelOnDelete === true;
  const permissions = await permissionChecks(operator);
  return [
    clock,
    ...("answer" in images ? bucketChecks(bucket, images.answer, region) : [images.check]),
    ...("answer" in state ? stateBucketChecks(stateBucket, state.answer, region) : [state.check]),
    ...permissions,
    "answer" in found ? manifestCheck(found.answer) : found.check,
    await roleCheckOf(operator, key),
    ...triggers(operator, environment, wantsDeletions),
  ];
}

/** Only ImportImage itself knows whether ECS may read the bucket: asked as a dry run, about an image that is there. */
async function roleCheckOf(operator: Operator, key: string | undefined): Promise<Check> {
  const { cloud, bucket } = operator;
  const sample = await asked("import role", async () => {
    const chosen = key ?? (await firstImage(operator));
    const facts: ObjectFacts | undefined =
      chosen === undefined ? undefined : await cloud.objects.stat({ bucket, key: chosen });
    return chosen !== undefined && facts ? { key: chosen, facts } : undefined;
  });
  if ("check" in sample) return sample.check;
  if (!sample.answer)
    return unknown(
      "import role",
      "Whether ECS may read the bucket can only be asked about an image, and there is none.",
      `Upload one, then: oss-image-import doctor oss://${bucket}/KEY`,
    );
  return roleCheck(operator, sample.answer.key);
}

async function firstImage({ cloud, bucket }: Operator): Promise<string | undefined> {
  const { objects } = await cloud.objects.list(bucket, { prefix: "" });
  return objects.find(({ key, size }) => size > 0 && objectKind(key).kind === "image")?.key;
}

/** What s.yaml would deploy with this environment, compared with the bucket that is looked at. */
function triggers({ bucket, stateBucket, connection }: Operator, environment: Environment, wantsDeletions: boolean) {
  const root = packageRoot();
  const set = Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const variables = {
    IMPORT_REGION: connection.region,
    IMPORT_ACCOUNT_ID: "0",
    IMPORT_BUCKET: bucket,
    IMPORT_STATE_BUCKET: stateBucket,
    ...set,
  };
  try {
    const functions = readFunctions(readFileSync(join(root, "s.yaml"), "utf8"), root, variables);
    return triggerChecks(functions, { bucket, stateBucket, region: connection.region, wantsDeletions });
  } catch (error) {
    return [
      unknown(
        "trigger",
        `s.yaml cannot be read: ${error instanceof Error ? error.message : error}`,
        "Correct s.yaml or .env.",
      ),
    ];
  }
}
