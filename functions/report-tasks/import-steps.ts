/** What a tick does for an import that ECS is at work on. */
import { counted } from "../../shared/importing/counted.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { fieldsOf, logStep } from "../../shared/importing/step-log.ts";
import { carriedOver, type JobRecord, type JobStep } from "../../shared/ledger/job.ts";
import { askOfImport } from "./ask-of-import.ts";
import { afterWarning, nextHeartbeat, warningDue } from "./import-clocks.ts";
import { concludeImport, finishInterrupted, settlingTimeInSeconds } from "./interrupted-steps.ts";
import type { OpenJob } from "./open-jobs.ts";
import { type Sighting, type Verdict, verdictOf } from "./progress-of-import.ts";
import type { TickCount } from "./tick.ts";

/** A running import: asks ECS about the task and its image, and reports what changed. */
export async function followImport(job: OpenJob, deps: ImportDeps, now: number): Promise<TickCount | undefined> {
  const { entry } = job;
  const record = await deps.ledger.record(entry.jobId, entry.sequence);
  const { attempt } = record ?? {};
  if (!record || !attempt?.imageId) return finishInterrupted(job, deps, now);
  const imageId = attempt.imageId;
  const { task, image } = await askOfImport({ taskId: attempt.taskId, imageId }, deps.images);
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
  const made = await deps.ledger.append(record, stepFor(record, verdict));
  // Another tick may have ended it, or begun to.
  if (!made.done) return finishInterrupted(job, deps, now);
  await concludeImport(made.record, record, now, deps);
  return verdict.kind;
}

function stepFor(record: JobRecord, verdict: Exclude<Verdict, { kind: "running" }>): JobStep {
  const base = carriedOver(record);
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

function duration(seconds: number): string {
  if (seconds < 120) return counted(seconds, "second");
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? counted(minutes, "minute") : counted(Math.round(minutes / 60), "hour");
}
