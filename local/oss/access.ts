import type { Identity } from "../wire/identities.ts";
import type { StoredBucket } from "./object-store.ts";

/** Asks whether RAM policies let an identity do something; absent, they let it do everything. */
export type Authorize = (identity: Identity, action: string, resource: string) => boolean;

interface AccessQuestion {
  /** Absent for an anonymous caller. */
  readonly identity: Identity | undefined;
  readonly action: string;
  readonly bucketName: string;
  readonly key: string;
  /** Absent when there is no such bucket, or none is meant. */
  readonly bucket: StoredBucket | undefined;
}

/**
 * Whether a request may go on. The owner's own users go by RAM policy; other accounts and anonymous callers may only do
 * what an ACL opens to everyone, which is reading objects and, rarely, writing them.
 */
export const mayAccess = (question: AccessQuestion, authorize: Authorize | undefined): boolean => {
  const { identity, action, bucket, bucketName, key } = question;
  const owner = bucket?.settings.ownerAccountId ?? identity?.accountId;
  if (identity !== undefined && identity.accountId === owner) {
    return authorize?.(identity, action, resourceName(owner, bucketName, key)) ?? true;
  }
  if (identity !== undefined && bucket === undefined) return true;
  if (bucket === undefined || key === "") return false;
  const own = bucket.versions.get(key)?.[0]?.acl ?? "default";
  const acl = own === "default" ? bucket.settings.acl : own;
  if (action === "oss:GetObject") return acl !== "private";
  if (action === "oss:PutObject" || action === "oss:DeleteObject") return bucket.settings.acl === "public-read-write";
  return false;
};

/** `acs:oss:*:<account>:<bucket>/<key>`, the form that RAM policies use. */
const resourceName = (accountId: string, bucket: string, key: string): string => {
  const path = key === "" ? bucket || "*" : `${bucket}/${key}`;
  return `acs:oss:*:${accountId}:${path}`;
};
