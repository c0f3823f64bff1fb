import * as openApi from "@alicloud/openapi-client";
import { wireParameters } from "../importing/import-request.ts";
import { CloudError, isCloudError, noAnswer, withoutRequest } from "./cloud-error.ts";
import type { Credentials, Image, ImageCheckItem, ImageQuery, ImageService, Task, TaskDetails } from "./ports.ts";

export interface AlibabaImagesOptions {
  readonly region: string;
  readonly credentials: Credentials;
  /** Host and port, with `http://` for an unencrypted one; the region's public endpoint when empty. */
  readonly endpoint?: string;
  readonly timeoutInMilliseconds?: number;
}

/** Every image status that ECS publishes: without this list DescribeImages shows available images only. */
const everyStatus = "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated";

/**
 * ECS through the official generic client: the generated one costs three times its start-up. Parameter names and wire
 * form are held to the generated client's by a test.
 */
export function alibabaImages(options: AlibabaImagesOptions): ImageService {
  const call = ecsCaller(options);
  const RegionId = options.region;
  return {
    async importImage(request) {
      const body = await call("ImportImage", wireParameters(request));
      const imageId = text(body, "ImageId");
      // A sample of 2021 calls it ImportTaskId.
      const taskId = text(body, "TaskId") ?? text(body, "ImportTaskId");
      if (!imageId || !taskId) throw unreadable("ImportImage answered without ImageId and TaskId");
      return { imageId, taskId, requestId: text(body, "RequestId") ?? "" };
    },

    async describeTasks(query) {
      const selection =
        "taskIds" in query
          ? { TaskIds: query.taskIds.join(",") }
          : { "ResourceIds.1": query.imageId, TaskAction: "ImportImage" };
      const body = await call("DescribeTasks", { RegionId, PageSize: "100", PageNumber: "1", ...selection });
      return list(body["TaskSet"], "Task").map(task);
    },

    async describeTask(taskId) {
      try {
        return taskDetails(await call("DescribeTaskAttribute", { RegionId, TaskId: taskId }));
      } catch (error) {
        if (isCloudError(error) && error.code === "InvalidTaskId.NotFound") return undefined;
        throw error;
      }
    },

    async describeImages(query) {
      const body = await call("DescribeImages", {
        RegionId,
        PageSize: "100",
        Status: everyStatus,
        ...imageSelection(query),
      });
      return list(body["Images"], "Image").map(image);
    },

    async cancelTask(taskId) {
      await call("CancelTask", { RegionId, TaskId: taskId });
    },
  };
}

// The package is CommonJS: some module loaders hand over its class as the default export, others wrap it once more.
type ClientClass = typeof openApi.default.default;
const Client: ClientClass = openApi.default.default ?? (openApi.default as unknown as ClientClass);

type Body = Readonly<Record<string, unknown>>;

