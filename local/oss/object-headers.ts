import { encodeHeader } from "./request-headers.ts";
import { type ObjectVersion, restoreState } from "./stored-object.ts";

/** The headers that describe an object in the answers to HEAD and GET; the length is the caller's business. */
export const objectHeaders = (version: ObjectVersion, now: Date): Record<string, string> => ({
  "Content-Type": "application/octet-stream",
  ...mapValues(version.headers, encodeHeader),
  ...validatorHeaders(version),
  "Accept-Ranges": "bytes",
  "x-oss-object-type": version.type,
  "x-oss-storage-class": version.storageClass,
  ...(version.contentMd5 === undefined ? {} : { "Content-MD5": version.contentMd5 }),
  ...(version.type === "Appendable" ? { "x-oss-next-append-position": String(version.size) } : {}),
  ...(version.tags.length === 0 ? {} : { "x-oss-tagging-count": String(version.tags.length) }),
  ...encryptionHeaders(version),
  ...restoreHeader(version, now),
  ...Object.fromEntries(
    Object.entries(version.metadata).map(([name, value]) => [`x-oss-meta-${name}`, encodeHeader(value)]),
  ),
});

/** What GetObjectMeta answers, and what every other answer about an object starts with. */
export const validatorHeaders = (version: ObjectVersion): Record<string, string> => ({
  ETag: `"${version.etag}"`,
  "Last-Modified": new Date(version.lastModified).toUTCString(),
  ...crcHeader(version),
  ...versionHeader(version),
});

/** What the answer to an upload says about the object it made. */
export const uploadedHeaders = (version: ObjectVersion): Record<string, string> => ({
  ETag: `"${version.etag}"`,
  ...crcHeader(version),
  ...(version.contentMd5 === undefined ? {} : { "Content-MD5": version.contentMd5 }),
  ...versionHeader(version),
  ...encryptionHeaders(version),
});

export const versionHeader = (version: ObjectVersion): Record<string, string> =>
  version.versionId === "null" ? {} : { "x-oss-version-id": version.versionId };

const crcHeader = ({ crc64 }: ObjectVersion): Record<string, string> =>
  crc64 === undefined ? {} : { "x-oss-hash-crc64ecma": crc64 };

const encryptionHeaders = ({ encryption }: ObjectVersion): Record<string, string> =>
  encryption === undefined
    ? {}
    : {
        "x-oss-server-side-encryption": encryption.algorithm,
        ...(encryption.kmsKeyId === undefined ? {} : { "x-oss-server-side-encryption-key-id": encryption.kmsKeyId }),
      };

/** `ongoing-request="true"`, or `ongoing-request="false", expiry-date="…"`: in headers and in listings. */
export const restoreInfo = (version: ObjectVersion, now: Date): string | undefined => {
  const state = restoreState(version, now);
  if (state === "none") return undefined;
  if (state === "ongoing") return 'ongoing-request="true"';
  return `ongoing-request="false", expiry-date="${new Date(version.restore?.expiresAt ?? 0).toUTCString()}"`;
};

const restoreHeader = (version: ObjectVersion, now: Date): Record<string, string> => {
  const info = restoreInfo(version, now);
  return info === undefined ? {} : { "x-oss-restore": info };
};

const mapValues = (record: Readonly<Record<string, string>>, change: (value: string) => string) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
