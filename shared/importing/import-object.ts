import { isDeepStrictEqual } from "node:util";
import type { ObjectFacts } from "../cloud/ports.ts";
import { pauseInMilliseconds } from "../cloud/retry.ts";
import type { Finding } from "../inspection/report.ts";
import { isEnd, type JobRecord, type JobStep, type JobSubject, jobIdOf } from "../ledger/job.ts";
import type { LogFields } from "../log/log.ts";
import type { Problem } from "../manifest/problem.ts";
import { type Considered, consider } from "./consider.ts";
import { type ImportDeps, invocationLifetimeInMilliseconds, RetryLater } from "./import-deps.ts";
import type { Plan } from "./plan.ts";
import { writeStatus } from "./status-file.ts";
import { fieldsOf, logStep } from "./step-log.ts";
import { claim, conclude, newAttempt, submit } from "./submit.ts";

/**
 * Why an image is looked at. `upload`: an event says that it was written. `manifest`: its sidecar or another of its disks
 * was written. `tick`: the timed function looks after it. `replay`: a person asks for it.
 */
export type Occasion = "upload" | "manifest" | "tick" | "replay";

export interface ImageToImport {
  /** The image, or the system disk of a set. */
  readonly key: string;
  /** The image that the sidecar is named after: the same, unless a set's manifest has a name of its own. */
  readonly sidecarOf: string;
  readonly occasion: Occasion;
  /** The object whose event led here, when it is not the image itself. */
  readonly trigger?: string;
  /** What the event gave as the image's ETag. */
  readonly eventEtag?: string;
}

/**
 * Does what is to be done with one image object, and writes the one log line that says what that was. Safe to repeat and
 * to run twice at once. Rejects with RetryLater, a CloudError or SourceChanged when only time can help.
 */
export async function importObject(image: ImageToImport, outerDeps: ImportDeps): Promise<void> {
  const { key, sidecarOf, occasion, trigger, eventEtag } = image;
  const { region, bucket } = outerDeps;
  const facts = await outerDeps.objects.stat({ bucket, key });
  const isChanged = facts !== undefined && eventEtag !== undefined && facts.etag !== eventEtag;
  const deps = withLogFields(outerDeps, {
    ...(trigger === undefined ? {} : { trigger }),
    ...(isChanged ? { changed: `written again since its event: ETag ${eventEtag} then, ${facts.etag} now` } : {}),
  });
  if (!facts && trigger === undefined) {
    deps.log("info", "object.gone", `${key} is not there any more.`, {
      region,
      bucket,
      key,
      reason: "it was deleted after the event",
    });
    return;
  }
  const subject: JobSubject = { region, bucket, key, etag: facts?.etag ?? "" };
  const found = facts && (await deps.ledger.current(jobIdOf(subject)));
  if (occasion !== "manifest" && found && (await settledAlready(found, facts, image, deps))) return;
  const current = await unclaimed(found, deps);
  const considered = await consider({ key, sidecarOf, facts }, deps);
  reportInspections(considered, subject, deps);
  if ("members" in considered) {
    const others = [key, ...considered.members].filter((member) => member !== sidecarOf);
    await Promise.all(others.map((member) => deps.members.remember({ bucket, key: member }, sidecarOf)));
    // A set whose manifest has a name of its own: its deletion must find the job.
    if (facts && sidecarOf !== key) await deps.ledger.link({ bucket, key: sidecarOf }, jobIdOf(subject));
  }
  if (!facts) return explainAbsence(considered, image, deps);
  await act(considered, { subject, facts, current, image }, deps);
}

/** A manifest or a data disk came before the image: nothing to remember but that, and a line. */
function explainAbsence(
  considered: Considered,
  { key, trigger = key }: ImageToImport,
  { log, region, bucket }: ImportDeps,
): void {
  const fields = { region, bucket, key: trigger, image: key };
  if (considered.kind === "invalid") {
    log("error", "manifest.invalid", `${trigger}: ${problemsText(considered.problems)}`, {
      ...fields,
      reason: problemsText(considered.problems),
      advice: correctManifest,
      problems: considered.problems.slice(0, 20),
    });
    return;
  }
  const reason =
    considered.kind === "waiting" || considered.kind === "ignored" ? considered.reason : `${key} is not there yet`;
  const event = considered.kind === "ignored" ? "object.ignored" : "object.waiting";
  log("info", event, `${trigger} waits: ${reason}.`, { ...fields, reason });
}

const correctManifest = "Correct the manifest and upload it again: nothing else is needed.";

