import { ownerElement } from "./bucket-operations.ts";
import { type Refusal, refuse } from "./errors.ts";
import { type ListPage, type ListQuery, listPage } from "./listing.ts";
import { restoreInfo } from "./object-headers.ts";
import { compareKeys } from "./object-key.ts";
import { type BucketContext, type Outcome, xmlReply } from "./operation-context.ts";
import type { ObjectVersion } from "./stored-object.ts";
import { type XmlFragment, xmlDocument, xmlElement } from "./xml.ts";

interface Encoding {
  readonly elements: readonly XmlFragment[];
  encode(text: string): string;
}

export const readEncoding = (query: ReadonlyMap<string, string>): Encoding | Refusal => {
  const type = query.get("encoding-type");
  if (type === undefined || type === "") return { elements: [], encode: (text) => text };
  if (type !== "url") return invalid("encoding-type");
  return { elements: [xmlElement("EncodingType", "url")], encode: encodeURIComponent };
};

/** A whole number from 1 to `maximum`; the default where nothing is given. */
export const readLimit = (
  query: ReadonlyMap<string, string>,
  name: string,
  maximum: number,
  byDefault: number,
): number | Refusal => {
  const text = query.get(name);
  if (text === undefined || text === "") return byDefault;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= maximum ? value : invalid(name);
};

const invalid = (name: string): Refusal =>
  refuse("InvalidArgument", { message: `The value of ${name} is not valid.`, details: { ArgumentName: name } });

/** "GetBucket (ListObjects)": prefix, delimiter and marker are shorter than 1 KB each. */
const longestParameterInBytes = 1023;

const readQuery = (context: BucketContext, after: string): ListQuery | Refusal => {
  for (const name of ["prefix", "delimiter", "marker", "start-after"])
    if (Buffer.byteLength(context.query.get(name) ?? "") > longestParameterInBytes) return invalid(name);
  const maxKeys = readLimit(context.query, "max-keys", 1000, 100);
  if (typeof maxKeys !== "number") return maxKeys;
  return { prefix: context.query.get("prefix") ?? "", delimiter: context.query.get("delimiter") ?? "", after, maxKeys };
};

export const listObjects = async (context: BucketContext): Outcome => {
  const marker = context.query.get("marker") ?? "";
  const query = readQuery(context, marker);
  if ("refused" in query) return query;
  const encoding = readEncoding(context.query);
  if ("refused" in encoding) return encoding;
  const page = listPage(context.bucket.keys.all, query);
  return xmlReply(
    xmlDocument(
      "ListBucketResult",
      ...commonElements(context, query, encoding),
      xmlElement("Marker", encoding.encode(marker)),
      xmlElement("IsTruncated", page.isTruncated),
      ...(page.isTruncated ? [xmlElement("NextMarker", encoding.encode(page.last ?? ""))] : []),
      ...itemElements(context, page, encoding, true),
    ),
  );
};

export const listObjectsV2 = async (context: BucketContext): Outcome => {
  const token = context.query.get("continuation-token");
  const startAfter = context.query.get("start-after") ?? "";
  const query = readQuery(context, token === undefined ? startAfter : Buffer.from(token, "base64url").toString());
  if ("refused" in query) return query;
  if (token !== undefined && (token === "" || tokenOf(query.after) !== token.replace(/=+$/, ""))) {
    return invalid("continuation-token");
  }
  const encoding = readEncoding(context.query);
  if ("refused" in encoding) return encoding;
  const page = listPage(context.bucket.keys.all, query);
  const withOwner = context.query.get("fetch-owner") === "true";
  return xmlReply(
    xmlDocument(
      "ListBucketResult",
      ...commonElements(context, query, encoding),
      ...(startAfter === "" ? [] : [xmlElement("StartAfter", encoding.encode(startAfter))]),
      ...(token === undefined ? [] : [xmlElement("ContinuationToken", token)]),
      xmlElement("KeyCount", page.items.length),
      xmlElement("IsTruncated", page.isTruncated),
      ...(page.isTruncated ? [xmlElement("NextContinuationToken", tokenOf(page.last ?? ""))] : []),
      ...itemElements(context, page, encoding, withOwner),
    ),
  );
};

