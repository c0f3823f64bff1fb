/** What a tick does for a job that rests: it waits, is parked, or has lost the invocation that claimed it. */
import { conclude } from "../../shared/importing/conclude.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { importRouted } from "../../shared/importing/route-object.ts";
import { takeOver } from "../../shared/importing/take-over.ts";
import { carriedOver, type JobRecord } from "../../shared/ledger/job.ts";
import { finishInterrupted } from "./interrupted-steps.ts";
import type { OpenJob } from "./open-jobs.ts";
import type { TickCount } from "./tick.ts";

/** An image that waits: whatever completes it may have come without an event. */
export async function reviewWaiting(job: OpenJob, deps: ImportDeps, now: number): Promise<TickCount | undefined> {
  const record = await deps.ledger.current(job.entry.jobId);
  if (record?.state !== "waiting") return finishInterrupted(job, deps, now);
  if (await endIfReplaced(record, deps)) return "cancelled";
  const { key } = record.subject;
  const imageKey = await importRouted(key, "tick", deps);
  const after = await deps.ledger.current(job.entry.jobId);
  if (after?.state !== "waiting") return "released";
  if (after.sequence > record.sequence) return undefined;
  // Nothing was decided about it: it is no image of its own any more, unless it changed just now.
  if (((await deps.objects.stat(record.subject))?.etag ?? "") !== record.subject.etag) return undefined;
  const reason =
    imageKey !== key
      ? `it is a disk of ${imageKey} now`
      : record.subject.etag === ""
        ? "no disks of its set are there any more, or no sidecar makes them one; replay a disk that is left"
        : "the bucket manifest says now to leave it alone";
  return (await endWaiting(after, reason, deps)) ? "cancelled" : undefined;
}

/** An account fault may be mended: asks again. */
export async function retryParked(job: OpenJob, deps: ImportDeps, now: number): Promise<TickCount | undefined> {
  const record = await deps.ledger.current(job.entry.jobId);
  if (record?.state !== "parked") return finishInterrupted(job, deps, now);
  await takeOver(record, deps);
  return "retried";
}

/** A claim whose invocation is dead: takes it over and finds out what became of the call. */
export async function takeOverClaim(job: OpenJob, deps: ImportDeps, now: number): Promise<TickCount | undefined> {
  const record = await deps.ledger.current(job.entry.jobId);
  if (record?.state !== "claimed") return finishInterrupted(job, deps, now);
  await takeOver(record, deps);
  return "repaired";
}

/**
 * A job that has not begun ends when its object was deleted or replaced: the new version has a job of its own. What is
 * waited for may just be that version, and its event may have been lost, so it is looked at before.
 */
async function endIfReplaced(record: JobRecord, deps: ImportDeps): Promise<boolean> {
  const { subject } = record;
  const facts = await deps.objects.stat({ bucket: subject.bucket, key: subject.key });
  if ((facts?.etag ?? "") === subject.etag) return false;
  if (facts) await importRouted(subject.key, "tick", deps);
  const reason = facts
    ? "the object was replaced by a newer version, which is looked at on its own"
    : "the object was deleted before it could be imported";
  return endWaiting(record, reason, deps);
}

async function endWaiting(record: JobRecord, reason: string, deps: ImportDeps): Promise<boolean> {
  const made = await deps.ledger.append(record, { ...carriedOver(record), state: "cancelled", reason });
  if (made.done) await conclude(made.record, deps, record);
  return made.done;
}
