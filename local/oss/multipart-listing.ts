import { ownerElement } from "./bucket-operations.ts";
import { isRefusal, refuse } from "./errors.ts";
import { readEncoding, readLimit } from "./list-operations.ts";
import { etagOf, findUpload } from "./multipart-operations.ts";
import type { MultipartUpload } from "./multipart-uploads.ts";
import { compareKeys } from "./object-key.ts";
import { type BucketContext, type Outcome, xmlReply } from "./operation-context.ts";
import { xmlDocument, xmlElement } from "./xml.ts";

export const listParts = async (context: BucketContext): Outcome => {
  const upload = findUpload(context);
  if (isRefusal(upload)) return upload;
  const maximum = readLimit(context.query, "max-parts", 1000, 1000);
  if (typeof maximum !== "number") return maximum;
  const encoding = readEncoding(context.query);
  if (isRefusal(encoding)) return encoding;
  const marker = Number(context.query.get("part-number-marker") ?? 0);
  const after = [...upload.parts.values()].filter(({ number }) => number > marker).sort((a, b) => a.number - b.number);
  const page = after.slice(0, maximum);
  return xmlReply(
    xmlDocument(
      "ListPartsResult",
      ...encoding.elements,
      xmlElement("Bucket", context.bucketName),
      xmlElement("Key", encoding.encode(context.key)),
      xmlElement("UploadId", upload.id),
      xmlElement("StorageClass", upload.attributes.storageClass),
      xmlElement("PartNumberMarker", marker),
      xmlElement("NextPartNumberMarker", page.at(-1)?.number ?? marker),
      xmlElement("MaxParts", maximum),
      xmlElement("IsTruncated", after.length > page.length),
      ...page.map((part) =>
        xmlElement(
          "Part",
          xmlElement("PartNumber", part.number),
          xmlElement("LastModified", part.lastModified),
          xmlElement("ETag", `"${etagOf(part)}"`),
          xmlElement("HashCrc64ecma", String(part.crc64)),
          xmlElement("Size", part.size),
        ),
      ),
    ),
  );
};

/** Uploads under way by key and id. No delimiter: refused rather than half done. */
export const listMultipartUploads = async (context: BucketContext): Outcome => {
  const { query } = context;
  if (query.get("delimiter"))
    return refuse("NotImplemented", { message: "ListMultipartUploads has no delimiter here." });
  const maximum = readLimit(query, "max-uploads", 1000, 1000);
  if (typeof maximum !== "number") return maximum;
  const encoding = readEncoding(query);
  if (isRefusal(encoding)) return encoding;
  const prefix = query.get("prefix") ?? "";
  const keyMarker = query.get("key-marker") ?? "";
  const idMarker = query.get("upload-id-marker") ?? "";
  const isAfter = (upload: MultipartUpload) => {
    const order = compareKeys(upload.key, keyMarker);
    return order > 0 || (order === 0 && keyMarker !== "" && idMarker !== "" && upload.id > idMarker);
  };
  const all = [...context.uploads.all.values()]
    .filter((upload) => upload.bucket === context.bucketName && upload.key.startsWith(prefix) && isAfter(upload))
    .sort((a, b) => compareKeys(a.key, b.key) || compareKeys(a.id, b.id));
  const page = all.slice(0, maximum);
  const last = page.at(-1);
  return xmlReply(
    xmlDocument(
      "ListMultipartUploadsResult",
      ...encoding.elements,
      xmlElement("Bucket", context.bucketName),
      xmlElement("KeyMarker", encoding.encode(keyMarker)),
      xmlElement("UploadIdMarker", idMarker),
      xmlElement("NextKeyMarker", encoding.encode(last?.key ?? "")),
      xmlElement("NextUploadIdMarker", last?.id ?? ""),
      xmlElement("Delimiter"),
      xmlElement("Prefix", encoding.encode(prefix)),
      xmlElement("MaxUploads", maximum),
      xmlElement("IsTruncated", all.length > page.length),
      ...page.map((upload) =>
        xmlElement(
          "Upload",
          xmlElement("Key", encoding.encode(upload.key)),
          xmlElement("UploadId", upload.id),
          xmlElement("StorageClass", upload.attributes.storageClass),
          xmlElement("Initiated", upload.initiated),
          ownerElement(context.bucket.settings.ownerAccountId),
        ),
      ),
    ),
  );
};
