import type { Call } from "../cloud.ts";
import { refuse } from "../errors.ts";
import type { ImportTask } from "../import-task.ts";
import type { Operation, Outcome } from "../operation.ts";
import { text } from "../parameters.ts";

/** An operation on the task that TaskId names, which must be one of the region. */
export const ofOneTask = (handle: (task: ImportTask, call: Call) => Outcome): Operation => ({
  reads: ["RegionId", "TaskId"],
  refuses: [],
  ignores: [],
  requires: ["RegionId", "TaskId"],
  resource: () => "*",
  handle: (call) => {
    const task = call.cloud.tasks.get(text(call.parameters, "TaskId") ?? "");
    return task?.region === call.region ? handle(task, call) : refuse("InvalidTaskId.NotFound");
  },
});
