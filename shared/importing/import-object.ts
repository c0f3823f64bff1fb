import type { ObjectFacts } from "../cloud/ports.ts";
import { attemptsOf, type JobRecord, type JobSubject, jobIdOf } from "../ledger/job.ts";
import { awaitSystemDisk, endAwaited } from "./await-system-disk.ts";
import { claim, newAttempt } from "./claim.ts";
import { type Considered, consider } from "./consider.ts";
import type { ImportDeps } from "./import-deps.ts";
import { duplicate, fixOf, refuseManifest, reject, wait, waitingAdvice, withLogFields } from "./not-imported.ts";
import { placeFor, sameRequest } from "./place-of-import.ts";
import { answered, isRepeated } from "./repeated-events.ts";
import { restoreStatus, writeStatus } from "./status-file.ts";
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
  /** False for a tick, also where it is about a disk of the set: others' jobs, and the end waited for, are up to it. */
  readonly mayWait: boolean;
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
  const { key, sidecarOf, occasion, mayWait, trigger, eventEtag, looked } = image;
  const { region, bucket, objects } = outerDeps;
  const [facts, triggerFacts] = await Promise.all([
    looked ? looked.facts : objects.stat({ bucket, key }),
    trigger === undefined ? undefined : objects.stat({ bucket, key: trigger }),
  ]);
  const isChanged = facts !== undefined && eventEtag !== undefined && facts.etag !== eventEtag;
  const deps = withLogFields(outerDeps, {
    ...(trigger === undefined ? {} : { trigger }),
    ...(isChanged ? { changed: `written again since its event: ETag ${eventEtag} then, ${facts.etag} now` } : {}),
  });
  // A tick asks about a set whose system disk has not come, too.
  if (trigger === undefined ? !facts && occasion !== "tick" : !triggerFacts) {
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
  const current = await unclaimed(found, mayWait, deps);
  const considered = await consider({ key, sidecarOf, facts }, deps);
  reportInspections(considered, subject, deps);
  if ("members" in considered) {
    const others = [key, ...considered.members].filter((member) => member !== sidecarOf);
    await Promise.all(others.map((member) => deps.members.remember({ bucket, key: member }, sidecarOf)));
    // A set whose manifest has a name of its own: its deletion must find the job.
    if (facts && sidecarOf !== key) await deps.ledger.link({ bucket, key: sidecarOf }, jobIdOf(subject));
  }
  if (!facts) return awaitSystemDisk(considered, subject, triggerFacts, image, deps);
  await act(considered, subject, facts, occasion, current, deps);
  if ("members" in considered && considered.members.length > 0) await endAwaited(subject, deps);
}

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
      if (occasion === "replay") return false;
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
      if (isAskedAnew) await restoreStatus(current, deps);
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
  const attempts = attemptsOf(current);
  const base = {
    subject,
    uploadedAt: facts.lastModified.toISOString(),
    sources,
    ...(attempts > 0 ? { attempts } : {}),
  };
  if (current && isRepeated(current, occasion, sources)) return duplicate(current, answered(current), deps);
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
  // Asked again as it was asked before. What makes another request of it, also in the bucket manifest, is another attempt.
  if (current?.state === "parked" && sameRequest(current, plan, diskEtags)) {
    await takeOver({ ...current, sources }, deps);
    return;
  }
  const place = await placeFor(current, subject, plan, diskEtags, deps);
  if ("running" in place) return duplicate(place.running, "it was imported with these settings already", deps);
  if (place.previous && isRepeated(place.previous, occasion, sources))
    return duplicate(place.previous, answered(place.previous), deps);
  const number = attemptsOf(place.previous) + 1;
  const attempt = {
    ...newAttempt(jobIdOf(place.subject), number, plan.request, diskEtags, plan.nameIsDefault, deps.claimant),
    provenance: plan.provenance,
  };
  const findings = plan.findings.length > 0 ? { findings: plan.findings } : {};
  const claimed = await claim(place.previous, { ...base, subject: place.subject, ...findings }, attempt, deps);
  if (claimed.done) await submit(claimed.record, false, deps);
  else if (claimed.current) duplicate(claimed.current, "another invocation has it", deps);
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
