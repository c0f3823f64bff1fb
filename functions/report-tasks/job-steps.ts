/** What a tick does for one open job, by the state that the index gives it. Each returns what to count it as. */
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { takeOver } from "../../shared/importing/import-object.ts";
import { importRouted } from "../../shared/importing/route-object.ts";
import { writeStatus } from "../../shared/importing/status-file.ts";
import { fieldsOf, logStep } from "../../shared/importing/step-log.ts";
import { conclude } from "../../shared/importing/submit.ts";
import { isEnd, type JobRecord, type JobStep } from "../../shared/ledger/job.ts";
import { openEntryOf } from "../../shared/ledger/ledger.ts";
import { afterWarning, nextHeartbeat, warningDue } from "./import-clocks.ts";
import { type Sighting, type Verdict, verdictOf } from "./progress-of-import.ts";
import type { OpenJob, TickCount } from "./tick.ts";

/** Younger than this, another invocation may still be at work on it. */
const settlingTimeInSeconds = 60;

/** An index entry without a record is the trace of an invocation that died; the event is delivered again. */
const orphanLifetimeInSeconds = 3600;

/** Deletes what interrupted writes left in the index: all but the newest entry of a job. */
export async function mendEntry({ stale }: OpenJob, deps: ImportDeps): Promise<void> {
  await deps.ledger.dropEntries(stale);
}

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
  if (!made.done) return undefined;
  const isChecked = verdict.kind === "available" && attempt?.request.DetectionStrategy !== undefined;
  if (!isChecked) {
    await conclude(made.record, deps);
    return verdict.kind;
  }
  // ECS checks the image only after it is available: the job stays in the index until the result is there.
  await writeStatus(made.record, deps);
  logStep(deps.log, made.record, "import.available");
  await deps.ledger.keepOpen({ ...openEntryOf(made.record, deps.clock.now()), since: now }, [job.entry]);
  return "available";
}

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

/** An available image whose check by ECS has no result yet. */
export async function followCheck(job: OpenJob, deps: ImportDeps, now: number): Promise<TickCount | undefined> {
  const { entry } = job;
  const record = await deps.ledger.record(entry.jobId, entry.sequence);
  if (!record?.result) return finishInterrupted(job, deps, now);
  const [image] = await deps.images.describeImages({ imageIds: [record.result.imageId] });
  const check = image?.check;
  if (!check?.finished && now - entry.since < checkPatienceInSeconds) return undefined;
  const items = check?.items ?? [];
  const risks = items
    .filter(({ riskCode }) => riskCode !== undefined)
    .map(
      ({ name, value, riskCode, riskLevel }) => `${name}: ${value} (${riskCode}${riskLevel ? `, ${riskLevel}` : ""})`,
    );
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
  await writeStatus({ ...record, result: { ...record.result, check: { risks, items: items.length } } }, deps);
  await deps.ledger.close(entry.jobId);
  return undefined;
}

/** An image that waits: whatever completes it may have come without an event. */
export async function reviewWaiting({ entry }: OpenJob, deps: ImportDeps): Promise<TickCount | undefined> {
  const record = await deps.ledger.current(entry.jobId);
  if (!record) return dropOrphan(entry.since, entry.jobId, deps);
  if (record.state !== "waiting") return undefined;
  if (await endIfReplaced(record, deps)) return "cancelled";
  await importRouted(record.subject.key, "tick", deps);
  const after = await deps.ledger.current(entry.jobId);
  return after?.state === "waiting" ? undefined : "released";
}

/** An account fault may be mended: asks again. */
export async function retryParked({ entry }: OpenJob, deps: ImportDeps): Promise<TickCount | undefined> {
  const record = await deps.ledger.current(entry.jobId);
  if (!record) return dropOrphan(entry.since, entry.jobId, deps);
  if (record.state !== "parked") return undefined;
  if (await endIfReplaced(record, deps)) return "cancelled";
  await takeOver(record, deps);
  return "retried";
}

/** A claim whose invocation is dead: takes it over and finds out what became of the call. */
export async function takeOverClaim({ entry }: OpenJob, deps: ImportDeps): Promise<TickCount | undefined> {
  const record = await deps.ledger.current(entry.jobId);
  if (!record) return dropOrphan(entry.since, entry.jobId, deps);
  if (record.state !== "claimed") return undefined;
  await takeOver(record, deps);
  return "repaired";
}

/** The index says that a job is open, its record that it has ended or moved on: finishes what was interrupted. */
export async function finishInterrupted(job: OpenJob, deps: ImportDeps, now: number): Promise<TickCount | undefined> {
  const { entry } = job;
  const record = await deps.ledger.current(entry.jobId);
  if (!record) return dropOrphan(entry.since, entry.jobId, deps);
  if (now - Math.floor(Date.parse(record.at) / 1000) < settlingTimeInSeconds) return undefined;
  if (isEnd(record.state)) {
    await conclude(record, deps);
    return "repaired";
  }
  if (record.sequence !== entry.sequence) await deps.ledger.keepOpen(openEntryOf(record, deps.clock.now()), [entry]);
  return "repaired";
}

async function dropOrphan(since: number, jobId: string, deps: ImportDeps): Promise<undefined> {
  if (deps.clock.now().getTime() / 1000 - since > orphanLifetimeInSeconds) await deps.ledger.close(jobId);
}

/** A job that has not begun ends when its object was deleted or replaced: the new version has a job of its own. */
async function endIfReplaced(record: JobRecord, deps: ImportDeps): Promise<boolean> {
  const { subject, uploadedAt, attempt } = record;
  const facts = await deps.objects.stat({ bucket: subject.bucket, key: subject.key });
  if (facts?.etag === subject.etag) return false;
  const reason = facts
    ? "the object was replaced by a newer version, which is looked at on its own"
    : "the object was deleted before it could be imported";
  const made = await deps.ledger.append(record, {
    subject,
    uploadedAt,
    state: "cancelled",
    reason,
    ...(attempt ? { attempt } : {}),
  });
  if (made.done) await conclude(made.record, deps);
  return made.done;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
