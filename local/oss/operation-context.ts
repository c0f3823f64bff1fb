import type { IncomingMessage } from "node:http";
import type { Reply } from "../wire/http-service.ts";
import type { Identity } from "../wire/identities.ts";
import type { Authentication } from "./authentication.ts";
import type { Refusal } from "./errors.ts";
import type { EventFacts } from "./events.ts";
import type { MultipartUploads } from "./multipart-uploads.ts";
import type { ObjectStore, StoredBucket } from "./object-store.ts";
import type { RequestHeaders } from "./request-headers.ts";
import type { SignedClaim } from "./signed-claim.ts";

/** What an operation may use: the request as it was understood, who sent it, and the store. */
export interface OperationContext {
  readonly request: IncomingMessage;
  readonly headers: RequestHeaders;
  readonly query: ReadonlyMap<string, string>;
  readonly bucketName: string;
  /** Empty on the bucket itself. */
  readonly key: string;
  readonly host: string;
  /** The account that the request speaks for; the bucket's owner when it is anonymous. */
  readonly accountId: string;
  readonly identity: Identity | undefined;
  readonly now: Date;
  readonly store: ObjectStore;
  readonly uploads: MultipartUploads;
  /** How long a RestoreObject takes on the clock. */
  readonly restoreSeconds: number;
  /** The region of a bucket that is made by request. */
  readonly region: string;
  /** Whether somebody may do something else than the operation itself, such as read a copy's source. */
  may(identity: Identity | undefined, action: string, bucket: string, key: string): boolean;
  /** Who made a signature that is not the request's own: that of a form. */
  verify(claim: SignedClaim): Authentication | Refusal;
}

export interface BucketContext extends OperationContext {
  readonly bucket: StoredBucket;
  emit(facts: EventFacts): void;
}

export type Outcome = Promise<Reply | Refusal>;

/** The action is what RAM policies name; `needs` says what has to exist before `run` is called. */
export type Operation =
  | { readonly needs: "nothing"; readonly action: string; run(context: OperationContext): Outcome }
  | { readonly needs: "bucket"; readonly action: string; run(context: BucketContext): Outcome };

export const xmlReply = (document: string, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status: 200,
  headers: { "Content-Type": "application/xml", ...headers },
  body: Buffer.from(document),
});

export const emptyReply = (status: number, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers,
});

/** Object times have whole seconds. */
export const wholeSeconds = (time: Date): string => new Date(Math.floor(time.getTime() / 1000) * 1000).toISOString();