function ecsCaller(options: AlibabaImagesOptions): (action: string, query: Record<string, string>) => Promise<Body> {
  const { credentials, region, endpoint } = options;
  const client = new Client(
    new openApi.Config({
      accessKeyId: credentials.accessKeyId,
      accessKeySecret: credentials.accessKeySecret,
      ...(credentials.securityToken ? { securityToken: credentials.securityToken } : {}),
      regionId: region,
      endpoint: (endpoint || `ecs.${region}.aliyuncs.com`).replace(/^https?:\/\//, ""),
      protocol: endpoint?.startsWith("http:") ? "HTTP" : "HTTPS",
    }),
  );
  // Both clocks are socket idle times in this client, so both are set, and high: an early one reports a time-out for
  // requests that the server did process.
  const timeout = options.timeoutInMilliseconds ?? 20_000;
  return async (action, query) => {
    const parameters = new openApi.Params({
      action,
      version: "2014-05-26",
      protocol: "HTTPS",
      pathname: "/",
      method: "POST",
      authType: "AK",
      style: "RPC",
      reqBodyType: "formData",
      bodyType: "json",
    });
    const runtime = { connectTimeout: timeout, readTimeout: timeout, autoretry: false };
    try {
      const request = new openApi.OpenApiRequest({ query });
      const answer = await client.callApi(parameters, request, runtime as Parameters<typeof client.callApi>[2]);
      const body = answer["body"];
      if (typeof body !== "object" || body === null) throw unreadable(`${action} answered without a JSON object`);
      return body as Body;
    } catch (error) {
      throw asCloudError(action, error);
    }
  };
}

function asCloudError(action: string, error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  const { code, data, message } = (error ?? {}) as { code?: unknown; data?: Body; message?: unknown };
  const status = typeof data?.["statusCode"] === "number" ? data["statusCode"] : undefined;
  const denied = data?.["AccessDeniedDetail"] as { AuthAction?: unknown } | undefined;
  const answered = status !== undefined && typeof code === "string" && code !== "";
  const own = typeof data?.["Message"] === "string" ? data["Message"] : String(message ?? error);
  return new CloudError({
    service: "ecs",
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

const unreadable = (message: string): CloudError =>
  new CloudError({ service: "ecs", code: noAnswer, message, outcomeUnknown: true });

function imageSelection(query: ImageQuery): Record<string, string> {
  if ("imageIds" in query) return { ImageId: query.imageIds.join(",") };
  if ("imageName" in query) return { ImageName: query.imageName, ImageOwnerAlias: "self" };
  return { "Tag.1.Key": query.tag.key, "Tag.1.Value": query.tag.value, ImageOwnerAlias: "self" };
}

function text(value: unknown, name: string): string | undefined {
  const found = (value as Body | undefined)?.[name];
  if (typeof found === "string" && found !== "") return found;
  return typeof found === "number" ? String(found) : undefined;
}

/** `{Task: […]}`; one sample wraps the outer object in an array; a missing list is empty. */
function list(container: unknown, name: string): readonly Body[] {
  const outer = Array.isArray(container) ? container[0] : container;
  const items = (outer as Body | undefined)?.[name];
  return Array.isArray(items) ? items.filter((item): item is Body => typeof item === "object" && item !== null) : [];
}

const task = (body: Body): Task => ({
  taskId: text(body, "TaskId") ?? "",
  status: text(body, "TaskStatus") ?? "",
  imageId: text(body, "ResourceId"),
});

function percent(value: string | undefined): number | undefined {
  const number = Number.parseFloat(value ?? "");
  return Number.isFinite(number) ? Math.min(100, Math.max(0, number)) : undefined;
}

function taskDetails(body: Body): TaskDetails {
  const operations = list(body["OperationProgressSet"], "OperationProgress");
  const failed = operations.find((operation) => text(operation, "ErrorCode"));
  return {
    ...task(body),
    progress: percent(text(body, "TaskProcess")),
    failedCount: Number(text(body, "FailedCount") ?? 0) || 0,
    errorCode: failed && text(failed, "ErrorCode"),
    errorMessage: failed && text(failed, "ErrorMsg"),
    requestId: text(body, "RequestId"),
  };
}

function image(body: Body): Image {
  const check = body["DetectionOptions"];
  return {
    imageId: text(body, "ImageId") ?? "",
    imageName: text(body, "ImageName") ?? "",
    status: text(body, "Status") ?? "",
    tags: new Map(list(body["Tags"], "Tag").map((tag) => [text(tag, "TagKey") ?? "", text(tag, "TagValue") ?? ""])),
    disks: list(body["DiskDeviceMappings"], "DiskDeviceMapping").map((disk) => ({
      type: text(disk, "Type") ?? "",
      snapshotId: text(disk, "SnapshotId"),
      sizeInGiB: percentless(text(disk, "Size")),
    })),
    check: check
      ? { finished: text(check, "Status") === "Finished", items: list((check as Body)["Items"], "Item").map(checkItem) }
      : undefined,
  };
}

function percentless(value: string | undefined): number | undefined {
  const number = Number(value);
  return value !== undefined && Number.isFinite(number) ? number : undefined;
}

const checkItem = (item: Body): ImageCheckItem => ({
  // A sample of DescribeImages shows item names without the prefix that the check items' page gives them.
  name: (text(item, "Name") ?? "").replace(/^GUESTOS\./, ""),
  value: text(item, "Value") ?? "",
  riskCode: text(item, "RiskCode"),
  riskLevel: text(item, "RiskLevel"),
});
