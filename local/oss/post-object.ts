import { createHmac } from "node:crypto";
import type { Authentication } from "./authentication.ts";
import { isRefusal, type Refusal, refuse } from "./errors.ts";
import { receiveFile } from "./incoming-file.ts";
import { uploadedHeaders } from "./object-headers.ts";
import { isValidKey } from "./object-key.ts";
import { checkOverwrite, normalContent, storeObject } from "./object-writing.ts";
import { type BucketContext, emptyReply, type Outcome, xmlReply } from "./operation-context.ts";
import { type PostForm, readPostForm } from "./post-form.ts";
import { checkPolicy, type PolicyLimits } from "./post-policy.ts";
import { maximumUploadInBytes, removeIncoming } from "./receive-upload.ts";
import { readScope, signTextV4 } from "./signature-v4.ts";
import type { SignedClaim } from "./signed-claim.ts";
import { readAttributes } from "./upload-attributes.ts";
import { xmlDocument, xmlElement } from "./xml.ts";

/** PostObject: an upload by an HTML form. Its policy is signed, and takes the place of the request's signature. */
export const postObject = async (context: BucketContext): Outcome => {
  const contentType = context.headers.get("content-type") ?? "";
  const body: AsyncIterable<Buffer> = context.request.iterator({ destroyOnReturn: false });
  const form = await readPostForm(contentType, body);
  const outcome = isRefusal(form) ? form : await storeForm({ ...context, headers: form.fields }, form);
  context.request.resume(); // What was not read must not stand in the way of the answer.
  return outcome;
};

/** The fields of a form stand for the headers of a plain upload. */
const storeForm = async (context: BucketContext, { fields, fileName, file }: PostForm): Outcome => {
  const key = (fields.get("key") ?? "").replaceAll(fileNamePlace, () => fileName);
  if (!isValidKey(key)) return refuse("InvalidArgument", { details: { ArgumentName: "key" } });
  if (fields.has("success_action_redirect")) {
    return refuse("NotImplemented", { message: "The field success_action_redirect is not implemented." });
  }
  const limits = authorizeForm(context, key);
  if (isRefusal(limits)) return limits;
  const onKey = { ...context, key };
  const attributes = readAttributes(fields, context.bucket.settings);
  if (isRefusal(attributes)) return attributes;
  const early = checkOverwrite(onKey);
  if (early !== undefined) return early;
  const received = await receiveFile(
    file,
    context.store.temporaryPath(),
    Math.min(maximumUploadInBytes, limits.maximumInBytes),
  );
  if (received === undefined) return refuse("EntityTooLarge");
  if (received.size < limits.minimumInBytes) {
    await removeIncoming(received);
    return refuse("EntityTooSmall");
  }
  const stored = await storeObject(onKey, "ObjectCreated:PostObject", attributes, normalContent(received), received);
  if (isRefusal(stored)) return stored;
  const status = fields.get("success_action_status");
  if (status === "200") return emptyReply(200, uploadedHeaders(stored));
  if (status !== "201") return emptyReply(204, uploadedHeaders(stored));
  const document = xmlDocument(
    "PostResponse",
    xmlElement("Bucket", context.bucketName),
    xmlElement("Location", `http://${context.host}/${encodeURIComponent(key).replaceAll("%2F", "/")}`),
    xmlElement("Key", key),
    xmlElement("ETag", `"${stored.etag}"`),
  );
  return { ...xmlReply(document, uploadedHeaders(stored)), status: 201 };
};

// biome-ignore lint/suspicious/noTemplateCurlyInString: this is how a form writes it.
const fileNamePlace = "${filename}";

/** Who signed the form's policy, and whether they may do this; without a policy it is anybody. */
const authorizeForm = (context: BucketContext, key: string): PolicyLimits | Refusal => {
  const policy = context.headers.get("policy");
  let authentication: Authentication | Refusal = { identity: undefined };
  let limits: PolicyLimits | Refusal = { minimumInBytes: 0, maximumInBytes: maximumUploadInBytes };
  if (policy !== undefined) {
    authentication = context.verify(formClaim(context.headers, policy));
    if (isRefusal(authentication)) return authentication;
    const fields = new Map([...context.headers, ["bucket", context.bucketName], ["key", key]]);
    limits = checkPolicy(policy, fields, context.now);
  }
  if (isRefusal(limits)) return limits;
  return context.may(authentication.identity, "oss:PutObject", context.bucketName, key)
    ? limits
    : refuse("AccessDenied");
};

const formClaim = (fields: ReadonlyMap<string, string>, policy: string): SignedClaim => {
  const securityToken = fields.get("x-oss-security-token");
  if (fields.has("x-oss-signature-version")) {
    const scope = readScope(fields.get("x-oss-credential") ?? "");
    return {
      accessKeyId: scope.accessKeyId,
      signature: fields.get("x-oss-signature") ?? "",
      securityToken,
      time: { kind: "in-policy" },
      region: scope.region,
      sign: (secret) => ({ signature: signTextV4(scope, secret, policy), stringToSign: policy }),
    };
  }
  return {
    accessKeyId: fields.get("ossaccesskeyid") ?? "",
    signature: fields.get("signature") ?? "",
    securityToken,
    time: { kind: "in-policy" },
    sign: (secret) => ({
      signature: createHmac("sha1", secret).update(policy).digest("base64"),
      stringToSign: policy,
    }),
  };
};
