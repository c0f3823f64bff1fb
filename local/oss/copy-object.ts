import { receiveCopy } from "./copy-source.ts";
import { isRefusal } from "./errors.ts";
import { versionHeader } from "./object-headers.ts";
import { checkOverwrite, storeObject } from "./object-writing.ts";
import { type BucketContext, type Outcome, xmlReply } from "./operation-context.ts";
import type { ObjectAttributes, ObjectContent, ObjectVersion } from "./stored-object.ts";
import { readAttributes } from "./upload-attributes.ts";
import { xmlDocument, xmlElement } from "./xml.ts";

/**
 * CopyObject. Headers, metadata and tags come from the source unless the directives say REPLACE; storage class, ACL and
 * encryption always come from the request. Clients edit metadata by copying an object onto itself.
 */
export const copyObject = async (context: BucketContext): Outcome => {
  const attributes = readAttributes(context.headers, context.bucket.settings);
  if (isRefusal(attributes)) return attributes;
  const early = checkOverwrite(context);
  if (early !== undefined) return early;
  const copied = await receiveCopy(context);
  if ("notModified" in copied) return copied.notModified;
  if (isRefusal(copied)) return copied;
  const { source, file } = copied;
  const content: ObjectContent = {
    type: source.type,
    size: file.size,
    etag: source.etag,
    crc64: String(file.crc64),
    ...(source.contentMd5 === undefined ? {} : { contentMd5: source.contentMd5 }),
  };
  const merged = mergeAttributes(context, source, attributes);
  const stored = await storeObject(context, "ObjectCreated:CopyObject", merged, content, file);
  if (isRefusal(stored)) return stored;
  return xmlReply(copyDocument("CopyObjectResult", stored.etag, stored.lastModified), {
    ETag: `"${stored.etag}"`,
    "x-oss-hash-crc64ecma": String(file.crc64),
    ...versionHeader(stored),
    ...(source.versionId === "null" ? {} : { "x-oss-copy-source-version-id": source.versionId }),
  });
};

const mergeAttributes = (context: BucketContext, source: ObjectVersion, given: ObjectAttributes): ObjectAttributes => {
  const isReplaced = (directive: string) => context.headers.get(directive)?.toUpperCase() === "REPLACE";
  const { headers, metadata } = isReplaced("x-oss-metadata-directive") ? given : source;
  const { tags } = isReplaced("x-oss-tagging-directive") ? given : source;
  return { ...given, headers, metadata, tags };
};

export const copyDocument = (root: string, etag: string, lastModified: string): string =>
  xmlDocument(root, xmlElement("ETag", `"${etag}"`), xmlElement("LastModified", lastModified));
