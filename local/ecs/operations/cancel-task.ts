import { refuse } from "../errors.ts";
import { importStateAt } from "../import-task.ts";
import { ofOneTask } from "./of-one-task.ts";

export const cancelTask = ofOneTask((task, { cloud, now }) => {
  if (importStateAt(task, now).endedAt !== undefined) return refuse("InvalidTaskId.IncorrectTaskStatus");
  cloud.tasks.set(task.taskId, { ...task, cancelledAt: now });
  return { body: {} };
});
