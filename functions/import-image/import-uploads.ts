import { alibabaCloud } from "../../shared/cloud/alibaba-cloud.ts";
import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import { cancelRemoved } from "../../shared/importing/cancel-import.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { importRouted, reviewBucketManifest } from "../../shared/importing/route-object.ts";
import type { Log } from "../../shared/log/log.ts";
import type { FunctionConfig } from "../../shared/runtime/function-config.ts";
import type { FunctionContext } from "../../shared/runtime/function-context.ts";
import { importDepsOf } from "../../shared/runtime/import-deps-of.ts";
import { decodedKey, type ObjectEvent } from "./object-events.ts";

export interface Invocation {
  readonly context: FunctionContext;
  readonly config: FunctionConfig;
  readonly log: Log;
  readonly deadline: Date;
}

/** Works on each object that was uploaded or deleted. One that fails does not keep the others from their import; at the end it is thrown. */
export async function importUploads(
  uploads: readonly ObjectEvent[],
  { context, config, log, deadline }: Invocation,
): Promise<void> {
  const { region, credentials, requestId } = context;
  const cloud = alibabaCloud({ region, credentials, ossEndpoint: config.ossEndpoint, ecsEndpoint: config.ecsEndpoint });
  const deps = await importDepsOf({
    cloud,
    region,
    imageBucket: config.imageBucket,
    stateBucket: config.stateBucket,
    claimant: requestId,
    deadline,
    log,
  });
  const troubles: string[] = [];
  for (const { key, name } of uploads) {
    try {
      await (name.startsWith("ObjectRemoved:") ? cancelRemoved(key, deps) : importUpload(key, deps));
    } catch (error) {
      troubles.push(`${key}: ${troubleText(error)}`);
    }
  }
  if (troubles.length > 0) throw new Error(`To be delivered again: ${troubles.join("; ")}`);
}

/** Works on one uploaded image or manifest. */
export async function importUpload(key: string, deps: ImportDeps): Promise<void> {
  const real = await realKey(key, deps);
  if (objectKind(real).kind === "bucket-manifest") return reviewBucketManifest(real, deps);
  await importRouted(real, "upload", deps);
}

/** Samples show raw keys only, but nothing promises that: a key that is not found is tried decoded, once. */
async function realKey(key: string, { objects, bucket }: ImportDeps): Promise<string> {
  const decoded = decodedKey(key);
  if (decoded === undefined || (await objects.stat({ bucket, key }))) return key;
  return (await objects.stat({ bucket, key: decoded })) ? decoded : key;
}

function troubleText(error: unknown): string {
  if (isCloudError(error))
    return `${error.service.toUpperCase()} ${error.code}${error.deniedAction ? ` (${error.deniedAction})` : ""}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
