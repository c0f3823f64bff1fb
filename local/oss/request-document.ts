import { readBody } from "../wire/http-service.ts";
import { type Refusal, refuse } from "./errors.ts";
import type { OperationContext } from "./operation-context.ts";
import { parseXml, type XmlNode } from "./xml.ts";

/** The largest XML body that OSS takes (DeleteMultipleObjects); ten thousand parts of an upload fit as well. */
const maximumDocumentInBytes = 2 * 1024 * 1024;

/** The XML body of a request, whose root must have the given name. */
export const readDocument = async (context: OperationContext, root: string): Promise<{ root: XmlNode } | Refusal> => {
  const body = await readBody(context.request, maximumDocumentInBytes);
  if (body === undefined)
    return refuse("EntityTooLarge", { details: { MaxSizeAllowed: String(maximumDocumentInBytes) } });
  const node = parseXml(body.toString("utf8"));
  return node?.name === root ? { root: node } : refuse("MalformedXML");
};
