import type { FunctionDefinition } from "../../local/fc/s-yaml.ts";
import { systemClock } from "../../shared/clock.ts";
import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import type { ObjectFacts } from "../../shared/cloud/ports.ts";
import { findBucketManifest } from "../../shared/importing/find-manifests.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { jobIdOf } from "../../shared/ledger/job.ts";
import { ossLedger } from "../../shared/ledger/ledger.ts";
import { printableJson } from "../../shared/log/printable-json.ts";
import type { ConnectionOptions } from "../connection.ts";
import { type ExitCode, exitCodes, type Output } from "../outcome.ts";
import { asked, bucketChecks, type Check, clockCheck, stateBucketChecks, sYamlChecks, unknown } from "./checks.ts";
import { checksText } from "./checks-text.ts";
import { deployedChecks } from "./deployed-checks.ts";
import { definedFunctions, type FunctionFound, findFunctions } from "./deployment.ts";
import { bucketTarget, type Environment, type Operator, objectTarget, openOperator, troubleOf } from "./operator.ts";
import { isDenial, manifestCheck, permissionChecks, roleCheck } from "./probes.ts";

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
  if (options.json) output.out(`${printableJson({ healthy: isHealthy(checks), checks }, 2)}\n`);
  else output.out(checksText(checks, output));
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
  const images = await asked("bucket", () => objects.bucket(bucket));
  // Everything else would fail in the same words.
  if ("check" in images && images.isGeneral)
    return [
      clock,
      { ...images.check, name: "connection" },
      unknown("the rest", "It was not looked at.", "Mend that first."),
    ];
  const state = await asked("state bucket", () => objects.bucket(stateBucket));
  const found = await asked("bucket manifest", () => findBucketManifest(objects, bucket));
  const wantsDeletions =
    "answer" in found && !("problems" in found.answer) && found.answer.manifest?.manifest.cancelOnDelete === true;
  const permissions = await permissionChecks(operator);
  const functions = await functionChecks(operator, environment, wantsDeletions);
  return [
    clock,
    ...("answer" in images ? bucketChecks(bucket, images.answer, region) : [images.check]),
    ...("answer" in state ? stateBucketChecks(stateBucket, state.answer, region) : [state.check]),
    ...permissions,
    "answer" in found ? manifestCheck(found.answer) : found.check,
    await roleCheckOf(operator, key),
    ...functions,
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

const mostAskedAbout = 20;

/** The first image that is there, if possible one that was not refused before: what is wrong with that one is no news. */
async function firstImage({
  cloud,
  bucket,
  stateBucket,
  connection: { region },
}: Operator): Promise<string | undefined> {
  const { objects } = await cloud.objects.list(bucket, { prefix: "" });
  const images = objects.filter(({ key, size }) => size > 0 && objectKind(key).kind === "image");
  const ledger = ossLedger({ objects: cloud.objects, stateBucket, clock: systemClock });
  try {
    for (const { key, etag } of images.slice(0, mostAskedAbout)) {
      const job = await ledger.current(jobIdOf({ region, bucket, key, etag }));
      if (job?.state !== "rejected" && job?.state !== "failed") return key;
    }
  } catch (error) {
    // What is wrong with the state bucket has a line of its own.
    if (!isCloudError(error)) throw error;
  }
  return images[0]?.key;
}

/** What is deployed, and what the next deployment would make of it. */
async function functionChecks(
  operator: Operator,
  environment: Environment,
  wantsDeletions: boolean,
): Promise<readonly Check[]> {
  const { bucket, stateBucket, connection } = operator;
  const setup = { bucket, stateBucket, region: connection.region, wantsDeletions };
  let definitions: readonly FunctionDefinition[];
  try {
    definitions = definedFunctions(operator, environment);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [unknown("s.yaml", `It cannot be read: ${reason}`, "Correct s.yaml or .env.")];
  }
  const written = sYamlChecks(definitions, setup);
  const found = await foundFunctions(operator, definitions);
  if ("name" in found) return [found, ...written];
  // What runs is what counts: a slip in s.yaml harms only when it is deployed.
  const later = written.map((check) =>
    check.outcome === "problem" ? { ...check, outcome: "warning" as const } : check,
  );
  return [...deployedChecks(found.functions, setup), ...later];
}

async function foundFunctions(
  operator: Operator,
  definitions: readonly FunctionDefinition[],
): Promise<Check | { readonly functions: readonly FunctionFound[] }> {
  const cannotTell = (reason: string, fix: string): Check =>
    unknown("functions", `Whether the functions are deployed cannot be told: ${reason}`, fix);
  try {
    const functions = await findFunctions(operator, definitions);
    return functions
      ? { functions }
      : cannotTell("nobody says where Function Compute is.", "Say --fc-endpoint URL, or set FC_ENDPOINT.");
  } catch (error) {
    if (!isCloudError(error)) throw error;
    if (!isDenial(error.code)) return cannotTell(troubleOf(error), "Mend that, then run doctor again.");
    const resources = definitions
      .flatMap(({ name }) => [name, `${name}/*`])
      .map((name) => `"acs:fc:*:*:functions/${name}"`);
    return cannotTell(
      "you may not ask Function Compute.",
      `Attach a policy that allows it: {"Effect":"Allow","Action":["fc:GetFunction","fc:ListTriggers","fc:GetFunctionAsyncInvokeConfig"],"Resource":[${resources.join(",")}]}`,
    );
  }
}
