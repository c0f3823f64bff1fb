import { taskOf } from "../cloud.ts";
import { refuse } from "../errors.ts";
import { importStateAt } from "../import-task.ts";
import type { Operation } from "../operation.ts";
import { text } from "../parameters.ts";

export const cancelTask: Operation = {
  reads: ["RegionId", "TaskId"],
  refuses: [],
  ignores: [],
  requires: ["RegionId", "TaskId"],
  resource: () => "*",
  handle: (call) => {
    const task = taskOf(call, text(call.parameters, "TaskId") ?? "");
    if (task === undefined) return refuse("InvalidTaskId.NotFound");
    if (importStateAt(task, call.now).endedAt !== undefined) return refuse("InvalidTaskId.IncorrectTaskStatus");
    call.cloud.tasks.set(task.taskId, { ...task, cancelledAt: call.now });
    return { body: {} };
  },
};
