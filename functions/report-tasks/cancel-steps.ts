import { findTaskOf, stopTask } from "../../shared/importing/cancel-import.ts";
import { conclude } from "../../shared/importing/conclude.ts";
import { sourceMark } from "../../shared/importing/consider.ts";
import { findSidecar } from "../../shared/importing/find-manifests.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { importRouted } from "../../shared/importing/route-object.ts";
import { logStep } from "../../shared/importing/step-log.ts";
import { carriedOver, type JobRecord, type JobStep } from "../../shared/ledger/job.ts";
import { openEntryOf } from "../../shared/ledger/ledger.ts";
import { askOfImport } from "./ask-of-import.ts";
import { finishInterrupted } from "./interrupted-steps.ts";
import type { OpenJob } from "./open-jobs.ts";
import { type Verdict, verdictOf } from "./progress-of-import.ts";
import type { TickCount } from "./tick.ts";

/**
 * How long an ImportImage whose answer nobody has may still be on its way: longer than any invocation lasts, and then
 * some for ECS to show the image.
 */
const submissionPatienceInSeconds = 8 * 60;

/** After this long ECS is taken not to let the task be stopped, and that is said, once. */
const refusalPatienceInSeconds = 60;

/** An import that is to be given up: asks ECS to stop it, as often as it takes, and looks what became of it. */
export async function followCancel(job: OpenJob, deps: ImportDeps, now: number): Promise<TickCount | undefined> {
  const { entry } = job;
  const current = await deps.ledger.current(entry.jobId);
  if (current?.state !== "cancelling") return finishInterrupted(job, deps, now);
  const record = await findTaskOf(current, deps);
  if (record.state !== "cancelling") return undefined;
  // What became of the import is seen, and written down, also while ECS does not take the request to stop it.
  const [stopped] = await Promise.allSettled([stopTask(record, deps)]);
  const age = now - entry.since;
  const imageId = record.attempt?.imageId;
  if (imageId === undefined) {
    if (age < submissionPatienceInSeconds) return undefined;
    return end(record, { kind: "cancelled", reason: "ECS never began it" }, deps);
  }
  const { task, image } = await askOfImport({ taskId: record.attempt?.taskId, imageId }, deps.images);
  const imageName = record.attempt?.request.ImageName ?? "";
  const submittedAt = Date.parse(record.attempt?.submittedAt ?? record.at) / 1000;
  const ageInSeconds = Math.max(0, Math.round(now - submittedAt));
  const verdict = verdictOf({ task, image, imageId, imageName, ageInSeconds });
  if (verdict.kind !== "running") return end(record, verdict, deps);
  if (stopped.status === "rejected") throw stopped.reason;
  const { value: answer } = stopped;
  if (answer.kind === "refused" && age >= refusalPatienceInSeconds && (entry.warned & 1) === 0) {
    const reason = `ECS does not let its import be stopped (${answer.code}): ${answer.message}`;
    const advice =
      "It is asked again. An image that comes about all the same is reported; delete it if it is not wanted.";
    logStep(deps.log, { ...record, reason, advice }, "import.attention", "warn");
    const asked = openEntryOf(record, new Date((now + 60) * 1000));
    await deps.ledger.keepOpen({ ...asked, warned: 1 }, [entry]);
  }
  return undefined;
}

/** An image that is there stays; whatever else an import that was given up ends in is its cancellation. */
async function end(
  record: JobRecord,
  verdict: Exclude<Verdict, { kind: "running" }>,
  deps: ImportDeps,
): Promise<TickCount | undefined> {
  const base = carriedOver(record);
  const step: JobStep =
    verdict.kind === "available"
      ? { ...base, state: "available", result: verdict.result, reason: "it was available before it could be cancelled" }
      : { ...base, state: "cancelled", reason: [record.reason, verdict.reason].filter(Boolean).join(". ") };
  const made = await deps.ledger.append(record, step);
  if (!made.done) return undefined;
  await conclude(made.record, deps, record);
  await goOnWithWhatCameMeanwhile(made.record, deps);
  return verdict.kind === "available" ? "available" : "cancelled";
}

/** The events of the same bytes and of a new sidecar wait for the cancellation to end, but FC does not deliver them for ever. */
async function goOnWithWhatCameMeanwhile(record: JobRecord, deps: ImportDeps): Promise<void> {
  const { subject, uploadedAt, sources, state } = record;
  const [facts, sidecar] = await Promise.all([
    deps.objects.stat({ bucket: subject.bucket, key: subject.key }),
    findSidecar(deps.objects, subject.bucket, subject.key),
  ]);
  if (facts?.etag !== subject.etag) return;
  if (state === "cancelled" && facts.lastModified.getTime() > Date.parse(uploadedAt))
    return void (await importRouted(subject.key, "tick", deps));
  const [news] = sidecar.present.filter((one) => sources?.includes(sourceMark(one.key, one)) === false);
  if (news) await importRouted(news.key, "tick", deps);
}
