import type { FileHandle } from "node:fs/promises";
import type { Reply } from "../wire/http-service.ts";
import { resolveRange } from "./byte-range.ts";
import { conditionsOf, evaluateConditions } from "./conditional-headers.ts";
import { isRefusal, type Refusal, refuse } from "./errors.ts";
import { fileBody } from "./file-body.ts";
import { type IncomingFile, receiveFile } from "./incoming-file.ts";
import type { StoredBucket } from "./object-store.ts";
import { type BucketContext, emptyReply } from "./operation-context.ts";
import { maximumUploadInBytes } from "./receive-upload.ts";
import { isReadable, type ObjectVersion } from "./stored-object.ts";
import { findVersionOf } from "./version-lookup.ts";

interface CopiedBytes {
  readonly source: ObjectVersion;
  readonly file: IncomingFile;
}

/** A condition on the source that is not met is answered 304, which is neither bytes nor an error. */
type CopyResult = CopiedBytes | Refusal | { readonly notModified: Reply };

/**
 * Copies the bytes of the object that `x-oss-copy-source: /<bucket>/<key>[?versionId=…]` names into a temporary file:
 * if the caller may read it, and it can be read, and the conditions on it are met.
 */
export const receiveCopy = async (context: BucketContext, range?: string): Promise<CopyResult> => {
  const match = /^\/?([^/]+)\/([^?]+)(?:\?versionId=([^&]*))?$/.exec(context.headers.get("x-oss-copy-source") ?? "");
  const [, bucketName = "", encodedKey = "", versionId] = match ?? [];
  const key = decode(encodedKey);
  if (match === null || key === undefined) return invalidSource;
  const bucket = context.store.buckets.get(bucketName);
  if (bucket === undefined) return refuse("NoSuchBucket", { details: { BucketName: bucketName } });
  if (!context.may(context.identity, "oss:GetObject", bucketName, key)) return refuse("AccessDenied");
  // Opened while nothing can be put in its place, as in GetObject.
  const opened = await context.store.exclusively(bucket, () => openSource(context, bucket, key, versionId));
  if (!("source" in opened)) return opened;
  const { source, handle } = opened;
  const part = resolveRange(range, source.size, false);
  const [start, length] = part.kind === "part" ? [part.start, part.end - part.start + 1] : [0, source.size];
  if (length > maximumUploadInBytes) {
    await handle.close();
    return refuse("EntityTooLarge", { details: { MaxSizeAllowed: String(maximumUploadInBytes) } });
  }
  const body = fileBody(handle, start, length);
  const file = await receiveFile(body, context.store.temporaryPath(), maximumUploadInBytes);
  return file === undefined ? refuse("EntityTooLarge") : { source, file };
};

const openSource = async (
  context: BucketContext,
  bucket: StoredBucket,
  key: string,
  versionId: string | undefined,
): Promise<{ source: ObjectVersion; handle: FileHandle } | Refusal | { notModified: Reply }> => {
  const source = findVersionOf({ bucket }, key, versionId);
  if (isRefusal(source)) return source;
  if (!isReadable(source, context.now)) return refuse("InvalidObjectState", { details: { ObjectName: key } });
  const conditions = conditionsOf((name) => context.headers.get(name), "x-oss-copy-source-");
  const result = evaluateConditions(conditions, { etag: source.etag, lastModified: new Date(source.lastModified) });
  if (result.kind === "failed") return refuse("PreconditionFailed", { details: { Condition: result.condition } });
  if (result.kind === "not-modified") return { notModified: emptyReply(304) };
  const handle = await context.store.openForReading(bucket, key, source);
  return handle === undefined ? refuse("NoSuchKey", { details: { Key: key } }) : { source, handle };
};

const invalidSource = refuse("InvalidArgument", { details: { ArgumentName: "x-oss-copy-source" } });

const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};
