import { importStateAt } from "../import-task.ts";
import { taskView } from "../task-view.ts";
import { ofOneTask } from "./of-one-task.ts";

export const describeTaskAttribute = ofOneTask((task, { cloud, region, now }) => {
  const { progress, failure, phase } = importStateAt(task, now);
  const { ResourceId, ...view } = taskView(cloud, task, now);
  const succeeded = phase === "finished" && failure === undefined;
  const failed = phase === "failed" || failure !== undefined;
  const disks = cloud.images.get(ResourceId)?.disks ?? [];
  const operation = {
    OperationStatus: succeeded ? "Success" : failed ? "Failed" : view.TaskStatus,
    ErrorCode: failure?.errorCode ?? "",
    ErrorMsg: failure?.errorMsg ?? "",
    RelatedItemSet: {
      RelatedItem: disks.flatMap(({ bucket, key, format }) => [
        { Name: "OSSBucket", Value: bucket },
        { Name: "OSSObject", Value: key },
        { Name: "ImageFormat", Value: format },
      ]),
    },
  };
  return {
    body: {
      ...view,
      RegionId: region,
      TaskProcess: `${progress}%`,
      TotalCount: 1,
      SuccessCount: succeeded ? 1 : 0,
      FailedCount: failed ? 1 : 0,
      OperationProgressSet: { OperationProgress: [operation] },
    },
  };
});
