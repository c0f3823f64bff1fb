import type { Identities, Identity } from "../wire/identities.ts";
import { type Refusal, refuse } from "./errors.ts";
import type { ParsedRequest } from "./request.ts";
import { readClaim, type SignatureClaim, sameSignature } from "./signature.ts";

const allowedSkewInMilliseconds = 15 * 60 * 1000;
/** RPC v1 and ACS3 both write UTC to the second. */
const timestampForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Nonces seen within the time in which their timestamps are good. */
export type Nonces = Map<string, number>;

export interface Gate {
  readonly identities: Identities;
  readonly nonces: Nonces;
  /** By which sessions expire. */
  readonly now: Date;
  /** By which callers date their requests. */
  readonly signingNow: Date;
}

/**
 * Who sent a request, or why it is refused. Order: form, timestamp, key, token, signature, nonce. The nonce comes last,
 * so that a forged request cannot use up somebody's nonce.
 */
export const authenticate = (request: ParsedRequest, gate: Gate): Identity | Refusal => {
  if (request.scheme === "rpc-v1" && !request.parameters.has("Signature")) return refuse("MissingAccessKeyId");
  const claim = readClaim(request);
  if ("problem" in claim) return refuse("IncompleteSignature", claim.problem);
  if (claim.accessKeyId === "" || claim.nonce === "" || claim.signature === "")
    return refuse("IncompleteSignature", "the key, the nonce or the signature is missing");
  const mistimed = checkTime(claim.timestamp, gate.signingNow);
  if (mistimed !== undefined) return mistimed;
  const identity = gate.identities.find(claim.accessKeyId);
  if (identity === undefined) return refuse("InvalidAccessKeyId.NotFound");
  const badToken = checkToken(identity, claim, gate.now);
  if (badToken !== undefined) return badToken;
  if (!sameSignature(claim.signature, claim.sign(identity.accessKeySecret)))
    return refuse("SignatureDoesNotMatch", `server string to sign is:\n${claim.stringToSign}`);
  return useNonce(gate, claim) ? identity : refuse("SignatureNonceUsed");
};

const checkTime = (timestamp: string, now: Date): Refusal | undefined => {
  const time = timestampForm.test(timestamp) ? Date.parse(timestamp) : Number.NaN;
  if (Number.isNaN(time)) return refuse("InvalidTimeStamp.Format");
  if (time < now.getTime() - allowedSkewInMilliseconds) return refuse("InvalidTimeStamp.Expired");
  if (time > now.getTime() + allowedSkewInMilliseconds) return refuse("IllegalTimestamp");
  return undefined;
};

const checkToken = (identity: Identity, claim: SignatureClaim, now: Date): Refusal | undefined => {
  if (identity.securityToken !== undefined && claim.securityToken === undefined) return refuse("MissingSecurityToken");
  if (identity.securityToken !== claim.securityToken) return refuse("InvalidSecurityToken.MismatchWithAccessKey");
  if (identity.expiresAt !== undefined && identity.expiresAt <= now) return refuse("InvalidSecurityToken.Expired");
  return undefined;
};

/** False when the nonce was used. It is kept until its timestamp is too old to be used again. */
const useNonce = ({ nonces, signingNow }: Gate, claim: SignatureClaim): boolean => {
  const name = `${claim.accessKeyId} ${claim.nonce}`;
  if (nonces.has(name)) return false;
  // A map keeps the order of insertion and all live equally long, so the dead ones come first.
  for (const [old, until] of nonces) {
    if (until >= signingNow.getTime()) break;
    nonces.delete(old);
  }
  nonces.set(name, signingNow.getTime() + 2 * allowedSkewInMilliseconds);
  return true;
};
