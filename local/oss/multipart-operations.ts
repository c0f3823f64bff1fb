import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { copyDocument } from "./copy-object.ts";
import { receiveCopy } from "./copy-source.ts";
import { combineCrc64 } from "./crc64.ts";
import { isRefusal, type Refusal, refuse } from "./errors.ts";
import { appendFile, type IncomingFile } from "./incoming-file.ts";
import { readEncoding } from "./list-operations.ts";
import { type MultipartUpload, removeParts, type UploadedPart } from "./multipart-uploads.ts";
import { uploadedHeaders } from "./object-headers.ts";
import { checkOverwrite, storeObject } from "./object-writing.ts";
import { type BucketContext, emptyReply, type Outcome, wholeSeconds, xmlReply } from "./operation-context.ts";
import { receiveUpload, removeIncoming } from "./receive-upload.ts";
import { readDocument } from "./request-document.ts";
import { readAttributes } from "./upload-attributes.ts";
import { childrenOf, childText, xmlDocument, xmlElement } from "./xml.ts";

const maximumPartNumber = 10_000;
/** Every part but the last one. */
const minimumPartInBytes = 100 * 1024;

export const initiateMultipartUpload = async (context: BucketContext): Outcome => {
  const attributes = readAttributes(context.headers, context.bucket.settings);
  if (isRefusal(attributes)) return attributes;
  const refusal = checkOverwrite(context);
  if (refusal !== undefined) return refusal;
  const encoding = readEncoding(context.query);
  if (isRefusal(encoding)) return encoding;
  const { bucketName: bucket, key } = context;
  const upload = context.uploads.start({ bucket, key, attributes, initiated: wholeSeconds(context.now) });
  context.emit({ name: "ObjectCreated:InitiateMultipartUpload", key, etag: "", size: 0, deltaSize: 0 });
  return xmlReply(
    xmlDocument(
      "InitiateMultipartUploadResult",
      ...encoding.elements,
      xmlElement("Bucket", bucket),
      xmlElement("Key", encoding.encode(key)),
      xmlElement("UploadId", upload.id),
    ),
  );
};

export const findUpload = (context: BucketContext): MultipartUpload | Refusal => {
  const id = context.query.get("uploadId") ?? "";
  return (
    context.uploads.find(id, context.bucketName, context.key) ?? refuse("NoSuchUpload", { details: { UploadId: id } })
  );
};

const findPartPlace = (context: BucketContext): { upload: MultipartUpload; number: number } | Refusal => {
  const text = context.query.get("partNumber") ?? "";
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > maximumPartNumber)
    return refuse("InvalidArgument", { details: { ArgumentName: "partNumber" } });
  const upload = findUpload(context);
  return isRefusal(upload) ? upload : { upload, number };
};

export const uploadPart = async (context: BucketContext): Outcome => {
  const place = findPartPlace(context);
  if (isRefusal(place)) return place;
  const file = await receiveUpload(context);
  if (isRefusal(file)) return file;
  const part = await keepPart(context, place.number, file);
  if (isRefusal(part)) return part;
  context.emit(partFacts("ObjectCreated:UploadPart", context.key, part));
  return emptyReply(200, {
    ETag: `"${etagOf(part)}"`,
    "Content-MD5": part.md5.toString("base64"),
    "x-oss-hash-crc64ecma": String(part.crc64),
  });
};

export const uploadPartCopy = async (context: BucketContext): Outcome => {
  const place = findPartPlace(context);
  if (isRefusal(place)) return place;
  const copied = await receiveCopy(context, context.headers.get("x-oss-copy-source-range"));
  if ("notModified" in copied) return copied.notModified;
  if (isRefusal(copied)) return copied;
  const part = await keepPart(context, place.number, copied.file);
  if (isRefusal(part)) return part;
  context.emit(partFacts("ObjectCreated:UploadPartCopy", context.key, part));
  return xmlReply(copyDocument("CopyPartResult", etagOf(part), part.lastModified), { ETag: `"${etagOf(part)}"` });
};

/** The upload may have ended while the bytes came in. */
const keepPart = async (
  context: BucketContext,
  number: number,
  file: IncomingFile,
): Promise<UploadedPart | Refusal> => {
  const upload = findUpload(context);
  if (isRefusal(upload)) {
    await removeIncoming(file);
    return upload;
  }
  const replaced = upload.parts.get(number);
  const part = { ...file, number, lastModified: wholeSeconds(context.now) };
  upload.parts.set(number, part);
  if (replaced !== undefined) await rm(replaced.path, { force: true });
  return part;
};

export const etagOf = (part: UploadedPart): string => part.md5.toString("hex").toUpperCase();

