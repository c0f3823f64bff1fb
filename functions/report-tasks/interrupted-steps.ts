/** What a tick does where a step was interrupted: the index and the job's record do not say the same, or an end was not finished. */
import { conclude, saidItsEnd } from "../../shared/importing/conclude.ts";
import { type ImportDeps, invocationLifetimeInMilliseconds } from "../../shared/importing/import-deps.ts";
import { writeStatus } from "../../shared/importing/status-file.ts";
import { logStep } from "../../shared/importing/step-log.ts";
import { isEnd, type JobRecord } from "../../shared/ledger/job.ts";
import { openEntryOf } from "../../shared/ledger/ledger.ts";
import type { OpenEntry } from "../../shared/ledger/open-entry.ts";
import type { OpenJob } from "./open-jobs.ts";
import type { TickCount } from "./tick.ts";

/** Younger than this, another invocation may still be at work on it. */
export const settlingTimeInSeconds = 60;

/**
 * A job with several index entries: a step was interrupted, or two invocations were at it at once. Keeps the entry that
 * its record bears out, and those of steps that may be just being taken.
 */
export async function mendEntries({ entry, stale }: OpenJob, deps: ImportDeps, now: number): Promise<TickCount> {
  const record = await deps.ledger.current(entry.jobId);
  const entries = [entry, ...stale];
  const right = entries.find(({ sequence, state }) => sequence === record?.sequence && state === record.state);
  const wrong = entries.filter((other) => other !== right && !mayBeComing(other, record, now));
  if (record && !right && wrong.length > 0) await deps.ledger.keepOpen(entryAnew(record), wrong);
  else await deps.ledger.dropEntries(wrong);
  return "repaired";
}

/** An entry is written before its record: this one's writer may still be about to write that. */
const mayBeComing = ({ sequence, movedAt }: OpenEntry, record: JobRecord | undefined, now: number): boolean =>
  sequence > (record?.sequence ?? 0) && now - movedAt <= invocationLifetimeInMilliseconds / 1000;

/** The entry that a record should have. A claim is left to its owner as long as that may live. */
const entryAnew = (record: JobRecord): OpenEntry =>
  openEntryOf(
    record,
    new Date(Date.parse(record.at) + (record.state === "claimed" ? invocationLifetimeInMilliseconds : 0)),
  );

/**
 * The index and the job's record do not say the same: an end that was not finished, a step whose index entry is older
 * or another's, or an entry without any record. Does what was interrupted, or makes the entry right. `known` is the job's
 * last record, where it was read already.
 */
export async function finishInterrupted(
  { entry }: OpenJob,
  deps: ImportDeps,
  now: number,
  known?: JobRecord,
): Promise<TickCount | undefined> {
  const record = known ?? (await deps.ledger.current(entry.jobId));
  if (mayBeComing(entry, record, now)) return undefined;
  if (!record || (isEnd(record.state) && entry.sequence > record.sequence)) {
    // Announced and never done: the event is delivered again, and announces it anew.
    await deps.ledger.dropEntries([entry]);
    return undefined;
  }
  if (isEnd(record.state) && record.sequence === entry.sequence && (entry.warned & saidItsEnd) !== 0) {
    await writeStatus(record, deps);
    await deps.ledger.close(record);
    return undefined;
  }
  if (now - Math.floor(Date.parse(record.at) / 1000) < settlingTimeInSeconds) return undefined;
  if (isEnd(record.state)) {
    await concludeImport(record, record, now, deps);
    return "repaired";
  }
  if (record.sequence === entry.sequence && record.state === entry.state) return undefined;
  await deps.ledger.keepOpen(entryAnew(record), [entry]);
  return "repaired";
}

/** ECS checks an image only after it is available: such a job stays in the index until the result is there. */
export async function concludeImport(
  record: JobRecord,
  previous: JobRecord,
  now: number,
  deps: ImportDeps,
): Promise<void> {
  if (!isChecked(record)) {
    await conclude(record, deps, previous);
    return;
  }
  await writeStatus(record, deps);
  logStep(deps.log, record, "import.available");
  await deps.ledger.close(record, { ...openEntryOf(record, deps.clock.now()), since: now, warned: saidItsEnd });
}

/** True for an available image that ECS was asked to check. */
export const isChecked = ({ state, attempt }: JobRecord): boolean =>
  state === "available" && attempt?.request.DetectionStrategy !== undefined;
