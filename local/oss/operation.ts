import { type Refusal, refuse } from "./errors.ts";

/** Every operation that this server performs. */
export type OssOperation = (typeof rows)[number][0];

type Level = "service" | "bucket" | "object";

/**
 * Operation, method, level, and the query parameter that selects it ("" when nothing does). Order matters only where
 * one request carries two selectors: the first row whose selector is there is meant.
 */
const rows = [
  ["GetService", "GET", "service", ""],
  ["GetBucketInfo", "GET", "bucket", "bucketInfo"],
  ["GetBucketLocation", "GET", "bucket", "location"],
  ["GetBucketVersioning", "GET", "bucket", "versioning"],
  ["PutBucketVersioning", "PUT", "bucket", "versioning"],
  ["GetBucketEncryption", "GET", "bucket", "encryption"],
  ["PutBucketEncryption", "PUT", "bucket", "encryption"],
  ["DeleteBucketEncryption", "DELETE", "bucket", "encryption"],
  ["GetBucketAcl", "GET", "bucket", "acl"],
  ["PutBucketAcl", "PUT", "bucket", "acl"],
  ["ListMultipartUploads", "GET", "bucket", "uploads"],
  ["ListObjectVersions", "GET", "bucket", "versions"],
  ["DeleteMultipleObjects", "POST", "bucket", "delete"],
  ["PutBucket", "PUT", "bucket", ""],
  ["DeleteBucket", "DELETE", "bucket", ""],
  ["ListObjectsV2", "GET", "bucket", "list-type"],
  ["ListObjects", "GET", "bucket", ""],
  ["PostObject", "POST", "bucket", ""],
  ["GetObjectMeta", "HEAD", "object", "objectMeta"],
  ["GetObjectMeta", "GET", "object", "objectMeta"],
  ["GetObjectAcl", "GET", "object", "acl"],
  ["PutObjectAcl", "PUT", "object", "acl"],
  ["GetObjectTagging", "GET", "object", "tagging"],
  ["PutObjectTagging", "PUT", "object", "tagging"],
  ["DeleteObjectTagging", "DELETE", "object", "tagging"],
  ["GetSymlink", "GET", "object", "symlink"],
  ["PutSymlink", "PUT", "object", "symlink"],
  ["AppendObject", "POST", "object", "append"],
  ["RestoreObject", "POST", "object", "restore"],
  ["InitiateMultipartUpload", "POST", "object", "uploads"],
  ["UploadPartCopy", "PUT", "object", "uploadId"],
  ["UploadPart", "PUT", "object", "uploadId"],
  ["CompleteMultipartUpload", "POST", "object", "uploadId"],
  ["AbortMultipartUpload", "DELETE", "object", "uploadId"],
  ["ListParts", "GET", "object", "uploadId"],
  ["HeadObject", "HEAD", "object", ""],
  ["GetObject", "GET", "object", ""],
  ["CopyObject", "PUT", "object", ""],
  ["PutObject", "PUT", "object", ""],
  ["DeleteObject", "DELETE", "object", ""],
] as const satisfies readonly (readonly [string, string, Level, string])[];

/** Operations told apart by a header beside the query: those that name a source to copy. */
const copies: ReadonlySet<string> = new Set(["UploadPartCopy", "CopyObject"]);

/** Sub-resources of OSS that this server knows by name and does not have. */
const unsupported: ReadonlySet<string> = new Set(
  `accessmonitor accessPoint accessPointPolicy archiveDirectRead asyncFetch bucketArchiveDirectRead callback callback-var
  cloudboxes cname comp cors dataPipeline doMetaQuery endTime httpsConfig img inventory inventoryId lifecycle live
  logging metaQuery openMetaQuery overwriteConfig policy policyStatus processConfiguration publicAccessBlock qos qosInfo
  referer regionList replication replicationLocation replicationProgress requestPayment resourceGroup rtc seal
  select/meta sequential startTime stat status style styleName tlsVersion transferAcceleration udf udfApplication
  udfApplicationLog udfId udfImage udfImageDesc udfName userDefinedLogFieldsConfig vod website worm wormExtend wormId
  x-oss-async-process x-oss-process`.split(/\s+/),
);

/** Plain parameters: they refine an operation and never select one. */
const parameters: ReadonlySet<string> = new Set(
  `continuation-token delimiter encoding-type fetch-owner key-marker marker max-keys max-parts max-uploads
  part-number-marker partNumber position prefix start-after tag-key tag-value upload-id-marker version-id-marker versionId
  Expires OSSAccessKeyId Signature security-token x-oss-additional-headers x-oss-credential x-oss-date x-oss-expires
  x-oss-request-payer x-oss-security-token x-oss-signature x-oss-signature-version x-oss-traffic-limit
  response-cache-control response-content-disposition response-content-encoding response-content-language
  response-content-type response-expires`.split(/\s+/),
);

interface OperationHints {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** The request has `x-oss-copy-source`. */
  readonly hasCopySource: boolean;
}

/**
 * The operation that a request asks for. A sub-resource that OSS has and this server has not is refused by its name;
 * one that nobody knows is refused on every method that writes, so that it can never become a plain PutObject or
 * DeleteObject.
 */
export const detectOperation = (hints: OperationHints): OssOperation | Refusal => {
  const { method, query } = hints;
  const level: Level = hints.bucket === "" ? "service" : hints.key === "" ? "bucket" : "object";
  for (const name of query.keys()) {
    if (unsupported.has(name)) return notImplemented(`The sub-resource "${name}" is not implemented.`);
  }
  const selectable = rows.filter(
    ([operation, rowMethod, rowLevel]) =>
      rowMethod === method && rowLevel === level && (hints.hasCopySource || !copies.has(operation)),
  );
  const selected = selectable.find(([, , , selector]) => selector !== "" && query.has(selector));
  const plain = selectable.find(([, , , selector]) => selector === "");
  const operation = (selected ?? plain)?.[0];
  const stray = [...query.keys()].find((name) => !parameters.has(name) && name !== selected?.[3]);
  if (stray !== undefined && (isSelector(stray) || (method !== "GET" && method !== "HEAD"))) {
    return notImplemented(`The sub-resource "${stray}" of a ${method} on the ${level} is not implemented.`);
  }
  if (operation === undefined) return refuse("MethodNotAllowed", { details: { Method: method, ResourceType: level } });
  if (operation === "ListObjectsV2" && query.get("list-type") !== "2") return invalidListType;
  return operation;
};

const isSelector = (name: string): boolean => rows.some(([, , , selector]) => selector === name);

const notImplemented = (message: string): Refusal => refuse("NotImplemented", { message });

const invalidListType = refuse("InvalidArgument", {
  message: "The list-type must be 2.",
  details: { ArgumentName: "list-type" },
});
