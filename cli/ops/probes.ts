import { randomUUID } from "node:crypto";
import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import { failureOf } from "../../shared/importing/failure.ts";
import type { Found } from "../../shared/importing/find-manifests.ts";
import { attemptTag } from "../../shared/importing/origin-tags.ts";
import type { BucketManifest } from "../../shared/manifest/settings.ts";
import { type Check, ok, problem, unknown, warning } from "./checks.ts";
import { type Operator, troubleOf } from "./operator.ts";

/** One thing that the operator's own commands, and with the same actions the functions, must be allowed to do. */
interface Probe {
  readonly action: string;
  readonly where: string;
  readonly resource: string;
  attempt(): Promise<unknown>;
}

/**
 * Tries what an import needs with the caller's credentials. Leaves one small object of its own in the state bucket, and
 * deletes only what is not there. The functions run with roles of their own: their policies are in ram/.
 */
export async function permissionChecks(operator: Operator): Promise<readonly Check[]> {
  const { cloud, bucket, stateBucket } = operator;
  const { objects, images } = cloud;
  // Written once and left there: nobody who may not delete records could take it away again.
  const mark = { bucket: stateBucket, key: "doctor/probe" };
  const nowhere = `oss-image-import-doctor-${randomUUID()}`;
  const oss = (action: string, name: string, suffix: string, attempt: () => Promise<unknown>): Probe => ({
    action: `oss:${action}`,
    where: name,
    resource: `acs:oss:*:*:${name}${suffix}`,
    attempt,
  });
  const ecs = (action: string, resource: string, attempt: () => Promise<unknown>): Probe => ({
    action: `ecs:${action}`,
    where: "ECS",
    resource,
    attempt,
  });
  const probes: readonly Probe[] = [
    oss("ListObjects", bucket, "", () => objects.list(bucket, { prefix: nowhere, limit: 1 })),
    oss("GetObject", bucket, "/*", () => objects.read({ bucket, key: nowhere }, 1)),
    oss("ListObjects", stateBucket, "", () => objects.list(stateBucket, { prefix: nowhere, limit: 1 })),
    oss("PutObject", stateBucket, "/*", () => objects.create(mark, "")),
    oss("GetObject", stateBucket, "/*", () => objects.read(mark, 1)),
    ...["open", "members"].map((index) =>
      oss("DeleteObject", stateBucket, `/${index}/*`, () =>
        objects.delete({ bucket: stateBucket, key: `${index}/${nowhere}` }),
      ),
    ),
    ecs("DescribeImages", "acs:ecs:*:*:image/*", () =>
      images.describeImages({ tag: { key: attemptTag, value: nowhere } }),
    ),
    ecs("DescribeTasks", "*", () => images.describeTasks({ taskIds: ["t-doctor"] })),
  ];
  const denied: Check[] = [];
  for (const { action, where, resource, attempt } of probes) {
    try {
      await attempt();
    } catch (error) {
      if (!isCloudError(error)) throw error;
      // That the bucket is missing is said where buckets are looked at.
      if (error.code === "NoSuchBucket") continue;
      denied.push(
        isDenial(error.code)
          ? problem(
              "permissions",
              `You may not do ${action} on ${where}.`,
              `Attach a policy that allows it: {"Effect":"Allow","Action":"${action}","Resource":"${resource}"}`,
            )
          : unknown(
              "permissions",
              `${action} on ${where} could not be tried: ${troubleOf(error)}`,
              "Mend that, then run doctor again.",
            ),
      );
    }
  }
  return denied.length > 0
    ? denied
    : [ok("permissions", `You may do what an import needs on ${bucket}, ${stateBucket} and ECS.`)];
}

/** Whether a code says that the caller may not do what was asked. */
export const isDenial = (code: string): boolean => /^(AccessDenied|Forbidden|NoPermission)/.test(code);

const roleFix =
  'aliyun ram CreateRole --RoleName AliyunECSImageImportDefaultRole --AssumeRolePolicyDocument "$(cat ram/AliyunECSImageImportDefaultRole-trust.json)" && aliyun ram AttachPolicyToRole --RoleName AliyunECSImageImportDefaultRole --PolicyType System --PolicyName AliyunECSImageImportRolePolicy';

/** Asks ECS for a dry run of an import: it says whether its role may read the bucket, and what else is wrong with the account. */
export async function roleCheck({ cloud, bucket, connection }: Operator, key: string): Promise<Check> {
  const name = "import role";
  const accepted = `ECS may read the bucket: it accepted a dry run about ${key}, which looks at the account and not into the image.`;
  try {
    await cloud.images.importImage({
      RegionId: connection.region,
      ImageName: `doctor-${randomUUID()}`,
      DiskDeviceMapping: [{ OSSBucket: bucket, OSSObject: key }],
      Tag: [],
      DryRun: true,
    });
    return ok(name, accepted);
  } catch (error) {
    if (!isCloudError(error)) throw error;
    if (error.outcomeUnknown) return unknown(name, troubleOf(error), "Try again.");
    const failure = failureOf(error);
    if (failure.class === "success") return ok(name, accepted);
    if (/^NoSetRole/i.test(error.code)) return problem(name, failure.reason, roleFix);
    if (failure.class === "account") return problem("account", `${failure.code}: ${failure.reason}`, failure.advice);
    return failure.class === "transient"
      ? unknown(name, `${failure.code}: ${failure.reason}`, "Try again in a minute.")
      : warning(
          name,
          `ECS answered a dry run about ${key}, but would refuse that one: ${failure.code}, ${failure.reason}`,
          failure.advice,
        );
  }
}

/** The bucket manifest: a mistake in it stops all imports. */
export function manifestCheck(found: Found<BucketManifest>): Check {
  const name = "bucket manifest";
  if (!("problems" in found))
    return ok(name, found.manifest ? `${found.manifest.file} is valid.` : "There is none, and none is needed.");
  const [first] = found.problems;
  const where = first ? `${first.file}:${first.line}:${first.column} ${first.message}` : "It is not valid.";
  return problem(
    name,
    `Nothing is imported until it is corrected: ${where}`,
    `oss-image-import validate ${first?.file ?? "image-import.yaml"}, then upload it again`,
  );
}
