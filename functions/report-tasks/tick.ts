import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import type { ImageService, Task } from "../../shared/cloud/ports.ts";
import { isThrottling, withRetries } from "../../shared/cloud/retry.ts";
import { bucketManifestMark } from "../../shared/importing/find-manifests.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import type { JobState } from "../../shared/ledger/job.ts";
import type { OpenEntry } from "../../shared/ledger/open-entry.ts";
import { inParallel } from "../../shared/runtime/in-parallel.ts";
import { followCancel } from "./cancel-steps.ts";
import { followCheck } from "./check-steps.ts";
import { followImport } from "./import-steps.ts";
import { finishInterrupted, mendEntries } from "./interrupted-steps.ts";
import { isTimeUp, listOpenJobs, type OpenJob } from "./open-jobs.ts";
import { retryParked, reviewWaiting, takeOverClaim } from "./resting-steps.ts";

export type TickCount =
  | "open"
  | "asked"
  | "progress"
  | "available"
  | "failed"
  | "cancelled"
  | "released"
  | "repaired"
  | "retried"
  | "left"
  | "troubled";
export type TickSummary = Record<TickCount, number>;

/** DescribeTasks takes 100 ids a call. */
const tasksPerCall = 100;

/**
 * DescribeTasks does not tell progress, so a few running tasks a tick are asked for it one by one: all of them while
 * they are few, a changing sample when they are many. Keeps a tick's calls constant.
 */
const progressQuestionsPerTick = 20;

/** When the cloud is away all jobs are in trouble: a few lines say so as well as thousands. */
const troublesToldPerTick = 5;

/** How long ECS may take to show a new task. */
const visibilityDelayInSeconds = 60;

const jobsAtOnce = 8;

/**
 * One run of the timed function: lists the open jobs, asks ECS about all their tasks, and looks closer at what changed.
 * What there is no time for is left to the next tick, which starts elsewhere in the list. Overlapping ticks are
 * harmless: each step of a job can be taken once only.
 */
export async function runTick(deps: ImportDeps): Promise<{ readonly summary: TickSummary; readonly trouble: unknown }> {
  const summary: TickSummary = {
    open: 0,
    asked: 0,
    progress: 0,
    available: 0,
    failed: 0,
    cancelled: 0,
    released: 0,
    repaired: 0,
    retried: 0,
    left: 0,
    troubled: 0,
  };
  const now = Math.floor(deps.clock.now().getTime() / 1000);
  const jobs = rotated(await listOpenJobs(deps), deps.patience.random());
  summary.open = jobs.length;
  const { tasks, unanswered, trouble: troubleOfTasks } = await tasksOf(jobs, unhurried(deps));
  const { mark, trouble: troubleOfMark } = await markFor(jobs, deps);
  const asked = new Set(sample(jobs.filter((job) => isRunning(job, tasks))));
  let trouble = troubleOfTasks ?? troubleOfMark;
  await inParallel(jobs, jobsAtOnce, async (job) => {
    // Without ECS's answer nothing is known of a task: to ask for each alone would only hammer.
    const isUnanswered = job.entry.taskId !== undefined && unanswered.has(job.entry.taskId);
    if (isUnanswered || isTimeUp(deps)) {
      summary.left += 1;
      return;
    }
    try {
      const closer = asked.has(job) || !isRunning(job, tasks);
      const counted = await stepOf(job, closer, { now, mark }, deps);
      if (counted) summary[counted] += 1;
      if (closer && job.entry.state === "submitted") summary.asked += 1;
    } catch (error) {
      summary.troubled += 1;
      trouble = error;
      if (summary.troubled <= troublesToldPerTick) await tellTrouble(job, error, deps);
    }
  });
  return { summary, trouble };
}

/**
 * What is asked about running imports is asked again, after a pause, when it comes too fast for ECS: thousands may end
 * at once. Starting and stopping an import have their own way of trying again.
 */
function unhurried(deps: ImportDeps): ImportDeps {
  const { images, patience } = deps;
  const again = <T>(ask: () => Promise<T>): Promise<T> => withRetries(ask, isThrottled, patience);
  const asking: ImageService = {
    importImage: (request) => images.importImage(request),
    cancelTask: (taskId) => images.cancelTask(taskId),
    describeTasks: (query) => again(() => images.describeTasks(query)),
    describeTask: (taskId) => again(() => images.describeTask(taskId)),
    describeImages: (query) => again(() => images.describeImages(query)),
  };
  return { ...deps, images: asking };
}

const isThrottled = (error: unknown): boolean => isCloudError(error) && isThrottling(error.code);