const withLogFields = (deps: ImportDeps, more: LogFields): ImportDeps => ({
  ...deps,
  log: (level, event, message, fields) => deps.log(level, event, message, { ...more, ...fields }),
});

type PlannedImport = Extract<Plan, { decision: "import" }>;

interface Case {
  readonly subject: JobSubject;
  readonly facts: ObjectFacts;
  readonly current: JobRecord | undefined;
  readonly image: ImageToImport;
}

/** Ends repeated deliveries before anything is read. True when there is nothing more to do. */
async function settledAlready(
  current: JobRecord,
  facts: ObjectFacts,
  { occasion }: ImageToImport,
  deps: ImportDeps,
): Promise<boolean> {
  switch (current.state) {
    case "waiting":
      return false;
    case "claimed":
      if (!isLapsed(current, deps) && occasion !== "replay") {
        duplicate(current, "another invocation is submitting it", deps);
        return true;
      }
      await takeOver(current, deps);
      return true;
    case "parked":
      if (occasion === "replay") {
        await takeOver(current, deps);
        return true;
      }
      duplicate(current, current.reason ?? "it waits for the account to be mended", deps);
      return true;
    case "submitted":
      if (current.attempt?.claimant === deps.claimant && occasion === "upload") {
        // This very invocation, delivered again: what it died before saying is said now.
        await writeStatus(current, deps);
        logStep(deps.log, current, "import.submitted");
        return true;
      }
      duplicate(current, "its import is running", deps);
      return true;
    case "available":
      duplicate(current, "it was imported already", deps);
      return true;
    case "cancelling":
      duplicate(current, "its import is being cancelled", deps);
      return true;
    default: {
      const uploadedAgain = facts.lastModified.getTime() > Date.parse(current.uploadedAt);
      if (uploadedAgain || occasion === "replay") return false;
      duplicate(current, current.reason ?? `it was ${current.state}`, deps);
      return true;
    }
  }
}

/** A claim whose owner is surely dead, or is this very invocation, delivered again by FC. */
function isLapsed(current: JobRecord, deps: ImportDeps): boolean {
  if (current.attempt?.claimant === deps.claimant) return true;
  return deps.clock.now().getTime() - Date.parse(current.at) > invocationLifetimeInMilliseconds;
}

/**
 * The job once nobody is submitting or cancelling it. What a manifest changes can be decided only then: before, an image
 * may or may not come of the earlier settings. Waits for the invocation at work, and does the work of one that died.
 */
async function unclaimed(found: JobRecord | undefined, deps: ImportDeps): Promise<JobRecord | undefined> {
  let current = found;
  for (let tries = 3; current?.state === "claimed" || current?.state === "cancelling"; tries += 1) {
    if (current.state === "claimed" && isLapsed(current, deps)) {
      current = await takeOver(current, deps);
      continue;
    }
    const pause = pauseInMilliseconds(tries, deps.patience.random);
    if (pause >= deps.patience.deadline.getTime() - deps.clock.now().getTime())
      throw new RetryLater(`${current.subject.key} is being ${current.state} by another invocation just now.`);
    await deps.clock.sleep(pause);
    current = await deps.ledger.current(current.jobId);
  }
  return current;
}

/** Claims a job anew with the attempt that it has, and submits that. */
export async function takeOver(current: JobRecord, deps: ImportDeps): Promise<JobRecord | undefined> {
  const { attempt } = current;
  if (!attempt) return undefined;
  const interrupted = current.state === "claimed";
  const previous = interrupted ? { ...current, tries: (current.tries ?? 0) + 1 } : current;
  const claimed = await claim(previous, current, { ...attempt, claimant: deps.claimant }, deps);
  return claimed.done ? submit(claimed.record, interrupted, deps) : claimed.current;
}

function duplicate(current: JobRecord, reason: string, deps: ImportDeps): void {
  deps.log("info", "import.duplicate", `Nothing to do for ${current.subject.key}: ${reason}.`, {
    ...fieldsOf(current),
    reason,
  });
}

