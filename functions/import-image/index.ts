/**
 * FC function 1: an object was created. Most objects of a bucket are none of ours, so everything that an import needs
 * (SDKs, schemas, parsers) lies in a chunk of its own and is loaded only for an image or a manifest.
 */
import { systemClock } from "../../shared/clock.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { jsonLog } from "../../shared/log/json-log.ts";
import type { Log } from "../../shared/log/log.ts";
import { type FunctionConfig, readFunctionConfig } from "../../shared/runtime/function-config.ts";
import { deadlineOf, type FunctionContext } from "../../shared/runtime/function-context.ts";
import { environment, writeLine } from "../../shared/runtime/process-io.ts";
import { decodedKey, type ObjectEvent, parseObjectEvents } from "./object-events.ts";

/**
 * The delivery contract: FC delivers at least once and again when this throws. So whatever time can heal is thrown; a
 * malformed event, a wrong manifest or an image that cannot be imported is recorded, logged and acknowledged.
 */
export const handler = async (event: Uint8Array, context: FunctionContext): Promise<string> => {
  const deadline = deadlineOf(context, systemClock.now());
  const config = readFunctionConfig(environment());
  const log = jsonLog({
    clock: systemClock,
    level: config.logLevel,
    write: writeLine,
    always: { requestId: context.requestId },
  });
  const { events, malformed } = parseObjectEvents(event);
  for (const problem of malformed) {
    log("error", "event.malformed", `An event cannot be understood: ${problem}.`, {
      region: context.region,
      reason: problem,
      advice: "Check what invokes this function: only an OSS trigger or EventBridge should.",
    });
  }
  const ours = events.filter((object) => concernsUs(object, context, config, log));
  if (ours.length > 0) {
    const { importUploads } = await import("./import-uploads.ts");
    await importUploads(ours, { context, config, log, deadline });
  }
  return JSON.stringify({ seen: events.length + malformed.length, considered: ours.length });
};

/** Kinds of events that leave a whole object behind. A multipart upload's parts do not. */
const uploadNames: ReadonlySet<string> = new Set(
  ["PutObject", "PostObject", "CopyObject", "CompleteMultipartUpload", "AppendObject", "PutSymlink"].map(
    (name) => `ObjectCreated:${name}`,
  ),
);

/** Kinds of events that take an object away; the trigger has them only where the bucket manifest's `cancelOnDelete` is used. */
const removalNames: ReadonlySet<string> = new Set(["ObjectRemoved:DeleteObject", "ObjectRemoved:DeleteObjects"]);

/** Decides without any call whether an object is looked at; writes the log line of one that is not. */
function concernsUs(object: ObjectEvent, context: FunctionContext, config: FunctionConfig, log: Log): boolean {
  const { region, bucket, key, name } = object;
  const ignore = (reason: string, advice?: string, level: "debug" | "info" | "warn" = "info"): false => {
    log(level, "object.ignored", `${key} is ignored: ${reason}.`, {
      region,
      bucket,
      key,
      reason,
      ...(advice ? { advice } : {}),
    });
    return false;
  };
  const stranger = strangerReason(object, context, config);
  if (stranger) return ignore(stranger, "Check what invokes this function: events are no proof of anything.", "warn");
  if (!uploadNames.has(name) && !removalNames.has(name))
    return ignore(`${name} does not leave a new object behind`, "Nothing to do.");
  const kind = objectKind(key);
  if (kind.kind === "own") return ignore("oss-image-import wrote it", undefined, "debug");
  if (kind.kind === "other") return ignore(kind.reason, kind.advice);
  if (kind.kind === "bucket-manifest" && removalNames.has(name))
    return ignore("the bucket manifest was deleted", "Nothing to do, unless it was meant to stay.");
  return true;
}

/** Anyone who may invoke the function can name any bucket: only the one that it is set up for is looked at. */
function strangerReason(
  { region, bucket, key, ownerAccountId, arn }: ObjectEvent,
  context: FunctionContext,
  config: FunctionConfig,
): string | undefined {
  if (bucket !== config.imageBucket)
    return `this function is set up for the bucket ${config.imageBucket}, not for ${bucket}`;
  const otherRegion = [region, arn?.region || region].find((named) => named !== context.region);
  if (otherRegion !== undefined) return `this function runs in ${context.region}, and the event names ${otherRegion}`;
  if ([ownerAccountId, arn?.accountId].some((named) => named && context.accountId && named !== context.accountId))
    return "the event names another account";
  if (!key.startsWith(config.imagePrefix) && !decodedKey(key)?.startsWith(config.imagePrefix))
    return `its key does not begin with ${config.imagePrefix}`;
  return undefined;
}
