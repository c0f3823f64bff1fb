import type { ImportOutcome } from "./settings.ts";

/** What is fixed once an import is accepted. All times are milliseconds since 1970. */
export interface ImportTask {
  readonly taskId: string;
  readonly imageId: string;
  readonly region: string;
  readonly createdAt: number;
  readonly startsAt: number;
  readonly durationInMilliseconds: number;
  readonly outcome: ImportOutcome;
  /** Set by CancelTask. */
  readonly cancelledAt?: number;
}

/** Where an import stands at one moment. */
export interface ImportState {
  readonly phase: "waiting" | "running" | "finished" | "failed" | "cancelled";
  /** 0 to 100. */
  readonly progress: number;
  readonly endedAt?: number;
  readonly remainingSeconds?: number;
  /** What went wrong, in the words of the task. A finished task can have a failure too. */
  readonly failure?: { readonly errorCode: string; readonly errorMsg: string };
  /** Whether the image came out usable; meaningful when finished. */
  readonly imageUsable: boolean;
}

/** Derives the state of an import from what is known about it and the time: nothing runs in the background. */
export const importStateAt = (task: ImportTask, now: number): ImportState => {
  if (task.cancelledAt !== undefined && task.cancelledAt <= now) {
    const { progress } = runningStateAt(task, task.cancelledAt);
    return { phase: "cancelled", progress, endedAt: task.cancelledAt, imageUsable: false };
  }
  return runningStateAt(task, now);
};

/** When the import ends if nobody cancels it; `undefined` when it never does. */
const endOf = ({ startsAt, durationInMilliseconds, outcome }: ImportTask): number | undefined => {
  switch (outcome.kind) {
    case "sticks":
      return undefined;
    case "fails":
      return startsAt + (durationInMilliseconds * outcome.atProgress) / 100;
    default:
      return startsAt + durationInMilliseconds;
  }
};

const runningStateAt = (task: ImportTask, now: number): ImportState => {
  const { startsAt, durationInMilliseconds, outcome } = task;
  if (now < startsAt) return { phase: "waiting", progress: 0, imageUsable: false };
  const end = endOf(task);
  if (end !== undefined && now >= end) return { ...endState(outcome), endedAt: end };
  const share = durationInMilliseconds === 0 ? 100 : ((now - startsAt) / durationInMilliseconds) * 100;
  const ceiling = "atProgress" in outcome ? outcome.atProgress : 99;
  const remainingSeconds = Math.max(0, Math.ceil((startsAt + durationInMilliseconds - now) / 1000));
  return { phase: "running", progress: Math.min(Math.floor(share), ceiling), remainingSeconds, imageUsable: false };
};

const endState = (outcome: ImportOutcome): ImportState => {
  switch (outcome.kind) {
    case "fails": {
      const { errorCode, errorMsg, atProgress } = outcome;
      return { phase: "failed", progress: atProgress, failure: { errorCode, errorMsg }, imageUsable: false };
    }
    case "finishes-short":
      return { phase: "finished", progress: outcome.atProgress, imageUsable: false };
    case "finishes-with-failed-operation": {
      const { errorCode, errorMsg } = outcome;
      return { phase: "finished", progress: 100, failure: { errorCode, errorMsg }, imageUsable: false };
    }
    case "finishes-without-image":
      return { phase: "finished", progress: 100, imageUsable: false };
    default:
      return { phase: "finished", progress: 100, imageUsable: true };
  }
};

/** The word for the state in TaskStatus. Only Finished, Processing and Failed are published. */
export const taskStatus = (task: ImportTask, state: ImportState, cancelledStatus: string): string => {
  switch (state.phase) {
    case "waiting":
      return "Waiting";
    case "running":
      return task.outcome.kind === "runs-as" ? task.outcome.status : "Processing";
    case "finished":
      return "Finished";
    case "failed":
      return "Failed";
    case "cancelled":
      return cancelledStatus;
  }
};

/** When a new import can start: as soon as fewer than `lanes` of those before it are still to end. */
export const earliestStart = (tasks: readonly ImportTask[], lanes: number, now: number): number => {
  if (tasks.length < lanes) return now;
  const ends = tasks
    .map((task) => task.cancelledAt ?? endOf(task) ?? Number.POSITIVE_INFINITY)
    .filter((end) => end > now)
    .sort((a, b) => a - b);
  return ends.length < lanes ? now : (ends[ends.length - lanes] ?? now);
};
