/** What a tick does for one open job, by the state that the index gives it. Each returns what to count it as. */

import { conclude, saidItsEnd } from "../../shared/importing/conclude.ts";
import { type ImportDeps, invocationLifetimeInMilliseconds } from "../../shared/importing/import-deps.ts";
import { importRouted } from "../../shared/importing/route-object.ts";
import { writeStatus } from "../../shared/importing/status-file.ts";
import { fieldsOf, logStep } from "../../shared/importing/step-log.ts";
import { takeOver } from "../../shared/importing/take-over.ts";
import { carriedOver, isEnd, type JobRecord, type JobStep } from "../../shared/ledger/job.ts";
import { openEntryOf } from "../../shared/ledger/ledger.ts";
import type { OpenEntry } from "../../shared/ledger/open-entry.ts";
import { afterWarning, nextHeartbeat, warningDue } from "./import-clocks.ts";
import { type Sighting, type Verdict, verdictOf } from "./progress-of-import.ts";
import type { OpenJob, TickCount } from "./tick.ts";

/** Younger than this, another invocation may still be at work on it. */
const settlingTimeInSeconds = 60;

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

/** A running import: asks ECS about the task and its image, and reports what changed. */
export async function followImport(job: OpenJob, deps: ImportDeps, now: number): Promise<TickCount | undefined> {
  const { entry } = job;
  const record = await deps.ledger.record(entry.jobId, entry.sequence);
  const { attempt } = record ?? {};
  if (!record || !attempt?.imageId) return finishInterrupted(job, deps, now);
  const imageId = attempt.imageId;
  const [task, [image]] = await Promise.all([
    attempt.taskId ? deps.images.describeTask(attempt.taskId) : undefined,
    deps.images.describeImages({ imageIds: [imageId] }),
  ]);
  const ageInSeconds = Math.max(0, now - Math.floor(Date.parse(attempt.submittedAt ?? record.at) / 1000));
  const sighting: Sighting = { task, image, imageId, imageName: attempt.request.ImageName, ageInSeconds };
  const verdict = verdictOf(sighting);
  return verdict.kind === "running"
    ? reportRunning(job, record, verdict.progress, now, deps)
    : end(job, record, verdict, now, deps);
}

async function reportRunning(
  job: OpenJob,
  record: JobRecord,
  progress: number | undefined,
  now: number,
  deps: ImportDeps,
): Promise<TickCount | undefined> {
  const { entry } = job;
  const shown = Math.floor(progress ?? entry.progress ?? 0);
  const moved = shown !== (entry.progress ?? 0);
  const movedAt = moved ? now : entry.movedAt;
  const warning = warningDue({ since: entry.since, movedAt, warned: entry.warned, now });
  const isHeartbeat = entry.due <= now && now - entry.since >= settlingTimeInSeconds;
  if (!moved && !warning && !isHeartbeat) return undefined;
  const seconds = now - entry.since;
  const { key } = record.subject;
  if (warning) {
    const advice = `See the task in the ECS console. To give it up: oss-image-import cancel oss://${record.subject.bucket}/${key}`;
    logStep(
      deps.log,
      { ...record, reason: `${shown} % after ${duration(seconds)}, unchanged for ${duration(now - movedAt)}`, advice },
      `import.${warning}`,
      warning === "stuck" ? "error" : "warn",
      { progress: shown, seconds },
    );
  } else {
    const unchanged = moved ? "" : `, unchanged for ${duration(now - movedAt)}`;
    deps.log("info", "import.progress", `${key} is imported to ${shown} % after ${duration(seconds)}${unchanged}.`, {
      ...fieldsOf(record),
      progress: shown,
      seconds,
    });
  }
  const next = {
    ...entry,
    progress: shown,
    movedAt,
    due: nextHeartbeat(now),
    warned: warning ? afterWarning(entry.warned, warning) : moved ? entry.warned & 1 : entry.warned,
  };
  await deps.ledger.keepOpen(next, [entry]);
  return "progress";
}

async function end(
  job: OpenJob,
  record: JobRecord,
  verdict: Exclude<Verdict, { kind: "running" }>,
  now: number,
  deps: ImportDeps,
): Promise<TickCount | undefined> {
  const { subject, uploadedAt, attempt, findings } = record;
  const base = { subject, uploadedAt, ...(attempt ? { attempt } : {}), ...(findings ? { findings } : {}) };
  const made = await deps.ledger.append(record, stepFor(base, verdict));
  // Another tick may have ended it, or begun to.
  if (!made.done) return finishInterrupted(job, deps, now);
  await concludeImport(made.record, record, now, deps);
  return verdict.kind;
}

