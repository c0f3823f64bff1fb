/**
 * The signature of the FC 2.0 API (2016-08-15), as the page "Signature authentication" of the Function Compute
 * documentation and `@alicloud/fc2` compute it.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Identities, Identity } from "../wire/identities.ts";

export interface Fc2Request {
  readonly method: string;
  /** Without the query: only `/proxy/` paths, which are not served here, sign theirs. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Why a request is refused. */
export interface Fc2Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const allowedSkewInMilliseconds = 15 * 60 * 1000;

export const fc2StringToSign = ({ method, path, headers }: Omit<Fc2Request, "body">): string => {
  const text = (name: string): string => String(headers[name] ?? "");
  const fcHeaders = Object.keys(headers)
    .filter((name) => name.startsWith("x-fc-"))
    .sort()
    .map((name) => `${name}:${text(name)}\n`);
  return `${method}\n${text("content-md5")}\n${text("content-type")}\n${text("date")}\n${fcHeaders.join("")}${path}`;
};

const refusal = (status: number, code: string, message: string): Fc2Refusal => ({ status, code, message });

/** The signature covers the body only through this header, which clients write as base64 of the digest's hex text. */
const hasItsBody = ({ headers, body }: Fc2Request): boolean => {
  const given = headers["content-md5"];
  if (given === undefined) return true;
  const digest = createHash("md5").update(body);
  const bytes = digest.digest();
  return given === Buffer.from(bytes.toString("hex")).toString("base64") || given === bytes.toString("base64");
};

/** Who signed the request, or why it is refused. The codes are FC's where its error table has one. */
export const authenticateFc2 = (
  request: Fc2Request,
  { identities, now, signingNow }: { readonly identities: Identities; readonly now: Date; readonly signingNow: Date },
): Identity | Fc2Refusal => {
  const { headers } = request;
  const claim = /^FC ([^:]+):(.+)$/.exec(headers.authorization ?? "");
  if (claim === null) return refusal(400, "MissingRequiredHeader", "authorization is not `FC <key>:<signature>`");
  const [, accessKeyId = "", signature = ""] = claim;
  const sentAt = Date.parse(headers.date ?? "");
  if (Number.isNaN(sentAt)) return refusal(400, "MissingRequiredHeader", "the Date header is missing");
  if (Math.abs(sentAt - signingNow.getTime()) > allowedSkewInMilliseconds)
    return refusal(403, "RequestTimeTooSkewed", "the Date header is more than 15 minutes from the time of the server");
  const identity = identities.find(accessKeyId);
  if (identity === undefined) return refusal(403, "InvalidAccessKeyID", `the access key ${accessKeyId} does not exist`);
  if (headers["x-fc-security-token"] !== identity.securityToken)
    return refusal(403, "InvalidSecurityToken", "the security token is not the access key's");
  if (identity.expiresAt !== undefined && identity.expiresAt <= now)
    return refusal(403, "SecurityTokenExpired", "the security token has expired");
  const stringToSign = fc2StringToSign(request);
  const expected = createHmac("sha256", identity.accessKeySecret).update(stringToSign).digest();
  const given = Buffer.from(signature, "base64");
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return refusal(403, "SignatureNotMatch", `the string to sign is:\n${stringToSign}`);
  if (!hasItsBody(request)) return refusal(400, "InvalidArgument", "Content-MD5 is not the body's");
  return identity;
};
