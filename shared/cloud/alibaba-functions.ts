import { type AlibabaApiOptions, apiCaller, type Body, list, text } from "./alibaba-api.ts";
import { isCloudError } from "./cloud-error.ts";
import type { DeployedAsyncInvocation, DeployedFunction, DeployedTrigger, FunctionService } from "./ports.ts";

/** A function has ten OSS triggers at most; whoever pages for ever is not believed. */
const mostPages = 10;

/**
 * Function Compute 3.0 (API 2023-03-30) through the official generic client. Paths and members are those of
 * `@alicloud/fc20230330`; the region's endpoint is the one that Alibaba Cloud lists for that version.
 */
export function alibabaFunctions(options: AlibabaApiOptions): FunctionService {
  const api = { service: "fc", version: "2023-03-30", host: `fcv3.${options.region}.aliyuncs.com` } as const;
  const call = apiCaller(api, options);
  const get = (action: string, functionName: string, rest = "", query: Record<string, string> = {}): Promise<Body> =>
    call({
      action,
      query,
      style: "ROA",
      method: "GET",
      path: `/2023-03-30/functions/${encodeURIComponent(functionName)}${rest}`,
    });
  return {
    async describeFunction(name) {
      try {
        return deployedFunction(name, await get("GetFunction", name));
      } catch (error) {
        if (isCloudError(error) && error.code === "FunctionNotFound") return undefined;
        throw error;
      }
    },

    async listTriggers(functionName) {
      const triggers: DeployedTrigger[] = [];
      let nextToken: string | undefined;
      for (let page = 0; page < mostPages; page += 1) {
        const query: Record<string, string> = { limit: "100", ...(nextToken ? { nextToken } : {}) };
        const body = await get("ListTriggers", functionName, "/triggers", query);
        triggers.push(...list(body, "triggers").map(deployedTrigger));
        nextToken = text(body, "nextToken");
        if (nextToken === undefined) break;
      }
      return triggers;
    },

    async describeAsyncInvocation(functionName) {
      try {
        return deployedAsyncInvocation(await get("GetAsyncInvokeConfig", functionName, "/async-invoke-config"));
      } catch (error) {
        if (isCloudError(error) && error.code === "AsyncConfigNotExists") return {};
        throw error;
      }
    },
  };
}

function deployedAsyncInvocation(body: Body): DeployedAsyncInvocation {
  const retryAttempts = Number(text(body, "maxAsyncRetryAttempts"));
  const maximumAgeInSeconds = Number(text(body, "maxAsyncEventAgeInSeconds"));
  const onFailure = text(objectIn(objectIn(body["destinationConfig"])["onFailure"]), "destination");
  return {
    ...(Number.isFinite(retryAttempts) ? { retryAttempts } : {}),
    ...(Number.isFinite(maximumAgeInSeconds) ? { maximumAgeInSeconds } : {}),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

function deployedFunction(name: string, body: Body): DeployedFunction {
  const member = (ours: string, theirs: string): Record<string, string> => {
    const value = text(body, theirs);
    return value === undefined ? {} : { [ours]: value };
  };
  const timeout = Number(text(body, "timeout"));
  const trouble = text(body, "stateReason") ?? text(body, "lastUpdateStatusReason");
  return {
    name,
    ...member("arn", "functionArn"),
    ...member("runtime", "runtime"),
    ...member("handler", "handler"),
    ...member("role", "role"),
    ...member("state", "state"),
    ...member("lastUpdate", "lastUpdateStatus"),
    ...(Number.isFinite(timeout) ? { timeoutInSeconds: timeout } : {}),
    ...(trouble === undefined ? {} : { trouble }),
    environment: new Map(
      Object.entries(objectIn(body["environmentVariables"])).map(([key, value]) => [key, String(value)]),
    ),
  };
}

function deployedTrigger(body: Body): DeployedTrigger {
  const config = configOf(body["triggerConfig"]);
  const key = objectIn(objectIn(config["filter"])["key"]);
  const events = config["events"];
  const optional = (ours: string, value: string | undefined): Record<string, string> =>
    value === undefined ? {} : { [ours]: value };
  return {
    name: text(body, "triggerName") ?? "",
    type: text(body, "triggerType") ?? "",
    ...optional("sourceArn", text(body, "sourceArn")),
    ...optional("qualifier", text(body, "qualifier")),
    ...optional("schedule", text(config, "cronExpression")),
    enabled: config["enable"] !== false && !/disabled/i.test(text(body, "status") ?? ""),
    events: Array.isArray(events) ? events.map(String) : [],
    prefix: text(key, "prefix") ?? "",
    suffix: text(key, "suffix") ?? "",
  };
}

const objectIn = (value: unknown): Body =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Body) : {};

/** A text that holds JSON; taken as an object too, as other tools write it. */
function configOf(value: unknown): Body {
  if (typeof value !== "string") return objectIn(value);
  try {
    return objectIn(JSON.parse(value));
  } catch {
    return {};
  }
}