async function tellTrouble({ entry }: OpenJob, error: unknown, { log, region, ledger }: ImportDeps): Promise<void> {
  const { jobId, sequence, state, taskId, imageId } = entry;
  const reason = error instanceof Error ? error.message : String(error);
  // The trouble may well be that the ledger cannot be read.
  const { subject } = (await ledger.record(jobId, sequence).catch(() => undefined)) ?? {};
  const what = subject ? `${subject.key}, whose job is ${state},` : `The ${state} job ${jobId}`;
  log("warn", "object.deferred", `${what} could not be looked after: ${reason}`, {
    region,
    ...(subject ? { bucket: subject.bucket, key: subject.key } : {}),
    jobId,
    ...(taskId ? { taskId } : {}),
    ...(imageId ? { imageId } : {}),
    reason,
    advice: "Nothing: the next run tries again. If it stays so, look at the reason.",
  });
}

/** Starts somewhere else each time, so that a tick that runs out of time does not always leave the same jobs. */
function rotated<T>(items: readonly T[], random: number): readonly T[] {
  const start = Math.floor(random * items.length);
  return [...items.slice(start), ...items.slice(0, start)];
}

interface AskedTasks {
  readonly tasks: ReadonlyMap<string, Task>;
  /** Tasks of calls that failed, and the last failure. One call that fails does not keep the others' jobs waiting. */
  readonly unanswered: ReadonlySet<string>;
  readonly trouble: unknown;
}

async function tasksOf(jobs: readonly OpenJob[], deps: ImportDeps): Promise<AskedTasks> {
  const ids = jobs.flatMap(({ entry }) => (entry.state === "submitted" && entry.taskId ? [entry.taskId] : []));
  const batches = Array.from({ length: Math.ceil(ids.length / tasksPerCall) }, (_, index) =>
    ids.slice(index * tasksPerCall, (index + 1) * tasksPerCall),
  );
  const tasks = new Map<string, Task>();
  const unanswered = new Set<string>();
  let trouble: unknown;
  await inParallel(batches, jobsAtOnce, async (taskIds) => {
    try {
      if (isTimeUp(deps)) throw new Error("ECS answers too slowly: there was no time left to ask about all tasks");
      for (const task of await deps.images.describeTasks({ taskIds })) tasks.set(task.taskId, task);
    } catch (error) {
      trouble = error;
      for (const taskId of taskIds) unanswered.add(taskId);
    }
  });
  return { tasks, unanswered, trouble };
}

/** The mark of the bucket manifest, looked up only where something waits. Should that fail, the jobs' pauses are left. */
async function markFor(
  jobs: readonly OpenJob[],
  { objects, bucket }: ImportDeps,
): Promise<{ readonly mark?: string; readonly trouble?: unknown }> {
  if (!jobs.some(({ entry }) => entry.state === "waiting")) return {};
  try {
    return { mark: await bucketManifestMark(objects, bucket) };
  } catch (trouble) {
    return { trouble };
  }
}

/** Words for a task that has ended; whatever else ECS says means that it still runs. */
const endWords: ReadonlySet<string> = new Set(["finished", "failed", "deleted", "cancelled", "canceled"]);

function isRunning({ entry }: OpenJob, tasks: ReadonlyMap<string, Task>): boolean {
  if (entry.state !== "submitted" || !entry.taskId) return false;
  const task = tasks.get(entry.taskId);
  return task !== undefined && !endWords.has(task.status.toLowerCase());
}

const sample = (running: readonly OpenJob[]): readonly OpenJob[] => running.slice(0, progressQuestionsPerTick);

type Step = (job: OpenJob, deps: ImportDeps, now: number) => Promise<TickCount | undefined>;

const steps: Readonly<Record<JobState, Step>> = {
  submitted: followImport,
  waiting: reviewWaiting,
  parked: retryParked,
  claimed: takeOverClaim,
  cancelling: followCancel,
  available: followCheck,
  rejected: finishInterrupted,
  failed: finishInterrupted,
  cancelled: finishInterrupted,
};

interface Moment {
  readonly now: number;
  /** Of the bucket manifest, as it is now; undefined when nothing waits, or nobody could tell. */
  readonly mark: string | undefined;
}

/**
 * An image that waits is looked at when its pause is over, and when the bucket manifest is not the one any more that it was
 * considered with: a corrected one releases what waits for it, whether or not its event came.
 */
const isDue = ({ due, state, bucketManifest }: OpenEntry, { now, mark }: Moment): boolean =>
  due <= now || (state === "waiting" && mark !== undefined && bucketManifest !== undefined && bucketManifest !== mark);

async function stepOf(job: OpenJob, closer: boolean, moment: Moment, deps: ImportDeps): Promise<TickCount | undefined> {
  const { now } = moment;
  const { entry } = job;
  if (job.stale.length > 0) return mendEntries(job, deps, now);
  if (entry.state === "submitted") {
    const isNew = now - entry.since < visibilityDelayInSeconds;
    return closer && !(isNew && entry.taskId === undefined) ? followImport(job, unhurried(deps), now) : undefined;
  }
  if (!isDue(entry, moment)) return undefined;
  return steps[entry.state](job, deps, now);
}
