import { type Refusal, refuse } from "./errors.ts";
import type { RequestHeaders } from "./request-headers.ts";
import { type Bucket, type Encryption, type ObjectAttributes, storageClasses } from "./stored-object.ts";

/** Standard headers that an object keeps, under the names in which they are answered. */
const keptHeaders = [
  "Content-Type",
  "Cache-Control",
  "Content-Disposition",
  "Content-Encoding",
  "Content-Language",
  "Expires",
];

/** All user metadata together, names and values. */
const maximumMetadataInBytes = 8 * 1024;

/** What the headers of an upload say about the object. The bucket's default encryption applies where they say nothing. */
export const readAttributes = (headers: RequestHeaders, bucket: Bucket): ObjectAttributes | Refusal => {
  // Headers cannot hold these, but the fields of a form can, and headers is what they become.
  const unprintable = [...headers].find(([, value]) => controlCharacter.test(value));
  if (unprintable !== undefined) return invalid(unprintable[0]);
  const metadata = readMetadata(headers);
  if ("refused" in metadata) return metadata;
  const tags = parseTags(headers.get("x-oss-tagging") ?? "");
  if ("refused" in tags) return tags;
  const storageClass = oneOf(storageClasses, headers.get("x-oss-storage-class") ?? "Standard");
  if (storageClass === undefined) return invalid("x-oss-storage-class");
  const acl = oneOf(objectAcls, headers.get("x-oss-object-acl") ?? "default");
  if (acl === undefined) return invalid("x-oss-object-acl");
  const encryption = readEncryption(headers);
  if (encryption !== undefined && "refused" in encryption) return encryption;
  const effective = encryption ?? bucket.encryption;
  return {
    headers: readKeptHeaders(headers),
    metadata: metadata.metadata,
    tags: tags.tags,
    storageClass,
    acl,
    ...(effective === undefined ? {} : { encryption: effective }),
  };
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const controlCharacter = /[\u0000-\u0008\u000a-\u001f\u007f]/;

export const objectAcls = ["default", "private", "public-read", "public-read-write"] as const;

export const oneOf = <T extends string>(allowed: readonly T[], value: string | undefined): T | undefined =>
  allowed.find((candidate) => candidate === value);

const invalid = (name: string): Refusal =>
  refuse("InvalidArgument", { message: `The value of ${name} is not valid.`, details: { ArgumentName: name } });

const readKeptHeaders = (headers: RequestHeaders): Record<string, string> =>
  Object.fromEntries(
    keptHeaders.flatMap((name) => {
      const value = headers.get(name.toLowerCase());
      return value === undefined ? [] : [[name, value]];
    }),
  );

const readMetadata = (headers: RequestHeaders): { metadata: Record<string, string> } | Refusal => {
  const metadata: [string, string][] = [];
  let size = 0;
  for (const [header, value] of headers) {
    if (!header.startsWith("x-oss-meta-")) continue;
    const name = header.slice("x-oss-meta-".length);
    if (!/^[a-z0-9-]+$/.test(name)) return invalid(header);
    size += name.length + Buffer.byteLength(value);
    metadata.push([name, value]);
  }
  return size > maximumMetadataInBytes ? refuse("MetadataTooLarge") : { metadata: Object.fromEntries(metadata) };
};

const readEncryption = (headers: RequestHeaders): Encryption | Refusal | undefined => {
  const given = headers.get("x-oss-server-side-encryption");
  if (given === undefined) return undefined;
  const algorithm = oneOf(encryptionAlgorithms, given);
  if (algorithm === undefined) return invalid("x-oss-server-side-encryption");
  const kmsKeyId = headers.get("x-oss-server-side-encryption-key-id");
  return { algorithm, ...(kmsKeyId === undefined ? {} : { kmsKeyId }) };
};

export const encryptionAlgorithms = ["AES256", "KMS", "SM4"] as const;

/** Tags as `x-oss-tagging` carries them: `k=v&k2=v2`, percent-coded. */
const parseTags = (text: string): { tags: [string, string][] } | Refusal => {
  const tags = [...new URLSearchParams(text)].map(([key, value]): [string, string] => [key, value]);
  return checkTags(tags) ?? { tags };
};

/** At most ten tags with keys of 1 to 128 and values of up to 256 characters, no key twice. */
export const checkTags = (tags: readonly (readonly [string, string])[]): Refusal | undefined => {
  const isGood =
    tags.length <= 10 &&
    new Set(tags.map(([key]) => key)).size === tags.length &&
    tags.every(([key, value]) => key.length >= 1 && key.length <= 128 && value.length <= 256);
  return isGood ? undefined : invalid("x-oss-tagging");
};
