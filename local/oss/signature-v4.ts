import { createHash, createHmac } from "node:crypto";
import type { SignableRequest, SignedClaim, Signing } from "./signed-claim.ts";

/**
 * Signature version 4, `OSS4-HMAC-SHA256` (developer guide, "Include a V4 signature in the Authorization header" and
 * "Add a V4 signature to a URL"). Host is not signed; the canonical URI is always `/<bucket>/<key>`, in path style too.
 */
const algorithm = "OSS4-HMAC-SHA256";

interface Scope {
  readonly accessKeyId: string;
  readonly day: string;
  readonly region: string;
  readonly product: string;
}

export const readV4Claim = (request: SignableRequest): SignedClaim | undefined => {
  const { headers, query } = request;
  const authorization = headers.get("authorization");
  if (authorization?.startsWith(`${algorithm} `)) {
    const fields = new Map(
      authorization
        .slice(algorithm.length + 1)
        .split(",")
        .map(nameAndValue),
    );
    // Without x-oss-date the Date header is signed as it stands (ossutil does this).
    const date = headers.get("x-oss-date") ?? headers.get("date") ?? "";
    return claim(request, {
      credential: fields.get("Credential") ?? "",
      additional: fields.get("AdditionalHeaders") ?? "",
      signature: fields.get("Signature") ?? "",
      securityToken: headers.get("x-oss-security-token"),
      date,
      time: { kind: "signed-at", at: parseDate(date) },
    });
  }
  if (query.get("x-oss-signature-version") !== algorithm) return undefined;
  const date = query.get("x-oss-date") ?? "";
  const expires = Number(query.get("x-oss-expires") ?? Number.NaN);
  const isAllowed = Number.isInteger(expires) && expires >= 1 && expires <= maximumExpiryInSeconds;
  return claim(request, {
    credential: query.get("x-oss-credential") ?? "",
    additional: query.get("x-oss-additional-headers") ?? "",
    signature: query.get("x-oss-signature") ?? "",
    securityToken: query.get("x-oss-security-token"),
    date,
    time: { kind: "expires", at: new Date(isAllowed ? parseDate(date).getTime() + expires * 1000 : Number.NaN) },
  });
};

/** Seven days. */
const maximumExpiryInSeconds = 604_800;

const nameAndValue = (field: string): [string, string] => {
  const at = field.indexOf("=");
  return [field.slice(0, at).trim(), field.slice(at + 1).trim()];
};

/** `20261123T103336Z`, or an HTTP date. */
const parseDate = (date: string): Date => {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (match === null) return new Date(date);
  const [, year, month, day, hour, minute, second] = match;
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
};

const claim = (
  request: SignableRequest,
  given: {
    readonly credential: string;
    readonly additional: string;
    readonly signature: string;
    readonly securityToken: string | undefined;
    readonly date: string;
    readonly time: SignedClaim["time"];
  },
): SignedClaim => {
  const scope = readScope(given.credential);
  return {
    accessKeyId: scope.accessKeyId,
    signature: given.signature,
    securityToken: given.securityToken,
    time: given.time,
    region: scope.region,
    sign: (secret) => signV4(request, scope, given.date, given.additional, secret),
  };
};

/** `<access key>/<day>/<region>/<product>/aliyun_v4_request` */
export const readScope = (credential: string): Scope => {
  const [accessKeyId = "", day = "", region = "", product = ""] = credential.split("/");
  return { accessKeyId, day, region, product };
};

const signV4 = (request: SignableRequest, scope: Scope, date: string, additional: string, secret: string): Signing => {
  const additionalHeaders = additional.split(";").filter((name) => name !== "");
  const canonicalRequest = canonicalRequestV4(request, additionalHeaders);
  const scopePath = `${scope.day}/${scope.region}/${scope.product}/aliyun_v4_request`;
  const hash = createHash("sha256").update(canonicalRequest).digest("hex");
  const stringToSign = [algorithm, date, scopePath, hash].join("\n");
  return { signature: signTextV4(scope, secret, stringToSign), stringToSign, canonicalRequest };
};

/** The signature of any text by a secret, for one day, region and product. */
export const signTextV4 = (scope: Omit<Scope, "accessKeyId">, secret: string, text: string): string => {
  const key = [scope.day, scope.region, scope.product, "aliyun_v4_request"].reduce<Buffer | string>(
    (previous, part) => hmac(previous, part),
    `aliyun_v4${secret}`,
  );
  return hmac(key, text).toString("hex");
};

const hmac = (key: Buffer | string, data: string): Buffer => createHmac("sha256", key).update(data).digest();

export const canonicalRequestV4 = (request: SignableRequest, additionalHeaders: readonly string[]): string => {
  const { method, headers, bucket, key, query } = request;
  const names = additionalHeaders.map((name) => name.toLowerCase()).sort();
  const signedHeaders = [...headers]
    .filter(([name]) => isAlwaysSigned(name) || names.includes(name))
    .sort(byName)
    .map(([name, value]) => `${name}:${value.trim()}\n`);
  const parameters = [...query]
    .filter(([name]) => name !== "x-oss-signature")
    .map(([name, value]): [string, string] => [encode(name), encode(value)])
    .sort(byName)
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`));
  return [
    method,
    encode(bucket === "" ? "/" : `/${bucket}/${key}`).replaceAll("%2F", "/"),
    parameters.join("&"),
    signedHeaders.join(""),
    names.join(";"),
    headers.get("x-oss-content-sha256") ?? "UNSIGNED-PAYLOAD",
  ].join("\n");
};

const isAlwaysSigned = (name: string): boolean =>
  name === "content-type" || name === "content-md5" || name.startsWith("x-oss-");

/** RFC 3986: nothing but letters, digits and `-_.~` stays as it is. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : a > b ? 1 : 0);
