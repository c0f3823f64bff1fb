import { createHash } from "node:crypto";
import { aclDocument } from "./bucket-operations.ts";
import { isRefusal, type Refusal, refuse } from "./errors.ts";
import { versionHeader } from "./object-headers.ts";
import { isValidKey } from "./object-key.ts";
import { normalContent, storeObject } from "./object-writing.ts";
import { type BucketContext, emptyReply, type Outcome, xmlReply } from "./operation-context.ts";
import { readDocument } from "./request-document.ts";
import { needsRestore, type ObjectVersion, restoreState } from "./stored-object.ts";
import { checkTags, objectAcls, oneOf, readAttributes } from "./upload-attributes.ts";
import { findVersion } from "./version-lookup.ts";
import { childrenOf, childText, xmlDocument, xmlElement } from "./xml.ts";

/** Changes a version's record while nothing else can. */
const amend = (
  context: BucketContext,
  status: number,
  change: (version: ObjectVersion) => ObjectVersion | Refusal,
): Outcome =>
  context.store.exclusively(context.bucket, async () => {
    const version = findVersion(context);
    if (isRefusal(version)) return version;
    const changed = change(version);
    if (isRefusal(changed)) return changed;
    await context.store.amend(context.bucket, context.key, changed);
    return emptyReply(status, versionHeader(changed));
  });

export const getObjectAcl = async (context: BucketContext): Outcome => {
  const version = findVersion(context);
  if (isRefusal(version)) return version;
  return xmlReply(aclDocument(context.bucket.settings.ownerAccountId, version.acl), versionHeader(version));
};

export const putObjectAcl = async (context: BucketContext): Outcome => {
  const acl = oneOf(objectAcls, context.headers.get("x-oss-object-acl"));
  if (acl === undefined) return refuse("InvalidArgument", { details: { ArgumentName: "x-oss-object-acl" } });
  return amend(context, 200, (version) => ({ ...version, acl }));
};

export const getObjectTagging = async (context: BucketContext): Outcome => {
  const version = findVersion(context);
  if (isRefusal(version)) return version;
  const tags = version.tags.map(([key, value]) =>
    xmlElement("Tag", xmlElement("Key", key), xmlElement("Value", value)),
  );
  return xmlReply(xmlDocument("Tagging", xmlElement("TagSet", ...tags)), versionHeader(version));
};

export const putObjectTagging = async (context: BucketContext): Outcome => {
  const document = await readDocument(context, "Tagging");
  if (isRefusal(document)) return document;
  const set = childrenOf(document.root, "TagSet")[0];
  if (set === undefined) return refuse("MalformedXML");
  const tags = childrenOf(set, "Tag").map((tag): [string, string] => [
    childText(tag, "Key") ?? "",
    childText(tag, "Value") ?? "",
  ]);
  return checkTags(tags) ?? amend(context, 200, (version) => ({ ...version, tags }));
};

export const deleteObjectTagging = (context: BucketContext): Outcome =>
  amend(context, 204, (version) => ({ ...version, tags: [] }));

export const putSymlink = async (context: BucketContext): Outcome => {
  const attributes = readAttributes(context.headers, context.bucket.settings);
  if (isRefusal(attributes)) return attributes;
  const target = decodeTarget(context.headers.get("x-oss-symlink-target") ?? "");
  if (target === undefined || !isValidKey(target) || target === context.key) {
    return refuse("InvalidArgument", { details: { ArgumentName: "x-oss-symlink-target" } });
  }
  // A symlink's own ETag is the MD5 of its target's name.
  const { type: _, ...content } = normalContent({
    size: 0,
    md5: createHash("md5").update(target).digest(),
    crc64: 0n,
  });
  const symlink = { ...content, type: "Symlink", symlinkTarget: target } as const;
  const stored = await storeObject(context, "ObjectCreated:PutSymlink", attributes, symlink, undefined);
  return isRefusal(stored) ? stored : emptyReply(200, { ETag: `"${stored.etag}"`, ...versionHeader(stored) });
};

const decodeTarget = (header: string): string | undefined => {
  try {
    return decodeURIComponent(header);
  } catch {
    return undefined;
  }
};

export const getSymlink = async (context: BucketContext): Outcome => {
  const version = findVersion(context);
  if (isRefusal(version)) return version;
  if (version.symlinkTarget === undefined) return refuse("NoSuchKey", { details: { Key: context.key } });
  return emptyReply(200, {
    ETag: `"${version.etag}"`,
    "Last-Modified": new Date(version.lastModified).toUTCString(),
    "x-oss-symlink-target": encodeURIComponent(version.symlinkTarget),
    ...versionHeader(version),
  });
};

const dayInMilliseconds = 24 * 60 * 60 * 1000;

/** 202 starts a restore, 200 prolongs one, 409 says that it is under way (RestoreObject reference). */
export const restoreObject = async (context: BucketContext): Outcome => {
  const days = await readRestoreDays(context);
  if (isRefusal(days)) return days;
  const found = findVersion(context);
  const isProlonged = !isRefusal(found) && restoreState(found, context.now) === "readable";
  return amend(context, isProlonged ? 200 : 202, (version) => {
    if (!needsRestore(version)) return refuse("OperationNotSupported", { details: { Resource: context.key } });
    if (restoreState(version, context.now) === "ongoing") {
      return refuse("RestoreAlreadyInProgress", { details: { ObjectName: context.key } });
    }
    const readyAt = new Date(context.now.getTime() + (isProlonged ? 0 : context.restoreSeconds * 1000));
    const expiresAt = new Date(readyAt.getTime() + days.days * dayInMilliseconds);
    return { ...version, restore: { readyAt: readyAt.toISOString(), expiresAt: expiresAt.toISOString() } };
  });
};

const readRestoreDays = async (context: BucketContext): Promise<{ days: number } | Refusal> => {
  if (Number(context.headers.get("content-length") ?? 0) === 0) return { days: 1 };
  const document = await readDocument(context, "RestoreRequest");
  if (isRefusal(document)) return document;
  const days = Number(childText(document.root, "Days") ?? 1);
  return Number.isInteger(days) && days >= 1 && days <= 365 ? { days } : refuse("MalformedXML");
};
