import { isRefusal, refuse } from "./errors.ts";
import { readEncoding } from "./list-operations.ts";
import { isValidKey } from "./object-key.ts";
import { deleteKey } from "./object-writing.ts";
import { type BucketContext, emptyReply, type Outcome, xmlReply } from "./operation-context.ts";
import { readDocument } from "./request-document.ts";
import { childrenOf, childText, type XmlFragment, xmlDocument, xmlElement } from "./xml.ts";

/** DeleteMultipleObjects: up to a thousand keys. `Quiet` leaves out those that were deleted. */
export const deleteMultipleObjects = async (context: BucketContext): Outcome => {
  const document = await readDocument(context, "Delete");
  if (isRefusal(document)) return document;
  const encoding = readEncoding(
    new Map([["encoding-type", childText(document.root, "EncodingType") ?? context.query.get("encoding-type") ?? ""]]),
  );
  if (isRefusal(encoding)) return encoding;
  const objects = childrenOf(document.root, "Object").map((node) => ({
    key: childText(node, "Key") ?? "",
    versionId: childText(node, "VersionId"),
  }));
  if (objects.length < 1 || objects.length > 1000 || objects.some(({ key }) => !isValidKey(key)))
    return refuse("MalformedXML");
  if (objects.some(({ key }) => !context.may(context.identity, "oss:DeleteObject", context.bucketName, key)))
    return refuse("AccessDenied");
  const deleted: XmlFragment[] = [];
  for (const { key, versionId } of objects) {
    const version = await deleteKey(context, context.bucket, key, versionId, "ObjectRemoved:DeleteObjects");
    deleted.push(
      xmlElement(
        "Deleted",
        xmlElement("Key", encoding.encode(key)),
        ...(versionId === undefined ? [] : [xmlElement("VersionId", versionId)]),
        ...(version?.isDeleteMarker
          ? [xmlElement("DeleteMarker", true), xmlElement("DeleteMarkerVersionId", version.versionId)]
          : []),
      ),
    );
  }
  if (childText(document.root, "Quiet")?.trim() === "true") return emptyReply(200);
  return xmlReply(xmlDocument("DeleteResult", ...encoding.elements, ...deleted));
};
