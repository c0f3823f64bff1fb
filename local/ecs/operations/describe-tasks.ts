import { refuse } from "../errors.ts";
import type { Operation } from "../operation.ts";
import { commaList, page, pageOf, text, values } from "../parameters.ts";
import { taskView } from "../task-view.ts";

/** Any other value of the TaskStatus filter is ignored, says the reference. */
const filterableStatuses = ["Finished", "Processing", "Failed"];
const mostIds = 100;

export const describeTasks: Operation = {
  reads: [
    ...["RegionId", "PageNumber", "PageSize", "TaskIds", "ResourceIds", "TaskAction", "TaskStatus"],
    ...["StartTime", "EndTime"],
  ],
  refuses: ["TaskGroupId"],
  ignores: [],
  requires: ["RegionId"],
  resource: () => "*",
  handle: ({ parameters, cloud, region, now }) => {
    const wanted = page(parameters);
    if (wanted === undefined) return refuse("InvalidParameter", "PageNumber or PageSize");
    const taskIds = commaList(parameters, "TaskIds");
    const imageIds = values(parameters, "ResourceIds");
    if ((taskIds?.length ?? 0) > mostIds) return refuse("InvalidParameter", "TaskIds");
    if (imageIds.length > mostIds) return refuse("InvalidParameter", "ResourceIds");
    const from = instant(text(parameters, "StartTime"), Number.NEGATIVE_INFINITY);
    const to = instant(text(parameters, "EndTime"), Number.POSITIVE_INFINITY);
    if (Number.isNaN(from) || Number.isNaN(to)) return refuse("InvalidParameter", "StartTime or EndTime");
    const action = text(parameters, "TaskAction") ?? "ImportImage";
    const status = text(parameters, "TaskStatus") ?? "";
    const [askedTasks, askedImages] = [new Set(taskIds), new Set(imageIds)];
    const found = [...cloud.tasks.values()]
      .filter((task) => task.region === region && action === "ImportImage")
      .filter((task) => taskIds === undefined || askedTasks.has(task.taskId))
      .filter((task) => imageIds.length === 0 || askedImages.has(task.imageId))
      .filter((task) => task.createdAt >= from && task.createdAt <= to)
      .reverse()
      .map((task) => taskView(cloud, task, now))
      .filter((task) => !filterableStatuses.includes(status) || task.TaskStatus === status);
    const { entries, position } = pageOf(found, wanted);
    return { body: { RegionId: region, ...position, TaskSet: { Task: entries } } };
  },
};

/** Milliseconds since 1970 of `yyyy-MM-ddTHH:mm:ssZ` (seconds may be left out), NaN when it is none. */
const instant = (value: string | undefined, otherwise: number): number => {
  if (value === undefined) return otherwise;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/.test(value) ? Date.parse(value) : Number.NaN;
};
