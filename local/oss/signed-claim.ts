import type { RequestHeaders } from "./request-headers.ts";

/** What a signature covers: the request as the server understood it. */
export interface SignableRequest {
  readonly method: string;
  readonly headers: RequestHeaders;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
}

export interface Signing {
  readonly signature: string;
  readonly stringToSign: string;
  /** Version 4 only. */
  readonly canonicalRequest?: string;
}

/** What a signed request claims, in any of the four forms (version 1 or 4, header or pre-signed URL). */
export interface SignedClaim {
  readonly accessKeyId: string;
  readonly signature: string;
  readonly securityToken: string | undefined;
  /** An invalid date stands for one that is missing or cannot be read. */
  readonly time:
    | { readonly kind: "signed-at" | "expires"; readonly at: Date }
    /** A form upload: its policy, which is what is signed, says until when it holds. */
    | { readonly kind: "in-policy" };
  /** The scope's region, version 4 only. */
  readonly region?: string;
  /** What the signature should be, for this secret. */
  sign(secret: string): Signing;
}