const partFacts = (
  name: "ObjectCreated:UploadPart" | "ObjectCreated:UploadPartCopy",
  key: string,
  part: UploadedPart,
) => ({
  name,
  key,
  etag: etagOf(part),
  size: part.size,
  deltaSize: part.size,
});

export const completeMultipartUpload = async (context: BucketContext): Outcome => {
  const upload = findUpload(context);
  if (isRefusal(upload)) return upload;
  const parts = await chooseParts(context, upload);
  if (isRefusal(parts)) return parts;
  const refusal = checkOverwrite(context);
  if (refusal !== undefined) return refusal;
  const encoding = readEncoding(context.query);
  if (isRefusal(encoding)) return encoding;
  if (!context.uploads.all.has(upload.id)) return refuse("NoSuchUpload", { details: { UploadId: upload.id } });
  context.uploads.take(upload);
  const file = await joinParts(parts, context.store.temporaryPath());
  await removeParts(upload);
  const content = {
    type: "Multipart",
    size: file.size,
    etag: `${file.md5.toString("hex").toUpperCase()}-${parts.length}`,
    crc64: String(file.crc64),
  } as const;
  const stored = await storeObject(context, "ObjectCreated:CompleteMultipartUpload", upload.attributes, content, file);
  if (isRefusal(stored)) return stored;
  return xmlReply(
    xmlDocument(
      "CompleteMultipartUploadResult",
      ...encoding.elements,
      xmlElement("Location", `http://${context.host}/${encodeURIComponent(context.key).replaceAll("%2F", "/")}`),
      xmlElement("Bucket", context.bucketName),
      xmlElement("Key", encoding.encode(context.key)),
      xmlElement("ETag", `"${stored.etag}"`),
    ),
    uploadedHeaders(stored),
  );
};

type NonEmpty = readonly [UploadedPart, ...UploadedPart[]];

/** The parts that the document lists, or with `x-oss-complete-all: yes` and no document, all of them. */
const chooseParts = async (context: BucketContext, upload: MultipartUpload): Promise<NonEmpty | Refusal> => {
  const parts: UploadedPart[] = [];
  if (context.headers.get("x-oss-complete-all")?.toLowerCase() === "yes") {
    if (Number(context.headers.get("content-length") ?? 0) > 0) {
      return refuse("InvalidArgument", { message: "x-oss-complete-all leaves no room for a list of parts." });
    }
    parts.push(...[...upload.parts.values()].sort((a, b) => a.number - b.number));
  } else {
    const document = await readDocument(context, "CompleteMultipartUpload");
    if (isRefusal(document)) return document;
    let last = 0;
    for (const node of childrenOf(document.root, "Part")) {
      const number = Number(childText(node, "PartNumber"));
      if (!(number > last)) return refuse("InvalidPartOrder");
      last = number;
      const etag = (childText(node, "ETag") ?? "").replaceAll('"', "").trim().toUpperCase();
      const part = upload.parts.get(number);
      if (part === undefined || etagOf(part) !== etag) {
        return refuse("InvalidPart", { details: { PartNumber: String(number), ETag: etag } });
      }
      parts.push(part);
    }
  }
  const [first, ...rest] = parts;
  if (first === undefined) return refuse("MalformedXML");
  const small = parts.slice(0, -1).find((part) => part.size < minimumPartInBytes);
  if (small === undefined) return [first, ...rest];
  return refuse("EntityTooSmall", {
    details: {
      MinSizeAllowed: String(minimumPartInBytes),
      ProposedSize: String(small.size),
      PartNumber: String(small.number),
    },
  });
};

/** The first part becomes the object and each further one is removed once joined: 10 GiB never need 20. */
const joinParts = async (parts: NonEmpty, path: string): Promise<IncomingFile> => {
  const md5 = createHash("md5");
  let crc64 = 0n;
  let size = 0;
  await rename(parts[0].path, path);
  const target = await open(path, "r+");
  try {
    for (const part of parts) {
      size = part === parts[0] ? part.size : await appendFile(part.path, target, size);
      crc64 = combineCrc64(crc64, part.crc64, part.size);
      md5.update(part.md5);
      await rm(part.path, { force: true });
    }
  } finally {
    await target.close();
  }
  return { path, size, md5: md5.digest(), crc64 };
};

export const abortMultipartUpload = async (context: BucketContext): Outcome => {
  const upload = findUpload(context);
  if (isRefusal(upload)) return upload;
  context.uploads.take(upload);
  await removeParts(upload);
  context.emit({ name: "ObjectRemoved:AbortMultipartUpload", key: context.key, etag: "", size: 0, deltaSize: 0 });
  return emptyReply(204);
};
