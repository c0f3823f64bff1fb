import { isDeepStrictEqual } from "node:util";
import type { ObjectFacts } from "../cloud/ports.ts";
import { isEnd, type JobRecord, type JobState, type JobSubject, jobIdOf } from "../ledger/job.ts";
import { claim, newAttempt } from "./claim.ts";
import { type Considered, consider } from "./consider.ts";
import type { ImportDeps } from "./import-deps.ts";
import {
  duplicate,
  explainAbsence,
  fixOf,
  refuseManifest,
  reject,
  wait,
  waitingAdvice,
  withLogFields,
} from "./not-imported.ts";
import type { Plan } from "./plan.ts";
import { writeStatus } from "./status-file.ts";
import { logStep } from "./step-log.ts";
import { submit } from "./submit.ts";
import { isLapsed, takeOver, unclaimed } from "./take-over.ts";

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
  /** What a look at the image just found, when there was one. */
  readonly looked?: { readonly facts: ObjectFacts | undefined };
}

/**
 * Does what is to be done with one image object, and writes the one log line that says what that was. Safe to repeat and
 * to run twice at once. Rejects with RetryLater, a CloudError or SourceChanged when only time can help.
 */
export async function importObject(image: ImageToImport, outerDeps: ImportDeps): Promise<void> {
  const { key, sidecarOf, occasion, trigger, eventEtag, looked } = image;
  const { region, bucket, objects } = outerDeps;
  const [facts, isTriggerThere] = await Promise.all([
    looked ? looked.facts : objects.stat({ bucket, key }),
    trigger === undefined || objects.stat({ bucket, key: trigger }).then((found) => found !== undefined),
  ]);
  const isChanged = facts !== undefined && eventEtag !== undefined && facts.etag !== eventEtag;
  const deps = withLogFields(outerDeps, {
    ...(trigger === undefined ? {} : { trigger }),
    ...(isChanged ? { changed: `written again since its event: ETag ${eventEtag} then, ${facts.etag} now` } : {}),
  });
  if (trigger === undefined ? !facts : !isTriggerThere) {
    // A manifest or a disk that is gone asks for nothing: what is left of its set would be another import.
    const gone = trigger ?? key;
    deps.log("info", "object.gone", `${gone} is not there any more.`, {
      region,
      bucket,
      key: gone,
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
  await act(considered, subject, facts, occasion, current, deps);
}

type PlannedImport = Extract<Plan, { decision: "import" }>;

/** Ends repeated deliveries before anything is read. True when there is nothing more to do. */
async function settledAlready(
  current: JobRecord,
  facts: ObjectFacts,
  { occasion }: ImageToImport,
  deps: ImportDeps,
): Promise<boolean> {
  const isAskedAnew = occasion === "replay" || facts.lastModified.getTime() > Date.parse(current.uploadedAt);
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
      // Whoever asks after giving it up wants it after all: to be decided once the earlier import has ended. A tick is
      // what ends it, and does not wait for itself.
      if (isAskedAnew && occasion !== "tick") return false;
      duplicate(current, "its import is being cancelled", deps);
      return true;
    default:
      if (isAskedAnew) return false;
      duplicate(current, current.reason ?? `it was ${current.state}`, deps);
      return true;
  }
}

async function act(
  considered: Awaited<ReturnType<typeof consider>>,
  subject: JobSubject,
  facts: ObjectFacts,
  occasion: Occasion,
  current: JobRecord | undefined,
  deps: ImportDeps,
): Promise<void> {
  const { mark, sources } = considered;
  const base = { subject, uploadedAt: facts.lastModified.toISOString(), sources };
  // The event of a sidecar or a disk comes as often and as late as any other: only what is new in them asks anew.
  const isRepeated = ({ state, sources: known }: JobRecord): boolean =>
    occasion === "manifest" && answeredStates.has(state) && sources.every((source) => known?.includes(source));
  if (current && isRepeated(current)) return duplicate(current, answered(current), deps);
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
        {
          ...base,
          state: "waiting",
          waitingFor: considered.waitingFor,
          reason: considered.reason,
          advice: waitingAdvice[considered.waitingFor],
          bucketManifest: mark,
        },
        current,
        deps,
      );
    case "invalid":
      return refuseManifest(considered.problems, { base, mark, occasion, current }, deps);
    case "planned":
  }
  const { plan, diskEtags } = considered;
  if (plan.decision === "invalid") return refuseManifest(plan.problems, { base, mark, occasion, current }, deps);
  if (plan.decision === "reject") {
    return reject(
      { ...base, state: "rejected", reason: plan.reason, advice: fixOf(plan.findings), findings: plan.findings },
      current,
      deps,
    );
  }
  const place = await placeFor(current, subject, plan, diskEtags, deps);
  if ("running" in place) return duplicate(place.running, "it was imported with these settings already", deps);
  if (place.previous && isRepeated(place.previous)) return duplicate(place.previous, answered(place.previous), deps);
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

/** Where a job stays until something new comes. */
const answeredStates: ReadonlySet<JobState> = new Set(["rejected", "failed", "cancelled", "parked"]);

const answered = ({ state, reason }: JobRecord): string =>
  `nothing has changed since it was ${state}${reason ? ` (${reason})` : ""}`;

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