const tokenOf = (name: string): string => Buffer.from(name).toString("base64url");

const commonElements = (context: BucketContext, query: ListQuery, encoding: Encoding): XmlFragment[] => [
  xmlElement("Name", context.bucketName),
  xmlElement("Prefix", encoding.encode(query.prefix)),
  xmlElement("MaxKeys", query.maxKeys),
  xmlElement("Delimiter", encoding.encode(query.delimiter)),
  ...encoding.elements,
];

const itemElements = (context: BucketContext, page: ListPage, encoding: Encoding, withOwner: boolean): XmlFragment[] =>
  page.items.map((item) => {
    if (item.kind === "prefix") return xmlElement("CommonPrefixes", xmlElement("Prefix", encoding.encode(item.name)));
    const version = context.store.current(context.bucket, item.name);
    return xmlElement(
      "Contents",
      xmlElement("Key", encoding.encode(item.name)),
      ...(version === undefined ? [] : versionElements(context, version)),
      ...(withOwner ? [ownerElement(context.bucket.settings.ownerAccountId)] : []),
    );
  });

const versionElements = (context: BucketContext, version: ObjectVersion): XmlFragment[] => {
  const restore = restoreInfo(version, context.now);
  return [
    xmlElement("LastModified", version.lastModified),
    xmlElement("ETag", `"${version.etag}"`),
    xmlElement("Type", version.type),
    xmlElement("Size", version.size),
    xmlElement("StorageClass", version.storageClass),
    ...(restore === undefined ? [] : [xmlElement("RestoreInfo", restore)]),
  ];
};

/** All versions and delete markers, newest first within a key. No delimiter: refused rather than half done. */
export const listObjectVersions = async (context: BucketContext): Outcome => {
  const { query, bucket } = context;
  if (query.get("delimiter")) return refuse("NotImplemented", { message: "ListObjectVersions has no delimiter here." });
  const maximum = readLimit(query, "max-keys", 1000, 100);
  if (typeof maximum !== "number") return maximum;
  const encoding = readEncoding(query);
  if ("refused" in encoding) return encoding;
  const { encode } = encoding;
  const prefix = query.get("prefix") ?? "";
  const keyMarker = query.get("key-marker") ?? "";
  const versionMarker = query.get("version-id-marker");
  const all = [...bucket.versions.keys()]
    .filter((key) => key.startsWith(prefix) && compareKeys(key, keyMarker) >= (versionMarker ? 0 : 1))
    .sort(compareKeys)
    .flatMap((key) => {
      const versions = bucket.versions.get(key) ?? [];
      const listed = versions.map((version, index) => ({ key, version, isLatest: index === 0 }));
      const seen = key === keyMarker ? versions.findIndex(({ versionId }) => versionId === versionMarker) + 1 : 0;
      return listed.slice(seen);
    });
  const page = all.slice(0, maximum);
  const isTruncated = all.length > page.length;
  const last = page.at(-1);
  return xmlReply(
    xmlDocument(
      "ListVersionsResult",
      xmlElement("Name", context.bucketName),
      xmlElement("Prefix", encode(prefix)),
      xmlElement("KeyMarker", encode(keyMarker)),
      xmlElement("VersionIdMarker", versionMarker ?? ""),
      xmlElement("MaxKeys", maximum),
      xmlElement("Delimiter"),
      ...encoding.elements,
      xmlElement("IsTruncated", isTruncated),
      ...(isTruncated && last !== undefined
        ? [xmlElement("NextKeyMarker", encode(last.key)), xmlElement("NextVersionIdMarker", last.version.versionId)]
        : []),
      ...page.map(({ key, version, isLatest }) =>
        xmlElement(
          version.isDeleteMarker ? "DeleteMarker" : "Version",
          xmlElement("Key", encode(key)),
          xmlElement("VersionId", version.versionId),
          xmlElement("IsLatest", isLatest),
          ...(version.isDeleteMarker
            ? [xmlElement("LastModified", version.lastModified)]
            : versionElements(context, version)),
          ownerElement(bucket.settings.ownerAccountId),
        ),
      ),
    ),
  );
};
