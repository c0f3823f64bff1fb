/**
 * The HTTP API of Function Compute: InvokeFunction of FC 2.0 (2016-08-15, FC signature, `@alicloud/fc2`) and of FC 3.0
 * (2023-03-30, ACS3 signature, `@alicloud/fc20230330`), and what FC 3.0 tells of functions and their triggers:
 * ListFunctions, GetFunction, ListTriggers, GetTrigger and GetAsyncInvokeConfig.
 *
 * By design: FC 2.0 has services, which fc3 functions have not; any service name is accepted in the path. Gaps: of the
 * qualifiers only LATEST exists; every other operation, and stateful asynchronous tasks, are refused by name.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../shared/clock.ts";
import { authenticate, type Nonces } from "../ecs/authentication.ts";
import { parseRequest } from "../ecs/request.ts";
import { authorize } from "../ram/authorization.ts";
import type { Faults } from "../wire/faults.ts";
import { type Reply, readBody, withFaults } from "../wire/http-service.ts";
import type { Identities, Identity } from "../wire/identities.ts";
import { authenticateFc2 } from "./fc2-signature.ts";
import type { InvocationResult } from "./function-process.ts";
import { asyncConfigView, functionView, triggerViews } from "./function-view.ts";
import { InvocationRefused } from "./invocation-refused.ts";
import type { FunctionDefinition } from "./s-yaml.ts";

interface InvokeApiOptions {
  readonly clock: Clock;
  readonly signingClock: Clock;
  readonly identities: Identities;
  readonly nonces: Nonces;
  readonly faults: Faults;
  readonly accountId: string;
  readonly functions: readonly FunctionDefinition[];
  /** Set over the environment variables of every function. */
  readonly environment: Readonly<Record<string, string>>;
  /** @throws InvocationRefused */
  invoke(
    functionName: string,
    payload: Buffer,
    request: { readonly requestId: string; readonly async: boolean },
  ): Promise<InvocationResult>;
}

type Version = "2016-08-15" | "2023-03-30";
type ReadingOperation = keyof typeof readingPaths;

interface ApiRequest {
  readonly version: Version;
  readonly operation: "InvokeFunction" | ReadingOperation | "Unsupported";
  readonly functionName: string;
  readonly triggerName: string;
  readonly qualifier: string;
}

const invocationPaths = {
  "2016-08-15": /^\/2016-08-15\/services\/([^/]+)\/functions\/([^/]+)\/invocations$/,
  "2023-03-30": /^\/2023-03-30\/functions\/()([^/]+)\/invocations$/,
};

/** The groups: the function's name, the trigger's. */
const readingPaths = {
  ListFunctions: /^\/2023-03-30\/functions$/,
  GetFunction: /^\/2023-03-30\/functions\/([^/]+)$/,
  ListTriggers: /^\/2023-03-30\/functions\/([^/]+)\/triggers$/,
  GetTrigger: /^\/2023-03-30\/functions\/([^/]+)\/triggers\/([^/]+)$/,
  GetAsyncInvokeConfig: /^\/2023-03-30\/functions\/([^/]+)\/async-invoke-config$/,
};

/**
 * What a request asks for, by its method and path alone; undefined for a path of neither API. Names of functions have
 * letters, digits, `_` and `-` only, so there is nothing to decode.
 */
const detectApiRequest = (method: string, url: URL): ApiRequest | undefined => {
  const version = (Object.keys(invocationPaths) as Version[]).find((name) => url.pathname.startsWith(`/${name}/`));
  if (version === undefined) return undefined;
  const [, service = "", name] = invocationPaths[version].exec(url.pathname) ?? [];
  const queryQualifier = url.searchParams.get("qualifier") ?? "LATEST";
  if (method === "POST" && name !== undefined) {
    const qualifier = service.includes(".") ? service.slice(service.indexOf(".") + 1) : queryQualifier;
    return { version, operation: "InvokeFunction", functionName: name, triggerName: "", qualifier };
  }
  if (method === "GET") {
    const operations = Object.keys(readingPaths) as ReadingOperation[];
    const operation = operations.find((one) => readingPaths[one].test(url.pathname));
    if (operation !== undefined) {
      const [, functionName = "", triggerName = ""] = readingPaths[operation].exec(url.pathname) ?? [];
      return { version, operation, functionName, triggerName, qualifier: queryQualifier };
    }
  }
  return { version, operation: "Unsupported", functionName: "", triggerName: "", qualifier: queryQualifier };
};

