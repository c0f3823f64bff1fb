/** The two signature schemes of RPC-style services, as `@alicloud/openapi-core` and the older SDKs compute them. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { canonicalQuery, encodeStrictly } from "./percent-encoding.ts";
import { header, type ParsedRequest } from "./request.ts";

/** What a request says about its own signature, and what the server would have signed. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  readonly securityToken: string | undefined;
  readonly nonce: string;
  readonly timestamp: string;
  readonly signature: string;
  /** What a developer compares when signatures differ. */
  readonly stringToSign: string;
  /** The signature that the holder of `secret` would have given. */
  sign(secret: string): string;
}

/** A sentence about the part that is missing or wrong. */
export interface MalformedClaim {
  readonly problem: string;
}

export const readClaim = (request: ParsedRequest): SignatureClaim | MalformedClaim =>
  request.scheme === "acs3" ? readAcs3(request) : readRpcV1(request);

const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

/** What the server acts on must be signed; which other headers are is the client's choice. */
const mustBeSigned = [
  "host",
  "x-acs-action",
  "x-acs-version",
  "x-acs-date",
  "x-acs-signature-nonce",
  "x-acs-content-sha256",
  "x-acs-security-token",
];

const readAcs3 = (request: ParsedRequest): SignatureClaim | MalformedClaim => {
  const authorization = /^ACS3-HMAC-SHA256 +(.+)$/.exec(header(request, "authorization") ?? "")?.[1];
  if (authorization === undefined) return { problem: "the Authorization header is not ACS3-HMAC-SHA256" };
  const parts = new Map(
    authorization.split(",").map((part) => {
      const equals = part.indexOf("=");
      return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
    }),
  );
  const signedNames = (parts.get("SignedHeaders") ?? "").toLowerCase().split(";");
  const unsigned = mustBeSigned.find((name) => header(request, name) !== undefined && !signedNames.includes(name));
  if (unsigned !== undefined) return { problem: `the header ${unsigned} is not signed` };
  const contentHash = header(request, "x-acs-content-sha256");
  if (contentHash !== sha256(request.body)) return { problem: "x-acs-content-sha256 is not the body's" };
  const canonicalRequest = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...signedNames.map((name) => `${name}:${(header(request, name) ?? "").trim()}`),
    "",
    signedNames.join(";"),
    contentHash,
  ].join("\n");
  const stringToSign = `ACS3-HMAC-SHA256\n${sha256(canonicalRequest)}`;
  return {
    accessKeyId: parts.get("Credential") ?? "",
    securityToken: header(request, "x-acs-security-token"),
    nonce: header(request, "x-acs-signature-nonce") ?? "",
    timestamp: header(request, "x-acs-date") ?? "",
    signature: parts.get("Signature") ?? "",
    stringToSign: `${stringToSign}\nserver CanonicalRequest is:\n${canonicalRequest}`,
    sign: (secret) => createHmac("sha256", secret).update(stringToSign).digest("hex"),
  };
};

const readRpcV1 = ({ method, parameters }: ParsedRequest): SignatureClaim | MalformedClaim => {
  const signatureMethod = parameters.get("SignatureMethod");
  if (signatureMethod !== "HMAC-SHA1") return { problem: "SignatureMethod is not HMAC-SHA1" };
  const signed = canonicalQuery([...parameters].filter(([name]) => name !== "Signature"));
  const stringToSign = `${method}&%2F&${encodeStrictly(signed)}`;
  return {
    accessKeyId: parameters.get("AccessKeyId") ?? "",
    securityToken: parameters.get("SecurityToken"),
    nonce: parameters.get("SignatureNonce") ?? "",
    timestamp: parameters.get("Timestamp") ?? "",
    signature: parameters.get("Signature") ?? "",
    stringToSign,
    sign: (secret) => createHmac("sha1", `${secret}&`).update(stringToSign).digest("base64"),
  };
};

/** Compares in time that does not depend on where the texts differ. */
export const sameSignature = (given: string, expected: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
};
