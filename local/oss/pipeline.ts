import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Reply, withFaults } from "../wire/http-service.ts";
import { mayAccess } from "./access.ts";
import { authenticate, type Expected, verifyClaim } from "./authentication.ts";
import { type ErrorContext, errorReply, isRefusal, type Refusal, refusalReply, refuse } from "./errors.ts";
import type { EventFacts } from "./events.ts";
import { isValidKey } from "./object-key.ts";
import type { StoredBucket } from "./object-store.ts";
import { detectOperation, type OssOperation } from "./operation.ts";
import type { Operation, OperationContext } from "./operation-context.ts";
import { askedInside, operations } from "./operations.ts";
import { type RequestHeaders, readHeaders, screenHeaders } from "./request-headers.ts";
import { type RequestTarget, resolveTarget } from "./request-target.ts";
import type { OssServerOptions } from "./server.ts";

interface EventCaller {
  readonly requestId: string;
  readonly sourceIPAddress: string;
  readonly principalId: string;
}

/** What the pipeline needs of the server. */
export interface Service
  extends Pick<
      OssServerOptions,
      "clock" | "signingClock" | "identities" | "faults" | "region" | "accountId" | "authorize"
    >,
    Pick<OperationContext, "store" | "uploads" | "restoreSeconds"> {
  emit(facts: EventFacts, bucket: StoredBucket, caller: EventCaller): void;
}

/** One request: resolve the bucket, name the operation, screen headers, authenticate, authorize, run. */
export const answerRequest = async (service: Service, request: IncomingMessage): Promise<Reply> => {
  const started = performance.now();
  const requestId = newRequestId();
  const hostId = request.headers.host ?? "127.0.0.1";
  const errors: ErrorContext = { requestId, hostId, isHead: request.method === "HEAD" };
  const target = resolveTarget(request.headers.host, request.url ?? "/");
  const outcome = isRefusal(target) ? target : await perform(service, request, target, errors);
  const reply = isRefusal(outcome) ? refusalReply(outcome, errors) : outcome;
  const took = Math.round(performance.now() - started);
  return {
    ...reply,
    headers: {
      Server: "AliyunOSS",
      "x-oss-request-id": requestId,
      "x-oss-server-time": String(took),
      ...reply.headers,
    },
  };
};

const perform = async (
  service: Service,
  request: IncomingMessage,
  target: RequestTarget,
  errors: ErrorContext,
): Promise<Reply | Refusal> => {
  const headers = readHeaders(request);
  const operation = understand(request.method ?? "", target, headers);
  if (isRefusal(operation)) return operation;
  const definition = operations[operation];
  const context = identify(service, request, target, headers);
  if (isRefusal(context)) return context;
  const bucket = service.store.buckets.get(target.bucket);
  const refusal = admit(context, definition, bucket, target.hostRegion);
  if (refusal !== undefined) return refusal;

  const { bucketName, key, identity } = context;
  const emit = (facts: EventFacts): void => {
    if (bucket === undefined) return;
    service.emit(facts, bucket, {
      requestId: errors.requestId,
      sourceIPAddress: request.socket.remoteAddress ?? "127.0.0.1",
      principalId: identity?.accountId ?? "anonymous",
    });
  };
  const run = async (): Promise<Reply> => {
    const outcome = await runOperation(definition, context, bucket, emit);
    return isRefusal(outcome) ? refusalReply(outcome, errors) : outcome;
  };
  const seen = { service: "oss", operation, accessKeyId: identity?.accessKeyId, bucket: bucketName, key } as const;
  return withFaults(service.faults, seen, {
    refuse: (fault) => errorReply(fault, errors),
    expired: () => refusalReply(refuse("SecurityTokenExpired"), errors),
    process: run,
  });
};

/** The operation, if the request means one that this server can carry out as it is asked to. */
const understand = (method: string, target: RequestTarget, headers: RequestHeaders): OssOperation | Refusal => {
  const operation = detectOperation({ method, ...target, hasCopySource: headers.has("x-oss-copy-source") });
  if (isRefusal(operation)) return operation;
  const { key } = target;
  if (key !== "" && !isValidKey(key)) return refuse("InvalidObjectName", { details: { ObjectName: key } });
  return screenHeaders(method, headers) ?? operation;
};

/** Who asks, and with that everything that an operation may use. */
const identify = (
  service: Service,
  request: IncomingMessage,
  { bucket: bucketName, key, query, host, hostRegion }: RequestTarget,
  headers: RequestHeaders,
): OperationContext | Refusal => {
  const { store, uploads, restoreSeconds, identities, authorize } = service;
  const now = service.clock.now();
  const region = hostRegion ?? store.buckets.get(bucketName)?.settings.region ?? service.region;
  const expected: Expected = { identities, now, signingNow: (service.signingClock ?? service.clock).now(), region };
  const signable = { method: request.method ?? "", headers, bucket: bucketName, key, query };
  const authentication = authenticate(signable, expected);
  if (isRefusal(authentication)) return authentication;
  const { identity } = authentication;
  return {
    request,
    headers,
    query,
    bucketName,
    key,
    host,
    accountId: identity?.accountId ?? service.accountId,
    identity,
    now,
    store,
    uploads,
    restoreSeconds,
    region: service.region,
    may: (who, action, name, itsKey) =>
      mayAccess({ identity: who, action, bucketName: name, key: itsKey, bucket: store.buckets.get(name) }, authorize),
    verify: (claim) => verifyClaim(claim, expected),
  };
};

/** Whether the bucket is there, was addressed in its own region, and may be used so. */
const admit = (
  context: OperationContext,
  { needs, action }: Operation,
  bucket: StoredBucket | undefined,
  hostRegion: string | undefined,
): Refusal | undefined => {
  const { bucketName, key, identity } = context;
  if (needs === "bucket" && bucket === undefined) return noSuchBucket(bucketName);
  if (bucket !== undefined && hostRegion !== undefined && hostRegion !== bucket.settings.region) {
    return wrongEndpoint(bucket);
  }
  const isAllowed = action === askedInside || context.may(identity, action, bucketName, key);
  return isAllowed ? undefined : refuse("AccessDenied");
};

const runOperation = async (
  operation: Operation,
  context: OperationContext,
  bucket: StoredBucket | undefined,
  emit: (facts: EventFacts) => void,
): Promise<Reply | Refusal> => {
  if (operation.needs === "nothing") return operation.run(context);
  return bucket === undefined ? noSuchBucket(context.bucketName) : operation.run({ ...context, bucket, emit });
};

const noSuchBucket = (name: string): Refusal => refuse("NoSuchBucket", { details: { BucketName: name } });

const wrongEndpoint = ({ settings }: StoredBucket): Refusal =>
  refuse("AccessDenied", {
    message: "The bucket you are attempting to access must be addressed using the specified endpoint.",
    details: { Bucket: settings.name, Endpoint: `oss-${settings.region}.aliyuncs.com` },
  });

export const newRequestId = (): string => randomBytes(12).toString("hex").toUpperCase();

export const internalError = (): Reply =>
  refusalReply(refuse("InternalError"), { requestId: newRequestId(), hostId: "127.0.0.1", isHead: false });
