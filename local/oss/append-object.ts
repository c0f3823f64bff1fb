import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { combineCrc64 } from "./crc64.ts";
import { isRefusal, type Refusal, refuse } from "./errors.ts";
import { appendFile, type IncomingFile } from "./incoming-file.ts";
import { visibleLocation } from "./object-store.ts";
import { createdFacts, normalContent } from "./object-writing.ts";
import { type BucketContext, emptyReply, type Outcome, wholeSeconds } from "./operation-context.ts";
import { receiveUpload, removeIncoming } from "./receive-upload.ts";
import type { ObjectVersion } from "./stored-object.ts";
import { readAttributes } from "./upload-attributes.ts";

/** AppendObject: adds to the end of an appendable object, where `position` must be its length; 0 makes a new one. */
export const appendObject = async (context: BucketContext): Outcome => {
  if (context.bucket.settings.versioning !== undefined) {
    return refuse("NotImplemented", { message: "AppendObject on a versioned bucket is not implemented." });
  }
  const positionText = context.query.get("position") ?? "";
  if (!/^\d{1,15}$/.test(positionText)) return refuse("InvalidArgument", { details: { ArgumentName: "position" } });
  const position = Number(positionText);
  const early = checkAppendable(context, position);
  if (early !== undefined) return early;
  const file = await receiveUpload(context);
  if (isRefusal(file)) return file;
  return context.store.exclusively(context.bucket, async () => {
    const refusal = checkAppendable(context, position);
    const stored = refusal ?? (await append(context, file));
    await removeIncoming(file);
    if (isRefusal(stored)) return stored;
    context.emit({
      ...createdFacts("ObjectCreated:AppendObject", context.key, stored, undefined),
      deltaSize: file.size,
      position,
    });
    return emptyReply(200, {
      ETag: `"${stored.etag}"`,
      "x-oss-next-append-position": String(stored.size),
      "x-oss-hash-crc64ecma": stored.crc64 ?? "",
    });
  });
};

const checkAppendable = (context: BucketContext, position: number): Refusal | undefined => {
  const current = context.store.current(context.bucket, context.key);
  const length = current?.size ?? 0;
  if (current !== undefined && current.type !== "Appendable") {
    return refuse("ObjectNotAppendable", { details: { Key: context.key } });
  }
  if (length === position) return undefined;
  return refuse("PositionNotEqualToLength", { headers: { "x-oss-next-append-position": String(length) } });
};

const append = async (context: BucketContext, file: IncomingFile): Promise<ObjectVersion | Refusal> => {
  const { bucket, key, store } = context;
  const current = store.current(bucket, key);
  const lastModified = wholeSeconds(context.now);
  if (current === undefined) {
    const attributes = readAttributes(context.headers, bucket.settings);
    if (isRefusal(attributes)) return attributes;
    const { contentMd5: _, ...content } = normalContent(file);
    return store.put(bucket, key, { ...attributes, ...content, type: "Appendable", lastModified }, file);
  }
  const path = store.pathOf(bucket, key, current);
  if (path === undefined) return refuse("NoSuchKey", { details: { Key: key } });
  const target = await open(path, "r+");
  try {
    await appendFile(file.path, target, current.size);
  } finally {
    await target.close();
  }
  const crc64 = combineCrc64(BigInt(current.crc64 ?? 0), file.crc64, file.size);
  const changed: ObjectVersion = {
    ...current,
    size: current.size + file.size,
    // The ETag of an appendable object changes with every append and is no MD5 of its content.
    etag: createHash("md5").update(current.etag).update(file.md5).digest("hex").toUpperCase(),
    crc64: String(crc64),
    lastModified,
    location: current.location.kind === "visible" ? await visibleLocation(path) : current.location,
  };
  await store.amend(bucket, key, changed);
  return changed;
};
