/** Calls of Alibaba Cloud's OpenAPI through the official generic client: the generated ones cost three times its start-up. */
import * as openApi from "@alicloud/openapi-client";
import { CloudError, noAnswer, withoutRequest } from "./cloud-error.ts";
import type { Credentials } from "./ports.ts";

export interface AlibabaApiOptions {
  readonly region: string;
  readonly credentials: Credentials;
  /** Host and port, with `http://` for an unencrypted one; the region's public endpoint when empty. */
  readonly endpoint?: string;
  readonly timeoutInMilliseconds?: number;
}

export interface Api {
  readonly service: "ecs" | "fc";
  readonly version: string;
  /** The region's public endpoint. */
  readonly host: string;
}

export interface ApiCall {
  readonly action: string;
  readonly style: "RPC" | "ROA";
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

export type Body = Readonly<Record<string, unknown>>;

// The package is CommonJS: some module loaders hand over its class as the default export, others wrap it once more.
type ClientClass = typeof openApi.default.default;
const Client: ClientClass = openApi.default.default ?? (openApi.default as unknown as ClientClass);

/** A function that sends one call and resolves to the JSON object of its answer; it rejects with a CloudError. */
export function apiCaller(api: Api, options: AlibabaApiOptions): (call: ApiCall) => Promise<Body> {
  const { credentials, region, endpoint } = options;
  const { service, version, host } = api;
  const client = new Client(
    new openApi.Config({
      accessKeyId: credentials.accessKeyId,
      accessKeySecret: credentials.accessKeySecret,
      ...(credentials.securityToken ? { securityToken: credentials.securityToken } : {}),
      regionId: region,
      endpoint: (endpoint || host).replace(/^https?:\/\//, ""),
      protocol: endpoint?.startsWith("http:") ? "HTTP" : "HTTPS",
    }),
  );
  // Both clocks are socket idle times in this client, so both are set, and high: an early one reports a time-out for
  // requests that the server did process.
  const timeout = options.timeoutInMilliseconds ?? 20_000;
  return async ({ action, style, method, path, query }) => {
    const parameters = new openApi.Params({
      action,
      version,
      protocol: "HTTPS",
      pathname: path,
      method,
      authType: "AK",
      style,
      reqBodyType: style === "RPC" ? "formData" : "json",
      bodyType: "json",
    });
    const runtime = { connectTimeout: timeout, readTimeout: timeout, autoretry: false };
    try {
      const request = new openApi.OpenApiRequest({ query });
      const answer = await client.callApi(parameters, request, runtime as Parameters<typeof client.callApi>[2]);
      const body = answer["body"];
      if (typeof body !== "object" || body === null)
        throw new CloudError({
          service,
          code: noAnswer,
          message: `${action} answered without a JSON object`,
          outcomeUnknown: true,
        });
      return body as Body;
    } catch (error) {
      throw asCloudError(service, action, error);
    }
  };
}

function asCloudError(service: Api["service"], action: string, error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  const { code, data, message } = (error ?? {}) as { code?: unknown; data?: Body; message?: unknown };
  const status = typeof data?.["statusCode"] === "number" ? data["statusCode"] : undefined;
  const denied = data?.["AccessDeniedDetail"] as { AuthAction?: unknown } | undefined;
  const answered = status !== undefined && typeof code === "string" && code !== "";
  const own = typeof data?.["Message"] === "string" ? data["Message"] : String(message ?? error);
  return new CloudError({
    service,
    code: answered ? code : noAnswer,
    message: answered ? own.slice(0, 500) : `${action}: ${withoutRequest(own).slice(0, 300)}`,
    status,
    requestId: typeof data?.["RequestId"] === "string" ? data["RequestId"] : undefined,
    // After a 5xx nobody knows whether the request was processed.
    outcomeUnknown: !answered || status >= 500,
    retryAfterInMilliseconds: typeof data?.["RetryAfter"] === "number" ? data["RetryAfter"] : undefined,
    deniedAction: typeof denied?.AuthAction === "string" ? denied.AuthAction : undefined,
    cause: error,
  });
}

/** A text or number of an answer; undefined when it is neither, or empty. */
export function text(value: unknown, name: string): string | undefined {
  const found = (value as Body | undefined)?.[name];
  if (typeof found === "string" && found !== "") return found;
  return typeof found === "number" ? String(found) : undefined;
}

/** `{Task: […]}`; one sample wraps the outer object in an array; a missing list is empty. */
export function list(container: unknown, name: string): readonly Body[] {
  const outer = Array.isArray(container) ? container[0] : container;
  const items = (outer as Body | undefined)?.[name];
  return Array.isArray(items) ? items.filter((item): item is Body => typeof item === "object" && item !== null) : [];
}