async function act(considered: Considered, found: Case, deps: ImportDeps): Promise<void> {
  const { subject, facts, current } = found;
  const base = { subject, uploadedAt: facts.lastModified.toISOString() };
  switch (considered.kind) {
    case "ignored": {
      const { region, bucket, key } = subject;
      deps.log("info", "object.ignored", `${key} is left alone: ${considered.reason}.`, {
        region,
        bucket,
        key,
        reason: considered.reason,
      });
      return;
    }
    case "waiting":
      return wait(
        { ...base, state: "waiting", waitingFor: considered.waitingFor, reason: considered.reason },
        found,
        deps,
      );
    case "invalid":
      return rejectManifest(base, considered.problems, found, deps);
    case "planned":
  }
  const { plan, diskEtags } = considered;
  if (plan.decision === "invalid") return rejectManifest(base, plan.problems, found, deps);
  if (plan.decision === "reject") {
    return reject(
      { ...base, state: "rejected", reason: plan.reason, advice: fixOf(plan.findings), findings: plan.findings },
      found,
      deps,
    );
  }
  const place = await placeFor(current, subject, plan, diskEtags, deps);
  if ("running" in place) return duplicate(place.running, "it was imported with these settings already", deps);
  const number = (place.previous?.attempt?.number ?? 0) + 1;
  const attempt = {
    ...newAttempt(jobIdOf(place.subject), number, plan.request, diskEtags, plan.nameIsDefault, deps.claimant),
    provenance: plan.provenance,
  };
  const findings = plan.findings.length > 0 ? { findings: plan.findings } : {};
  const claimed = await claim(place.previous, { ...base, subject: place.subject, ...findings }, attempt, deps);
  if (claimed.done) await submit(claimed.record, false, deps);
  else if (claimed.current) duplicate(claimed.current, "another invocation has it", deps);
}

function rejectManifest(
  base: Pick<JobStep, "subject" | "uploadedAt">,
  problems: readonly Problem[],
  found: Case,
  deps: ImportDeps,
): Promise<void> {
  const step: JobStep = {
    ...base,
    state: "rejected",
    code: "manifest.invalid",
    reason: problemsText(problems),
    advice: correctManifest,
  };
  return reject(step, found, withLogFields(deps, { problems: problems.slice(0, 20) }));
}

/**
 * The job to claim: the object version's own, or, when that is running or available with other settings, one of its
 * variants. An image that exists is never changed and never imported twice with the same settings.
 */
async function placeFor(
  current: JobRecord | undefined,
  subject: JobSubject,
  plan: PlannedImport,
  diskEtags: readonly string[],
  deps: ImportDeps,
): Promise<
  { readonly subject: JobSubject; readonly previous: JobRecord | undefined } | { readonly running: JobRecord }
> {
  if (current?.state !== "submitted" && current?.state !== "available") return { subject, previous: current };
  const { fingerprint } = newAttempt(current.jobId, 1, plan.request, diskEtags, false, deps.claimant);
  if (sameRequest(current, plan, diskEtags)) return { running: current };
  const variant: JobSubject = { ...subject, variant: fingerprint };
  const previous = await deps.ledger.current(jobIdOf(variant));
  if (previous && (!isEnd(previous.state) || previous.state === "available")) return { running: previous };
  return { subject: variant, previous };
}

/** A default name that had to give way to another image's does not make it another request. */
function sameRequest(
  { attempt }: JobRecord,
  { request, nameIsDefault }: PlannedImport,
  diskEtags: readonly string[],
): boolean {
  if (!attempt || !isDeepStrictEqual(attempt.diskEtags, diskEtags)) return false;
  const named = nameIsDefault && attempt.nameIsDefault ? { ...request, ImageName: attempt.request.ImageName } : request;
  return isDeepStrictEqual(JSON.parse(JSON.stringify(attempt.request)), JSON.parse(JSON.stringify(named)));
}

async function wait(step: JobStep, { current }: Case, deps: ImportDeps): Promise<void> {
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
  logStep(deps.log, made.record, "object.waiting", "info", {
    waitingFor: step.waitingFor,
    ...(seconds > 0 ? { seconds } : {}),
  });
}

/** 1, 2, 4 … 60 minutes: what it waits for usually announces itself by an event; the tick is for lost ones. */
const waitingPauseInMilliseconds = (tries: number): number => Math.min(60, 2 ** tries) * 60_000;

async function reject(step: JobStep, { current }: Case, deps: ImportDeps): Promise<void> {
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

const fixOf = (findings: readonly Finding[]): string =>
  findings
    .filter(({ severity }) => severity === "error")
    .map(({ fix }) => fix)
    .join(" ");

function reportInspections(considered: Considered, { region, bucket, key }: JobSubject, deps: ImportDeps): void {
  if (considered.kind !== "planned") return;
  for (const report of considered.inspections) {
    const what = report.guest?.distribution?.name ?? report.guest?.platform;
    deps.log("info", "image.inspected", `${report.source} is ${report.format}${what ? ` with ${what}` : ""}.`, {
      region,
      bucket,
      key,
      format: report.format,
      virtualSize: report.virtualSize,
      guest: report.guest,
      findings: report.findings,
      cost: report.cost,
    });
  }
}
