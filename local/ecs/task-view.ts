import { type EcsCloud, toMinutes, toSeconds } from "./cloud.ts";
import { type ImportTask, importStateAt, taskStatus } from "./import-task.ts";

/** A task as DescribeTasks lists it. */
export const taskView = ({ settings }: EcsCloud, task: ImportTask, now: number) => {
  const state = importStateAt(task, now);
  return {
    TaskId: task.taskId,
    TaskAction: "ImportImage",
    TaskStatus: taskStatus(task, state, settings.cancelledTaskStatus),
    ResourceId: task.imageId,
    CreationTime: toSeconds(task.createdAt),
    FinishedTime: state.endedAt === undefined ? "" : toMinutes(state.endedAt),
    SupportCancel: String(state.endedAt === undefined),
  };
};
