import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Reply, withFaults } from "../wire/http-service.ts";
import { mayAccess } from "./access.ts";
import { authenticate, type Expected, verifyClaim } from "./authentication.ts";
import { type ErrorContext, errorReply, isRefusal, type Refusal, refusalReply, refuse } from "./errors.ts";
import type { EventFacts } from "./events.ts";
import { isValidKey } from "./object-key.ts";
import type { StoredBucket } from "./object-store.ts";
import { detectOperation } from "./operation.ts";
import type { OperationContext } from "./operation-context.ts";
import { askedInside, operations } from "./operations.ts";
import { readHeaders, screenHeaders } from "./request-headers.ts";
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
  const method = request.method ?? "";
  const hasCopySource = headers.has("x-oss-copy-source");
  const operation = detectOperation({ method, ...target, hasCopySource });
  if (isRefusal(operation)) return operation;
  const { bucket: bucketName, key, query } = target;
  if (key !== "" && !isValidKey(key)) return refuse("InvalidObjectName", { details: { ObjectName: key } });
  const screened = screenHeaders(method, headers);
  if (screened !== undefined) return screened;

  const now = service.clock.now();
  const bucket = service.store.buckets.get(bucketName);
  const region = target.hostRegion ?? bucket?.settings.region ?? service.region;
  const signable = { method, headers, bucket: bucketName, key, query };
  const signingNow = (service.signingClock ?? service.clock).now();
  const expected: Expected = { identities: service.identities, now, signingNow, region };
  const authentication = authenticate(signable, expected);
  if (isRefusal(authentication)) return authentication;
  const { identity } = authentication;

  const { authorize, store } = service;
  const may: OperationContext["may"] = (who, action, name, itsKey) =>
    mayAccess({ identity: who, action, bucketName: name, key: itsKey, bucket: store.buckets.get(name) }, authorize);
  const definition = operations[operation];
  if (definition.needs === "bucket" && bucket === undefined) {
    return refuse("NoSuchBucket", { details: { BucketName: bucketName } });
  }
  if (bucket !== undefined && target.hostRegion !== undefined && target.hostRegion !== bucket.settings.region) {
    return wrongEndpoint(bucket);
  }
  if (definition.action !== askedInside && !may(identity, definition.action, bucketName, key))
    return refuse("AccessDenied");

  const caller: EventCaller = {
    requestId: errors.requestId,
    sourceIPAddress: request.socket.remoteAddress ?? "127.0.0.1",
    principalId: identity?.accountId ?? "anonymous",
  };
  const context: OperationContext = {
    request,
    headers,
    query,
    bucketName,
    key,
    host: target.host,
    accountId: identity?.accountId ?? service.accountId,
    identity,
    now,
    store,
    uploads: service.uploads,
    restoreSeconds: service.restoreSeconds,
    region: service.region,
    may,
    verify: (claim) => verifyClaim(claim, expected),
  };
  const run = async (): Promise<Reply> => {
    const outcome =
      definition.needs === "nothing"
        ? await definition.run(context)
        : bucket === undefined
          ? refuse("NoSuchBucket")
          : await definition.run({ ...context, bucket, emit: (facts) => service.emit(facts, bucket, caller) });
    return isRefusal(outcome) ? refusalReply(outcome, errors) : outcome;
  };
  const seen = { service: "oss", operation, accessKeyId: identity?.accessKeyId, bucket: bucketName, key } as const;
  return withFaults(service.faults, seen, {
    refuse: (fault) => errorReply(fault, errors),
    expired: () => refusalReply(refuse("SecurityTokenExpired"), errors),
    process: run,
  });
};

const wrongEndpoint = ({ settings }: StoredBucket): Refusal =>
  refuse("AccessDenied", {
    message: "The bucket you are attempting to access must be addressed using the specified endpoint.",
    details: { Bucket: settings.name, Endpoint: `oss-${settings.region}.aliyuncs.com` },
  });

export const newRequestId = (): string => randomBytes(12).toString("hex").toUpperCase();

export const internalError = (): Reply =>
  refusalReply(refuse("InternalError"), { requestId: newRequestId(), hostId: "127.0.0.1", isHead: false });