/** ECS checks an image only after it is available: such a job stays in the index until the result is there. */
async function concludeImport(record: JobRecord, previous: JobRecord, now: number, deps: ImportDeps): Promise<void> {
  if (!isChecked(record)) {
    await conclude(record, deps, previous);
    return;
  }
  await writeStatus(record, deps);
  logStep(deps.log, record, "import.available");
  await deps.ledger.close(record, { ...openEntryOf(record, deps.clock.now()), since: now, warned: saidItsEnd });
}

const isChecked = ({ state, attempt }: JobRecord): boolean =>
  state === "available" && attempt?.request.DetectionStrategy !== undefined;

function stepFor(
  base: Pick<JobStep, "subject" | "uploadedAt" | "attempt" | "findings">,
  verdict: Exclude<Verdict, { kind: "running" }>,
): JobStep {
  switch (verdict.kind) {
    case "available":
      return { ...base, state: "available", result: verdict.result };
    case "failed": {
      const { code, reason, advice, requestId } = verdict;
      return { ...base, state: "failed", code, reason, advice, ...(requestId ? { requestId } : {}) };
    }
    case "cancelled":
      return { ...base, state: "cancelled", reason: verdict.reason };
  }
}

/** ECS's image check takes minutes; after an hour its result is not waited for any more. */
const checkPatienceInSeconds = 3600;

/** `warned` of an index entry: what ECS found in its check was said. */
const saidItsCheck = 2;

/** An available image whose check by ECS has no result yet. */
export async function followCheck(job: OpenJob, deps: ImportDeps, now: number): Promise<TickCount | undefined> {
  const { entry } = job;
  const record = await deps.ledger.record(entry.jobId, entry.sequence);
  if (!record?.result || !isChecked(record) || (entry.warned & saidItsEnd) === 0)
    return finishInterrupted(job, deps, now);
  const [image] = await deps.images.describeImages({ imageIds: [record.result.imageId] });
  const check = image?.check;
  if (!check?.finished && now - entry.since < checkPatienceInSeconds) return undefined;
  const items = check?.items ?? [];
  const risks = items
    .filter(({ riskCode }) => riskCode !== undefined)
    .map(
      ({ name, value, riskCode, riskLevel }) => `${name}: ${value} (${riskCode}${riskLevel ? `, ${riskLevel}` : ""})`,
    );
  if ((entry.warned & saidItsCheck) === 0) {
    const { key } = record.subject;
    const message = !check?.finished
      ? `ECS has not finished its check of the image of ${key} within an hour.`
      : risks.length > 0
        ? `ECS checked the image of ${key} and found ${risks.length} risks: ${risks.join("; ")}.`
        : `ECS checked the image of ${key} and found no risk in ${items.length} items.`;
    deps.log(risks.length > 0 ? "warn" : "info", "image.inspected", message, {
      ...fieldsOf(record),
      imageCheck: { finished: check?.finished ?? false, items: items.length, risks },
    });
  }
  await writeStatus({ ...record, result: { ...record.result, check: { risks, items: items.length } } }, deps);
  const due = entry.since + invocationLifetimeInMilliseconds / 1000;
  await deps.ledger.close(record, now >= due ? undefined : { ...entry, warned: saidItsEnd | saidItsCheck, due });
  return undefined;
}

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
  if ((await deps.objects.stat(record.subject))?.etag !== record.subject.etag) return undefined;
  const reason =
    imageKey === key ? "the bucket manifest says now to leave it alone" : `it is a disk of ${imageKey} now`;
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
 * The index and the job's record do not say the same: an end that was not finished, a step whose index entry is older
 * or another's, or an entry without any record. Does what was interrupted, or makes the entry right.
 */
export async function finishInterrupted(job: OpenJob, deps: ImportDeps, now: number): Promise<TickCount | undefined> {
  const { entry } = job;
  const record = await deps.ledger.current(entry.jobId);
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

/**
 * A job that has not begun ends when its object was deleted or replaced: the new version has a job of its own. What is
 * waited for may just be that version, and its event may have been lost, so it is looked at before.
 */
async function endIfReplaced(record: JobRecord, deps: ImportDeps): Promise<boolean> {
  const { subject } = record;
  const facts = await deps.objects.stat({ bucket: subject.bucket, key: subject.key });
  if (facts?.etag === subject.etag) return false;
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

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
