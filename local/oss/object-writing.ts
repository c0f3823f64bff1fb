import { isRefusal, type Refusal, refuse } from "./errors.ts";
import type { EventFacts, OssEventName } from "./events.ts";
import type { Hashes, IncomingFile } from "./incoming-file.ts";
import { uploadedHeaders, versionHeader } from "./object-headers.ts";
import type { StoredBucket } from "./object-store.ts";
import { type BucketContext, emptyReply, type Outcome, wholeSeconds } from "./operation-context.ts";
import { receiveUpload, removeIncoming } from "./receive-upload.ts";
import type { ObjectAttributes, ObjectContent, ObjectVersion } from "./stored-object.ts";
import { readAttributes } from "./upload-attributes.ts";

export const putObject = async (context: BucketContext): Outcome => {
  const attributes = readAttributes(context.headers, context.bucket.settings);
  if (isRefusal(attributes)) return attributes;
  const early = checkOverwrite(context);
  if (early !== undefined) return early;
  const file = await receiveUpload(context);
  if (isRefusal(file)) return file;
  const stored = await storeObject(context, "ObjectCreated:PutObject", attributes, normalContent(file), file);
  return isRefusal(stored) ? stored : emptyReply(200, uploadedHeaders(stored));
};

export const normalContent = (file: Hashes): ObjectContent => ({
  type: "Normal",
  size: file.size,
  etag: file.md5.toString("hex").toUpperCase(),
  crc64: String(file.crc64),
  contentMd5: file.md5.toString("base64"),
});

/**
 * `x-oss-forbid-overwrite: true` refuses to replace an object. OSS ignores the header on a bucket whose versioning is
 * enabled or suspended (PutObject reference).
 */
export const checkOverwrite = (context: BucketContext): Refusal | undefined => {
  if (context.headers.get("x-oss-forbid-overwrite")?.toLowerCase() !== "true") return undefined;
  if (context.bucket.settings.versioning !== undefined) return undefined;
  if (context.store.current(context.bucket, context.key) === undefined) return undefined;
  return refuse("FileAlreadyExists", { details: { Key: context.key } });
};

/** Makes a new object of received bytes, unless an overwrite is forbidden, and tells of it. The file is used up. */
export const storeObject = (
  context: BucketContext,
  eventName: OssEventName,
  attributes: ObjectAttributes,
  content: ObjectContent,
  file: IncomingFile | undefined,
): Promise<ObjectVersion | Refusal> =>
  context.store.exclusively(context.bucket, async () => {
    const refusal = checkOverwrite(context);
    if (refusal !== undefined) {
      if (file !== undefined) await removeIncoming(file);
      return refusal;
    }
    const previous = context.store.current(context.bucket, context.key);
    const version = { ...attributes, ...content, lastModified: wholeSeconds(context.now) };
    const stored = await context.store.put(context.bucket, context.key, version, file);
    context.emit(createdFacts(eventName, context.key, stored, previous));
    return stored;
  });

export const createdFacts = (
  name: OssEventName,
  key: string,
  version: ObjectVersion,
  previous: ObjectVersion | undefined,
): EventFacts => ({
  name,
  key,
  etag: version.etag,
  size: version.size,
  deltaSize: version.size - (previous?.size ?? 0),
  ...(version.headers["Content-Type"] === undefined ? {} : { mimeType: version.headers["Content-Type"] }),
  metadata: version.metadata,
});

export const deleteObject = async (context: BucketContext): Outcome => {
  const { bucket, key, query } = context;
  const deleted = await deleteKey(context, bucket, key, query.get("versionId"), "ObjectRemoved:DeleteObject");
  return emptyReply(204, {
    ...(deleted?.isDeleteMarker ? { "x-oss-delete-marker": "true" } : {}),
    ...(deleted === undefined ? {} : versionHeader(deleted)),
  });
};

/**
 * Deletes an object or one version of it, and tells of it when there was something to delete. Returns the version that
 * the answer names: the marker that was made, or the version that was deleted.
 */
export const deleteKey = (
  context: BucketContext,
  bucket: StoredBucket,
  key: string,
  versionId: string | undefined,
  eventName: OssEventName,
): Promise<ObjectVersion | undefined> =>
  context.store.exclusively(bucket, async () => {
    const previous = context.store.current(bucket, key);
    const result =
      versionId === undefined
        ? await context.store.remove(bucket, key, wholeSeconds(context.now))
        : await context.store.removeVersion(bucket, key, versionId);
    if (versionId === undefined && previous !== undefined) context.emit(removedFacts(eventName, key, previous));
    return result;
  });

export const removedFacts = (name: OssEventName, key: string, previous: ObjectVersion): EventFacts => ({
  name,
  key,
  etag: previous.etag,
  size: previous.size,
  deltaSize: -previous.size,
});
