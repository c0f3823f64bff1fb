import { isRefusal, refuse } from "./errors.ts";
import { isValidBucketName } from "./object-key.ts";
import {
  type BucketContext,
  emptyReply,
  type OperationContext,
  type Outcome,
  wholeSeconds,
  xmlReply,
} from "./operation-context.ts";
import { readDocument } from "./request-document.ts";
import type { Bucket, BucketAcl } from "./stored-object.ts";
import { encryptionAlgorithms, oneOf } from "./upload-attributes.ts";
import { childrenOf, childText, xmlDocument, xmlElement } from "./xml.ts";

const bucketAcls = ["private", "public-read", "public-read-write"] as const;

export const ownerElement = (accountId: string) =>
  xmlElement("Owner", xmlElement("ID", accountId), xmlElement("DisplayName", accountId));

export const getService = async (context: OperationContext): Outcome => {
  const prefix = context.query.get("prefix") ?? "";
  const marker = context.query.get("marker") ?? "";
  const maximum = Number(context.query.get("max-keys") ?? 100);
  if (!Number.isInteger(maximum) || maximum < 1 || maximum > 1000) return refuse("InvalidArgument");
  const all = [...context.store.buckets.values()]
    .map((bucket) => bucket.settings)
    .filter(
      ({ name, ownerAccountId }) => ownerAccountId === context.accountId && name.startsWith(prefix) && name > marker,
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = all.slice(0, maximum);
  const isTruncated = all.length > page.length;
  return xmlReply(
    xmlDocument(
      "ListAllMyBucketsResult",
      ownerElement(context.accountId),
      xmlElement("Prefix", prefix),
      xmlElement("Marker", marker),
      xmlElement("MaxKeys", maximum),
      xmlElement("IsTruncated", isTruncated),
      ...(isTruncated ? [xmlElement("NextMarker", page.at(-1)?.name ?? "")] : []),
      xmlElement("Buckets", ...page.map((bucket) => xmlElement("Bucket", ...summary(bucket)))),
    ),
  );
};

const summary = (bucket: Bucket) => [
  xmlElement("Name", bucket.name),
  xmlElement("CreationDate", bucket.createdAt),
  xmlElement("Location", `oss-${bucket.region}`),
  xmlElement("Region", bucket.region),
  xmlElement("StorageClass", "Standard"),
  xmlElement("ExtranetEndpoint", `oss-${bucket.region}.aliyuncs.com`),
  xmlElement("IntranetEndpoint", `oss-${bucket.region}-internal.aliyuncs.com`),
];

export const putBucket = async (context: OperationContext): Outcome => {
  const { bucketName: name, store } = context;
  if (!isValidBucketName(name)) return refuse("InvalidBucketName", { details: { BucketName: name } });
  const acl = oneOf(bucketAcls, context.headers.get("x-oss-acl") ?? "private");
  if (acl === undefined) return refuse("InvalidArgument", { details: { ArgumentName: "x-oss-acl" } });
  if (Number(context.headers.get("content-length") ?? 0) > 0) {
    const document = await readDocument(context, "CreateBucketConfiguration");
    if (isRefusal(document)) return document;
    const storageClass = childText(document.root, "StorageClass") ?? "Standard";
    if (storageClass !== "Standard")
      return refuse("NotImplemented", { message: "Buckets have Standard storage only." });
  }
  const existing = store.buckets.get(name);
  if (existing !== undefined && existing.settings.ownerAccountId !== context.accountId)
    return refuse("BucketAlreadyExists");
  await store.saveBucket({
    name,
    region: context.region,
    ownerAccountId: context.accountId,
    createdAt: wholeSeconds(context.now),
    ...existing?.settings,
    acl,
  });
  return emptyReply(200, { Location: `/${name}` });
};

export const deleteBucket = async ({ bucket, store }: BucketContext): Outcome => {
  if (bucket.versions.size > 0) return refuse("BucketNotEmpty", { details: { BucketName: bucket.settings.name } });
  await store.removeBucket(bucket.settings.name);
  return emptyReply(204);
};

export const getBucketInfo = async ({ bucket: { settings } }: BucketContext): Outcome =>
  xmlReply(
    xmlDocument(
      "BucketInfo",
      xmlElement(
        "Bucket",
        ...summary(settings),
        xmlElement("DataRedundancyType", "LRS"),
        xmlElement("AccessMonitor", "Disabled"),
        ownerElement(settings.ownerAccountId),
        grantElement(settings.acl),
        xmlElement(
          "ServerSideEncryptionRule",
          xmlElement("SSEAlgorithm", settings.encryption?.algorithm ?? "None"),
          ...(settings.encryption?.kmsKeyId === undefined
            ? []
            : [xmlElement("KMSMasterKeyID", settings.encryption.kmsKeyId)]),
        ),
        ...(settings.versioning === undefined ? [] : [xmlElement("Versioning", settings.versioning)]),
      ),
    ),
  );

export const getBucketLocation = async ({ bucket: { settings } }: BucketContext): Outcome =>
  xmlReply(xmlDocument("LocationConstraint", { xml: `oss-${settings.region}` }));

export const getBucketVersioning = async ({ bucket: { settings } }: BucketContext): Outcome =>
  xmlReply(
    xmlDocument(
      "VersioningConfiguration",
      ...(settings.versioning === undefined ? [] : [xmlElement("Status", settings.versioning)]),
    ),
  );

export const putBucketVersioning = async (context: BucketContext): Outcome => {
  const document = await readDocument(context, "VersioningConfiguration");
  if (isRefusal(document)) return document;
  const versioning = oneOf(["Enabled", "Suspended"] as const, childText(document.root, "Status"));
  if (versioning === undefined) return refuse("MalformedXML");
  return change(context, { ...context.bucket.settings, versioning });
};

export const getBucketEncryption = async ({ bucket: { settings } }: BucketContext): Outcome => {
  if (settings.encryption === undefined) return refuse("NoSuchServerSideEncryptionRule");
  return xmlReply(
    xmlDocument(
      "ServerSideEncryptionRule",
      xmlElement(
        "ApplyServerSideEncryptionByDefault",
        xmlElement("SSEAlgorithm", settings.encryption.algorithm),
        xmlElement("KMSMasterKeyID", settings.encryption.kmsKeyId ?? ""),
      ),
    ),
  );
};

export const putBucketEncryption = async (context: BucketContext): Outcome => {
  const document = await readDocument(context, "ServerSideEncryptionRule");
  if (isRefusal(document)) return document;
  const rule = childrenOf(document.root, "ApplyServerSideEncryptionByDefault")[0];
  const algorithm = rule && oneOf(encryptionAlgorithms, childText(rule, "SSEAlgorithm"));
  if (rule === undefined || algorithm === undefined) return refuse("MalformedXML");
  const kmsKeyId = childText(rule, "KMSMasterKeyID");
  const encryption = { algorithm, ...(kmsKeyId ? { kmsKeyId } : {}) };
  return change(context, { ...context.bucket.settings, encryption });
};

export const deleteBucketEncryption = async (context: BucketContext): Outcome => {
  const { encryption: _, ...settings } = context.bucket.settings;
  await change(context, settings);
  return emptyReply(204);
};

const grantElement = (acl: BucketAcl | "default") => xmlElement("AccessControlList", xmlElement("Grant", acl));

export const aclDocument = (ownerAccountId: string, acl: BucketAcl | "default"): string =>
  xmlDocument("AccessControlPolicy", ownerElement(ownerAccountId), grantElement(acl));

export const getBucketAcl = async ({ bucket: { settings } }: BucketContext): Outcome =>
  xmlReply(aclDocument(settings.ownerAccountId, settings.acl));

export const putBucketAcl = async (context: BucketContext): Outcome => {
  const acl = oneOf(bucketAcls, context.headers.get("x-oss-acl"));
  if (acl === undefined) return refuse("InvalidArgument", { details: { ArgumentName: "x-oss-acl" } });
  return change(context, { ...context.bucket.settings, acl });
};

const change = async (context: BucketContext, settings: Bucket): Outcome => {
  await context.store.exclusively(context.bucket, () => context.store.saveBucket(settings));
  return emptyReply(200);
};
