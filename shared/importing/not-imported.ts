/** The outcomes of an image that is not imported now: it waits, is rejected, or there is nothing to do. */
import type { Finding } from "../inspection/report.ts";
import type { JobRecord, JobStep, WaitingFor } from "../ledger/job.ts";
import type { LogEvent, LogFields } from "../log/log.ts";
import { isBucketManifestKey } from "../manifest/manifest-names.ts";
import type { Problem } from "../manifest/problem.ts";
import { conclude } from "./conclude.ts";
import type { Considered } from "./consider.ts";
import type { ImportDeps } from "./import-deps.ts";
import type { Occasion } from "./import-object.ts";
import { writeStatus } from "./status-file.ts";
import { fieldsOf, logStep } from "./step-log.ts";

/** The same dependencies with a log that adds these fields to every line. */
export const withLogFields = (deps: ImportDeps, more: LogFields): ImportDeps => ({
  ...deps,
  log: (level, event, message, fields) => deps.log(level, event, message, { ...more, ...fields }),
});

/** Says that an object led to nothing new, and why: a part of a sentence, or sentences of their own. */
export function duplicate(current: JobRecord, reason: string, deps: ImportDeps): void {
  deps.log("info", "import.duplicate", `Nothing to do for ${current.subject.key}: ${reason.replace(/\.$/, "")}.`, {
    ...fieldsOf(current),
    reason,
  });
}

/** A manifest or a data disk came before the image: nothing to remember but that, and a line. */
export function explainAbsence(
  considered: Considered,
  { key, trigger = key }: { readonly key: string; readonly trigger?: string },
  { log, region, bucket }: ImportDeps,
): void {
  const fields = { region, bucket, key: trigger, image: key };
  if (considered.kind === "invalid") {
    log("error", "manifest.invalid", `${trigger}: ${problemsText(considered.problems)}`, {
      ...fields,
      reason: problemsText(considered.problems),
      advice: adviceOn(considered.problems, key),
      problems: considered.problems.slice(0, 20),
    });
    return;
  }
  const reason =
    considered.kind === "waiting" || considered.kind === "ignored" ? considered.reason : `${key} is not there yet`;
  const event = considered.kind === "ignored" ? "object.ignored" : "object.waiting";
  log("info", event, `${trigger} waits: ${reason}.`, { ...fields, reason });
}

/** What to do about the problems of an image's manifests, and of its metadata: those are named by the image's own key. */
function adviceOn(problems: readonly Problem[], key: string): string {
  const isMetadata = ({ file }: Problem): boolean => file === key || file.startsWith("metadata ");
  return [
    problems.every(isMetadata) ? "" : waitingAdvice["bucket-manifest"],
    problems.some(isMetadata)
      ? "Upload the image again with correct metadata, or copy it onto itself with that: nothing else is needed."
      : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** Records that a job waits; said again at each review, with its age. */
export async function wait(
  step: JobStep,
  current: JobRecord | undefined,
  deps: ImportDeps,
  event: LogEvent = "object.waiting",
): Promise<void> {
  if (current?.state === "submitted" || current?.state === "available")
    return duplicate(current, "it was imported already", deps);
  const now = deps.clock.now();
  const before = current?.state === "waiting" ? current : undefined;
  const since = before?.since ?? before?.at ?? now.toISOString();
  const tries = before ? (before.tries ?? 0) + 1 : 0;
  const due = new Date(now.getTime() + waitingPauseInMilliseconds(tries));
  const made = await deps.ledger.append(current, { ...step, since, tries }, { due });
  if (!made.done) {
    if (made.current) duplicate(made.current, "another invocation has it", deps);
    return;
  }
  await writeStatus(made.record, deps);
  const seconds = Math.round((now.getTime() - Date.parse(since)) / 1000);
  logStep(deps.log, made.record, event, undefined, {
    waitingFor: step.waitingFor,
    ...(seconds > 0 ? { seconds } : {}),
  });
}

/** What to do about an image that waits. */
export const waitingAdvice: Readonly<Record<WaitingFor, string>> = {
  content: "Nothing while it is still being written; otherwise upload it again.",
  manifest: "Upload its sidecar.",
  "bucket-manifest": "Correct the manifest and upload it again: nothing else is needed.",
  disks: "Upload what is missing, or correct the manifest.",
};

/** 1, 2, 4 … 60 minutes: what it waits for usually announces itself by an event; the tick is for lost ones. */
const waitingPauseInMilliseconds = (tries: number): number => Math.min(60, 2 ** tries) * 60_000;

/** Ends a job that cannot be imported as it is. */
export async function reject(step: JobStep, current: JobRecord | undefined, deps: ImportDeps): Promise<void> {
  if (current?.state === "submitted" || current?.state === "available") {
    // The image of these bytes stays what it is; the new manifest is still wrong, and its writer must hear so.
    const { reason = "", advice = "", findings, subject } = step;
    const event = step.code === "manifest.invalid" ? "manifest.invalid" : "image.rejected";
    deps.log("error", event, `${subject.key} is not imported again: ${reason}`, {
      ...fieldsOf(current),
      reason,
      advice,
      ...(findings ? { findings } : {}),
    });
    return;
  }
  const made = await deps.ledger.append(current, step, { due: deps.clock.now() });
  if (made.done) await conclude(made.record, deps, current);
  else if (made.current) duplicate(made.current, "another invocation has it", deps);
}

const problemsText = (problems: readonly Problem[]): string =>
  problems
    .slice(0, 10)
    .map(({ file, line, column, message, hint }) => `${file}:${line}:${column} ${message}${hint ? ` ${hint}` : ""}`)
    .join(" · ");

/** What to do about the errors among findings. */
export const fixOf = (findings: readonly Finding[]): string =>
  [...new Set(findings.filter(({ severity }) => severity === "error").map(({ fix }) => fix))].join(" ");

interface Refused {
  readonly base: Pick<JobStep, "subject" | "uploadedAt" | "sources" | "attempts">;
  /** Of the bucket manifest. */
  readonly mark: string;
  readonly occasion: Occasion;
  readonly current: JobRecord | undefined;
}

/**
 * An image whose manifests are not good. What its own sidecar or metadata says wrong ends it, and their next upload takes
 * it up again. The bucket manifest is another's, and its mistake holds up all images at once: they wait for it.
 */
export function refuseManifest(
  problems: readonly Problem[],
  { base, mark, occasion, current }: Refused,
  outerDeps: ImportDeps,
): Promise<void> {
  const deps = withLogFields(outerDeps, { problems: problems.slice(0, 20) });
  const reason = problemsText(problems);
  const said = { ...base, code: "manifest.invalid", reason, advice: adviceOn(problems, base.subject.key) };
  const isStarted = current?.state === "submitted" || current?.state === "available";
  if (isStarted || !problems.some(({ file }) => isBucketManifestKey(file)))
    return reject({ ...said, state: "rejected" }, current, deps);
  const isNews = occasion !== "tick" || current?.reason !== reason;
  return wait(
    { ...said, state: "waiting", waitingFor: "bucket-manifest", bucketManifest: mark },
    current,
    deps,
    isNews ? "manifest.invalid" : "object.waiting",
  );
}
