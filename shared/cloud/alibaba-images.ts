import { wireParameters } from "../importing/import-request.ts";
import { type AlibabaApiOptions, apiCaller, type Body, list, text } from "./alibaba-api.ts";
import { CloudError, isCloudError, noAnswer } from "./cloud-error.ts";
import type { Image, ImageCheckItem, ImageQuery, ImageService, Task, TaskDetails } from "./ports.ts";

/** Every image status that ECS publishes: without this list DescribeImages shows available images only. */
const everyStatus = "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated";

/**
 * ECS through the official generic client: the generated one costs three times its start-up. Parameter names and wire
 * form are held to the generated client's by a test.
 */
export function alibabaImages(options: AlibabaApiOptions): ImageService {
  const callApi = apiCaller(
    { service: "ecs", version: "2014-05-26", host: `ecs.${options.region}.aliyuncs.com` },
    options,
  );
  const call = (action: string, query: Record<string, string>): Promise<Body> =>
    callApi({ action, query, style: "RPC", method: "POST", path: "/" });
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

const unreadable = (message: string): CloudError =>
  new CloudError({ service: "ecs", code: noAnswer, message, outcomeUnknown: true });

function imageSelection(query: ImageQuery): Record<string, string> {
  if ("imageIds" in query) return { ImageId: query.imageIds.join(",") };
  if ("imageName" in query) return { ImageName: query.imageName, ImageOwnerAlias: "self" };
  return { "Tag.1.Key": query.tag.key, "Tag.1.Value": query.tag.value, ImageOwnerAlias: "self" };
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