/** Room for a synchronous payload of 32 MB and a little more, so that FC's own limit is what refuses it. */
const maximumBodyInBytes = 33 * 1024 * 1024;

const jsonReply = (
  status: number,
  requestId: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({
  status,
  headers: {
    "Content-Type": "application/json",
    "x-fc-request-id": requestId,
    "x-acs-request-id": requestId,
    ...headers,
  },
  body: Buffer.from(JSON.stringify(body)),
});

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Each API has error members of its own. */
const errorReply = (version: Version | undefined, requestId: string, problem: Problem): Reply =>
  jsonReply(
    problem.status,
    requestId,
    version === "2016-08-15"
      ? { ErrorCode: problem.code, ErrorMessage: problem.message }
      : { RequestId: requestId, Code: problem.code, Message: problem.message },
    problem.headers,
  );

export const fcInternalError = (error: unknown): Reply => {
  const message = error instanceof Error ? error.message : String(error);
  return errorReply(undefined, randomUUID(), { status: 500, code: "InternalServerError", message });
};

const invocationReply = (
  result: InvocationResult,
  definition: FunctionDefinition | undefined,
  wantsLog: boolean,
): Reply => {
  const milliseconds = result.durationInMilliseconds;
  const memory = result.peakMemoryInMiB.toFixed(2);
  const report = `Duration: ${milliseconds.toFixed(2)} ms, Billed Duration: ${Math.ceil(milliseconds)} ms, Memory Size: ${definition?.memoryInMiB ?? 0} MB, Max Memory Used: ${memory} MB`;
  return {
    status: 200,
    headers: {
      "Content-Type": "application/octet-stream",
      "x-fc-request-id": result.requestId,
      "x-acs-request-id": result.requestId,
      "x-fc-invocation-duration": String(Math.ceil(milliseconds)),
      "x-fc-max-memory-usage": memory,
      // A function's own error is a successful call of FC with this header.
      ...(result.errorType === undefined ? {} : { "x-fc-error-type": result.errorType }),
      ...(wantsLog ? { "x-fc-log-result": Buffer.from(`${result.logTail}${report}`).toString("base64") } : {}),
    },
    body: result.payload,
  };
};

export const handleInvokeApi = async (request: IncomingMessage, options: InvokeApiOptions): Promise<Reply> => {
  const requestId = randomUUID();
  const method = request.method ?? "GET";
  const url = new URL(request.url ?? "/", "http://fc");
  const asked = detectApiRequest(method, url);
  const refuse = (problem: Problem) => errorReply(asked?.version, requestId, problem);
  if (asked === undefined)
    return refuse({ status: 404, code: "PathNotSupported", message: `${url.pathname} is of no version known here` });
  const body = await readBody(request, maximumBodyInBytes);
  if (body === undefined)
    return refuse({ status: 413, code: "RequestEntityTooLarge", message: "the payload is larger than 32 MB" });
  const caller = identify(request, asked.version, method, url, body, options);
  if ("code" in caller) return refuse(caller);
  const seen = { service: "fc", operation: asked.operation, accessKeyId: caller.accessKeyId } as const;
  return withFaults(options.faults, seen, {
    refuse,
    expired: () => refuse({ status: 403, code: "SecurityTokenExpired", message: "the security token has expired" }),
    process: async () => {
      const outcome = await perform(request, asked, caller, requestId, body, options);
      return "code" in outcome ? refuse(outcome) : outcome;
    },
  });
};

const identify = (
  request: IncomingMessage,
  version: Version,
  method: string,
  url: URL,
  body: Buffer,
  { identities, nonces, clock, signingClock }: InvokeApiOptions,
): Identity | Problem => {
  const { headers } = request;
  const gate = { identities, nonces, now: clock.now(), signingNow: signingClock.now() };
  if (version === "2016-08-15") return authenticateFc2({ method, path: url.pathname, headers, body }, gate);
  const parsed = parseRequest({ method, url: request.url ?? "/", headers, body });
  return "code" in parsed ? parsed : authenticate(parsed, gate);
};

const perform = async (
  request: IncomingMessage,
  asked: ApiRequest,
  caller: Identity,
  requestId: string,
  body: Buffer,
  { functions, invoke, accountId, environment }: InvokeApiOptions,
): Promise<Reply | Problem> => {
  const { version, operation, functionName, triggerName, qualifier } = asked;
  if (operation === "Unsupported") {
    const message = `the embedded FC does not support ${request.method} ${request.url} of ${version}`;
    return { status: 400, code: "OperationNotSupported", message };
  }
  const definition = functions.find(({ name }) => name === functionName);
  const region = definition?.region ?? functions[0]?.region ?? "";
  const triggers = operation === "ListTriggers" ? "/triggers/*" : triggerName === "" ? "" : `/triggers/${triggerName}`;
  const resource = `acs:fc:${region}:${accountId}:functions/${functionName === "" ? "*" : functionName}${triggers}`;
  const view = (definition: FunctionDefinition) => functionView(definition, accountId, environment);
  // "Policies and sample policies" of the FC 3.0 documents still has this action's name of FC 2.0.
  const action = `fc:${operation === "GetAsyncInvokeConfig" ? "GetFunctionAsyncInvokeConfig" : operation}`;
  if (!authorize(caller, action, resource))
    return { status: 403, code: "AccessDenied", message: `${action} on ${resource} is not allowed` };
  if (operation === "ListFunctions") return jsonReply(200, requestId, { functions: functions.map(view) });
  if (definition === undefined)
    return { status: 404, code: "FunctionNotFound", message: `function '${functionName}' does not exist` };
  if (qualifier !== "LATEST")
    return { status: 404, code: "VersionNotFound", message: `qualifier '${qualifier}' does not exist` };
  if (operation === "GetFunction") return jsonReply(200, requestId, view(definition));
  if (operation === "ListTriggers") return jsonReply(200, requestId, { triggers: triggerViews(definition) });
  if (operation === "GetTrigger") {
    const trigger = triggerViews(definition).find((one) => one.triggerName === triggerName);
    const message = `trigger '${triggerName}' does not exist`;
    return trigger ? jsonReply(200, requestId, trigger) : { status: 404, code: "TriggerNotFound", message };
  }
  if (operation === "GetAsyncInvokeConfig") {
    const config = asyncConfigView(definition, accountId);
    const message = `function '${functionName}' has no asynchronous configuration`;
    return config ? jsonReply(200, requestId, config) : { status: 404, code: "AsyncConfigNotExists", message };
  }
  const type = request.headers["x-fc-invocation-type"] ?? "Sync";
  if (type !== "Sync" && type !== "Async")
    return { status: 400, code: "InvalidArgument", message: `x-fc-invocation-type is ${String(type)}` };
  if (
    request.headers["x-fc-stateful-async-invocation-id"] !== undefined ||
    request.headers["x-fc-async-task-id"] !== undefined
  )
    return {
      status: 400,
      code: "OperationNotSupported",
      message: "the embedded FC does not support asynchronous tasks",
    };
  try {
    const result = await invoke(functionName, body, { requestId, async: type === "Async" });
    const wantsLog = request.headers["x-fc-log-type"] === "Tail";
    return type === "Async" ? jsonReply(202, requestId, {}) : invocationReply(result, definition, wantsLog);
  } catch (error) {
    if (error instanceof InvocationRefused) return { status: error.status, code: error.code, message: error.message };
    throw error;
  }
};
