import { alibabaCloud } from "../../shared/cloud/alibaba-cloud.ts";
import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import { cancelRemoved } from "../../shared/importing/cancel-import.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { importRouted, reviewBucketManifest } from "../../shared/importing/route-object.ts";
import type { Log } from "../../shared/log/log.ts";
import { imageKeyOf } from "../../shared/manifest/manifest-names.ts";
import { printable } from "../../shared/manifest/source-tree.ts";
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
  const troubles: string[] = [];
  const deferred = ({ bucket, key }: ObjectEvent, error: unknown): void => {
    const reason = troubleText(error);
    log(healsByItself(error) ? "warn" : "error", "object.deferred", `${key} could not be worked on: ${reason}`, {
      region,
      bucket,
      key,
      reason,
      advice:
        "Function Compute delivers its event again, and puts it into the failure queue in the end. Once the cause is mended: oss-image-import replay.",
    });
    troubles.push(printable(`${JSON.stringify(key)}: ${reason}`));
  };
  const { deps } = importDepsOf({
    cloud,
    region,
    imageBucket: config.imageBucket,
    stateBucket: config.stateBucket,
    claimant: requestId,
    deadline,
    log,
  });
  for (const upload of uploads) {
    const { key, name, etag } = upload;
    try {
      if (name.startsWith("ObjectRemoved:")) await cancelRemoved(await removedKey(key, deps), deps);
      else await importUpload(key, deps, etag);
    } catch (error) {
      deferred(upload, error);
    }
  }
  if (troubles.length > 0) throw new Error(`To be delivered again: ${troubles.join("; ")}`);
}

/** Works on one uploaded image or manifest. `etag` is the event's, where it has one. */
export async function importUpload(key: string, deps: ImportDeps, etag = ""): Promise<void> {
  const real = await realKey(key, etag, deps);
  if (objectKind(real).kind === "bucket-manifest") return reviewBucketManifest(real, deps);
  await importRouted(real, "upload", deps, etag);
}

/**
 * Samples show raw keys only, but nothing promises that: a key that is not found is tried decoded, once. Where objects
 * lie under both readings, the one with the event's ETag is meant.
 */
async function realKey(key: string, etag: string, { objects, bucket }: ImportDeps): Promise<string> {
  const decoded = decodedKey(key);
  if (decoded === undefined) return key;
  const raw = await objects.stat({ bucket, key });
  if (raw && (etag === "" || raw.etag === etag)) return key;
  const other = await objects.stat({ bucket, key: decoded });
  return other && (!raw || other.etag === etag) ? decoded : key;
}

/**
 * The same doubt about an object that is gone: decoded is meant when only that reading was ever imported and is not there.
 * What is there is left alone under either reading.
 */
async function removedKey(key: string, { objects, ledger, bucket }: ImportDeps): Promise<string> {
  const decoded = decodedKey(key);
  if (decoded === undefined) return key;
  const isMeant = async (reading: string): Promise<boolean> =>
    (await ledger.jobsOf({ bucket, key: imageKeyOf(reading) ?? reading })).length > 0 &&
    (await objects.stat({ bucket, key: reading })) === undefined;
  return !(await isMeant(key)) && (await isMeant(decoded)) ? decoded : key;
}

/** Somebody else is at work on it, the object changed meanwhile, or the cloud gave no usable answer. */
const healsByItself = (error: unknown): boolean =>
  isCloudError(error)
    ? error.outcomeUnknown || error.code === "NoSuchKey"
    : error instanceof Error && ["RetryLater", "SourceChanged"].includes(error.name);

function troubleText(error: unknown): string {
  if (isCloudError(error))
    return `${error.service.toUpperCase()} ${error.code}${error.deniedAction ? ` (${error.deniedAction})` : ""}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
