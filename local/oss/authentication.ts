import { timingSafeEqual } from "node:crypto";
import type { Identities, Identity } from "../wire/identities.ts";
import { type Refusal, refuse } from "./errors.ts";
import { readV1Claim } from "./signature-v1.ts";
import { readV4Claim } from "./signature-v4.ts";
import type { SignableRequest, SignedClaim } from "./signed-claim.ts";

/** More than this between the request's time and the server's is refused (error RequestTimeTooSkewed). */
const maximumSkewInMilliseconds = 15 * 60 * 1000;

export interface Authentication {
  /** Absent for an anonymous request, which only a public bucket answers. */
  readonly identity: Identity | undefined;
}

export interface Expected {
  readonly identities: Identities;
  readonly now: Date;
  /** What the date of a request is compared with; `now` when absent. */
  readonly signingNow?: Date;
  /** What the scope of a version 4 signature must name. */
  readonly region: string;
}

/** Who signed the request. */
export const authenticate = (request: SignableRequest, expected: Expected): Authentication | Refusal => {
  const claim = readV4Claim(request) ?? readV1Claim(request);
  if (claim === undefined) {
    if (!request.headers.has("authorization")) return { identity: undefined };
    return refuse("InvalidArgument", { message: "The Authorization header is not valid." });
  }
  return verifyClaim(claim, expected);
};

/** Checked in this order: key, token, time, region of the scope, signature. */
export const verifyClaim = (claim: SignedClaim, expected: Expected): Authentication | Refusal => {
  const identity = expected.identities.find(claim.accessKeyId);
  if (identity === undefined) {
    return refuse("InvalidAccessKeyId", { details: { OSSAccessKeyId: claim.accessKeyId } });
  }
  const refusal =
    checkToken(claim, identity, expected.now) ??
    checkTime(claim, expected.signingNow ?? expected.now) ??
    checkRegion(claim, expected.region);
  if (refusal !== undefined) return refusal;
  const signing = claim.sign(identity.accessKeySecret);
  if (isSame(signing.signature, claim.signature)) return { identity };
  return refuse("SignatureDoesNotMatch", {
    details: {
      OSSAccessKeyId: claim.accessKeyId,
      SignatureProvided: claim.signature,
      StringToSign: signing.stringToSign,
      ...(signing.canonicalRequest === undefined ? {} : { CanonicalRequest: signing.canonicalRequest }),
    },
  });
};

const checkToken = (claim: SignedClaim, identity: Identity, now: Date): Refusal | undefined => {
  if (claim.securityToken !== identity.securityToken) {
    // A session's key does not exist without its token.
    return claim.securityToken === undefined
      ? refuse("InvalidAccessKeyId", { details: { OSSAccessKeyId: claim.accessKeyId } })
      : refuse("InvalidSecurityToken");
  }
  const isExpired = identity.expiresAt !== undefined && identity.expiresAt <= now;
  return isExpired ? refuse("SecurityTokenExpired") : undefined;
};

const checkTime = (claim: SignedClaim, now: Date): Refusal | undefined => {
  if (claim.time.kind === "in-policy") return undefined;
  const { kind, at } = claim.time;
  if (Number.isNaN(at.getTime())) {
    return kind === "expires"
      ? refuse("InvalidArgument", { message: "The expiry of the pre-signed URL is not valid." })
      : refuse("AccessDenied", { message: "OSS authentication requires a valid Date." });
  }
  if (kind === "expires") {
    if (at > now) return undefined;
    return refuse("AccessDenied", { message: "Request has expired.", details: timesOf(at, now) });
  }
  const skew = Math.abs(at.getTime() - now.getTime());
  return skew > maximumSkewInMilliseconds
    ? refuse("RequestTimeTooSkewed", {
        details: { MaxAllowedSkewMilliseconds: String(maximumSkewInMilliseconds), ...timesOf(at, now) },
      })
    : undefined;
};

const timesOf = (request: Date, server: Date) => ({
  RequestTime: request.toISOString(),
  ServerTime: server.toISOString(),
});

const checkRegion = (claim: SignedClaim, region: string): Refusal | undefined =>
  claim.region === undefined || claim.region === region
    ? undefined
    : refuse("InvalidArgument", {
        message: `Invalid signing region in Authorization header: ${claim.region}, expected ${region}.`,
      });

const isSame = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};
