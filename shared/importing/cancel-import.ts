/** Giving up an import: on an operator's word, or because its object or its sidecar was deleted. */
import { isCloudError } from "../cloud/cloud-error.ts";
import { carriedOver, isEnd, type JobRecord, type JobStep } from "../ledger/job.ts";
import { imageKeyOf, isSidecarKey } from "../manifest/manifest-names.ts";
import { printable } from "../manifest/source-tree.ts";
import { conclude } from "./conclude.ts";
import { findBucketManifest } from "./find-manifests.ts";
import type { ImportDeps } from "./import-deps.ts";
import { writeStatus } from "./status-file.ts";
import { findStarted } from "./submit.ts";

export type CancelDeps = Pick<ImportDeps, "objects" | "ledger" | "log" | "clock">;

/**
 * Writes down that a job is to be given up, before ECS is asked for anything: whatever is interrupted after that, a tick
 * goes on with it. A job that has not begun ends at once. One that may run at ECS becomes `cancelling`; `stopTask` does the
 * rest. Resolves to the job as it stands then; a job that has ended, or that somebody else moved on, is left as it is.
 */
export async function requestCancel(record: JobRecord, reason: string, deps: CancelDeps): Promise<JobRecord> {
  if (isEnd(record.state) || record.state === "cancelling") return record;
  const mayRun = record.state === "claimed" || record.state === "submitted";
  const step: JobStep = { ...carriedOver(record), reason, state: mayRun ? "cancelling" : "cancelled" };
  const made = await deps.ledger.append(record, step, { due: deps.clock.now() });
  if (!made.done) return made.current ? requestCancel(made.current, reason, deps) : record;
  if (!mayRun) return conclude(made.record, deps, record);
  await writeStatus(made.record, deps);
  return made.record;
}

/**
 * Finds out which task a `cancelling` job means: the answer that named it may have been lost, or have come after the
 * cancellation was written down. Writes that down too, before the task is stopped: ECS may not show it any more then.
 */
export async function findTaskOf(record: JobRecord, deps: CancelDeps & Pick<ImportDeps, "images">): Promise<JobRecord> {
  const { attempt, since = record.at } = record;
  if (record.state !== "cancelling" || !attempt || attempt.taskId) return record;
  const started = await findStarted(attempt, deps);
  // ECS may show the image before its task.
  if (!started || (started.imageId === attempt.imageId && started.taskId === undefined)) return record;
  const { imageId, taskId } = started;
  const step: JobStep = { ...record, since, attempt: { ...attempt, imageId, ...(taskId ? { taskId } : {}) } };
  const made = await deps.ledger.append(record, step, { due: deps.clock.now() });
  return made.done ? made.record : (made.current ?? record);
}

/** What ECS said to a cancellation. Whether the image came about all the same is seen at the next look. */
export type Stopped =
  | { readonly kind: "accepted"; readonly taskId: string }
  | { readonly kind: "refused"; readonly taskId: string; readonly code: string; readonly message: string }
  /** No task is known: ImportImage may still be on its way. */
  | { readonly kind: "not-found" };

/** Asks ECS to stop the task of a `cancelling` job. Safe to repeat. Rejects when ECS gives no usable answer. */
export async function stopTask({ attempt }: JobRecord, { images }: Pick<ImportDeps, "images">): Promise<Stopped> {
  const taskId = attempt?.taskId;
  if (taskId === undefined) return { kind: "not-found" };
  try {
    await images.cancelTask(taskId);
    return { kind: "accepted", taskId };
  } catch (error) {
    if (!isCloudError(error) || !refusals.has(error.code)) throw error;
    return { kind: "refused", taskId, code: error.code, message: error.message };
  }
}

/** CancelTask's own refusals: the task has ended, is unknown, or is of a kind or in a state that cannot be stopped. */
const refusals: ReadonlySet<string> = new Set([
  "InvalidTaskId.NotFound",
  "InvalidTaskId.TaskActionNotSupport",
  "InvalidTaskId.IncorrectTaskStatus",
  "CancelTaskFailed",
]);

/**
 * An event says that an object was deleted. Gives up the imports that were made from it, if the bucket manifest asks for
 * that and the object really is gone: an event is no proof. A sidecar's deletion ends only what it had a say in.
 */
export async function cancelRemoved(key: string, deps: ImportDeps): Promise<void> {
  const { log, region, bucket, objects, ledger } = deps;
  const leave = (reason: string, advice = "Nothing to do."): void =>
    log("info", "object.ignored", `The deletion of ${key} changes nothing: ${reason}.`, {
      region,
      bucket,
      key,
      reason,
      advice,
    });
  const found = await findBucketManifest(objects, bucket);
  if ("problems" in found || found.manifest?.manifest.cancelOnDelete !== true)
    return leave(
      "the bucket manifest does not ask for imports to be cancelled",
      "To cancel an import: oss-image-import cancel. To have deletions do so: `cancelOnDelete: true` in the bucket manifest.",
    );
  if (await objects.stat({ bucket, key })) return leave("it is there");
  const isSidecar = isSidecarKey(key);
  const jobs = await ledger.jobsOf({ bucket, key: isSidecar ? (imageKeyOf(key) ?? key) : key });
  const concerned = jobs.filter((job) => !isEnd(job.state) && (!isSidecar || wasSaidBySidecar(job, key)));
  if (concerned.length === 0) return leave("no import of it is under way");
  const reason = isSidecar ? `its sidecar ${key} was deleted` : `${key} was deleted`;
  for (const job of concerned) await requestCancel(job, reason, deps);
}

/** Anyone can delete a sidecar that never was; only one that the import was made from ends it. */
function wasSaidBySidecar({ attempt }: JobRecord, sidecarKey: string): boolean {
  return Object.values(attempt?.provenance ?? {}).some((place) =>
    place.startsWith(`sidecar ${printable(sidecarKey)}:`),
  );
}
