import { XMLBuilder } from "fast-xml-parser";
import type { Reply } from "../wire/http-service.ts";
import type { Refusal } from "./errors.ts";
import type { Outcome } from "./operation.ts";

export interface ReplyForm {
  readonly requestId: string;
  readonly hostId: string;
  /** The action, which names the root of an XML answer. */
  readonly action: string;
  readonly xml: boolean;
}

/** An outcome in the words of the wire: JSON, or the XML that it stands for. */
export const toReply = (outcome: Outcome, form: ReplyForm): Reply => {
  const isError = "code" in outcome;
  const content = isError ? errorBody(outcome, form) : { RequestId: form.requestId, ...outcome.body };
  const body = form.xml ? toXml(isError ? "Error" : `${form.action}Response`, content) : JSON.stringify(content);
  return {
    status: isError ? outcome.status : 200,
    headers: {
      // The official client parses XML only under exactly this type.
      "Content-Type": form.xml ? "text/xml;charset=utf-8" : "application/json;charset=utf-8",
      "x-acs-request-id": form.requestId,
      ...(isError ? outcome.headers : undefined),
    },
    body: Buffer.from(body),
  };
};

const errorBody = (refusal: Refusal, { requestId, hostId }: ReplyForm) => ({
  RequestId: requestId,
  HostId: hostId,
  Code: refusal.code,
  Message: refusal.message,
  Recommend: `https://api.aliyun.com/troubleshoot?q=${refusal.code}&product=Ecs&requestId=${requestId}`,
  ...refusal.details,
});

/** JSON answers of RPC-style services are their XML answers with a repeated element as an array: the way back is direct. */
const toXml = (root: string, content: object): string =>
  `<?xml version="1.0" encoding="UTF-8"?>${new XMLBuilder({}).build({ [root]: content })}`;
