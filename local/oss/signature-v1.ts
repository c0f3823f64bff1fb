import { createHmac } from "node:crypto";
import type { SignableRequest, SignedClaim } from "./signed-claim.ts";

/**
 * Signature version 1: HMAC-SHA1 over method, Content-MD5, Content-Type, date, the `x-oss-` headers and the resource
 * (developer guide, "Include signatures in the Authorization header" and "Add signatures to a URL").
 */
export const readV1Claim = (request: SignableRequest): SignedClaim | undefined => {
  const { headers, query } = request;
  const header = /^OSS ([^:\s]+):(\S+)$/.exec(headers.get("authorization") ?? "");
  if (header !== null) {
    const [, accessKeyId = "", signature = ""] = header;
    // A client that cannot set Date sends x-oss-date, which then stands in both places.
    const date = headers.get("x-oss-date") ?? headers.get("date") ?? "";
    return {
      accessKeyId,
      signature,
      securityToken: headers.get("x-oss-security-token"),
      time: { kind: "signed-at", at: new Date(date) },
      sign: (secret) => signV1(request, date, secret),
    };
  }
  const accessKeyId = query.get("OSSAccessKeyId");
  if (accessKeyId === undefined) return undefined;
  const expires = query.get("Expires") ?? "";
  return {
    accessKeyId,
    signature: query.get("Signature") ?? "",
    securityToken: query.get("security-token"),
    time: { kind: "expires", at: /^\d{1,12}$/.test(expires) ? new Date(Number(expires) * 1000) : new Date(Number.NaN) },
    sign: (secret) => signV1(request, expires, secret),
  };
};

const signV1 = (request: SignableRequest, date: string, secret: string) => {
  const stringToSign = stringToSignV1(request, date);
  return { signature: createHmac("sha1", secret).update(stringToSign).digest("base64"), stringToSign };
};

export const stringToSignV1 = (request: SignableRequest, date: string): string => {
  const { method, headers, bucket, key, query } = request;
  const ossHeaders = [...headers].filter(([name]) => name.startsWith("x-oss-")).sort(byName);
  const signed = [...query].filter(([name]) => subResources.has(name)).sort(byName);
  const resource = bucket === "" ? "/" : `/${bucket}/${key}`;
  const subResource = signed.map(([name, value]) => (value === "" ? name : `${name}=${value}`)).join("&");
  return [
    method,
    headers.get("content-md5") ?? "",
    headers.get("content-type") ?? "",
    date,
    ...ossHeaders.map(([name, value]) => `${name}:${value.trim()}`),
    subResource === "" ? resource : `${resource}?${subResource}`,
  ].join("\n");
};

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : a > b ? 1 : 0);

/** The query parameters that version 1 signs; the list of the official Go and Python SDKs. */
const subResources: ReadonlySet<string> = new Set(
  `acl append asyncFetch bucketInfo callback callback-var cloudboxes cname comp continuation-token cors delete encryption
  endTime img inventory inventoryId lifecycle link live location logging objectMeta partNumber policy position qos qosInfo
  referer regionList replication replicationLocation replicationProgress requestPayment response-cache-control
  response-content-disposition response-content-encoding response-content-language response-content-type
  response-expires restore security-token sequential startTime stat status style styleName symlink tagging
  transferAcceleration udf udfApplication udfApplicationLog udfId udfImage udfImageDesc udfName uploadId uploads versionId
  versioning versions vod website withHashContext worm wormExtend wormId x-oss-ac-forward-allow x-oss-ac-source-ip
  x-oss-ac-subnet-mask x-oss-ac-vpc-id x-oss-async-process x-oss-enable-md5 x-oss-enable-sha1 x-oss-enable-sha256
  x-oss-hash-ctx x-oss-md5-ctx x-oss-process x-oss-request-payer x-oss-traffic-limit`.split(/\s+/),
);
