import { systemClock } from "../../shared/clock.ts";
import type { ObjectStore } from "../../shared/cloud/ports.ts";
import { fingerprintOf } from "../../shared/importing/import-request.ts";
import { type JobRecord, type JobState, type JobSubject, jobIdOf } from "../../shared/ledger/job.ts";
import { ossLedger } from "../../shared/ledger/ledger.ts";
import type { PlannedImport } from "../decision.ts";
import { pastedAddress } from "../pasted-address.ts";
import type { PlanAnswer } from "./plan-page.ts";

const alive: ReadonlySet<JobState> = new Set(["claimed", "submitted", "cancelling", "available"]);

/** What the ledger knows of the imports of one object version that run or have made an image. */
export interface KnownImports {
  /** The one that asked for the same: the function would start no other. */
  readonly same: JobRecord | undefined;
  /** The job that an import would be: a variant, when there is one that asked for something else. */
  readonly jobId: string;
}

/** Reads the ledger and writes nothing. Rejects with a CloudError. */
export async function knownImports(
  subject: JobSubject,
  { request, nameIsDefault }: PlannedImport,
  diskEtags: readonly string[],
  { objects, stateBucket }: { readonly objects: ObjectStore; readonly stateBucket: string },
): Promise<KnownImports> {
  const ledger = ossLedger({ objects, stateBucket, clock: systemClock });
  const jobs = (await ledger.jobsOf(subject)).filter(
    (job) => job.subject.key === subject.key && job.subject.etag === subject.etag && alive.has(job.state),
  );
  const same = jobs.find(({ attempt }) => {
    if (!attempt) return false;
    // A default name that had to give way to another image's does not make it another request.
    const named =
      nameIsDefault && attempt.nameIsDefault ? { ...request, ImageName: attempt.request.ImageName } : request;
    return fingerprintOf(named, diskEtags) === attempt.fingerprint;
  });
  const variant = jobs.length > 0 ? { variant: fingerprintOf(request, diskEtags) } : {};
  return { same, jobId: jobIdOf({ ...subject, ...variant }) };
}

/** The answer of `plan` about an object that the function would not import again. */
export function importedAlready({ jobId, state, attempt, result, subject }: JobRecord): PlanAnswer {
  const imageId = result?.imageId ?? attempt?.imageId;
  const image = [result?.imageName ?? attempt?.request.ImageName, imageId ? `(${imageId})` : ""].join(" ").trim();
  const stands =
    state === "available"
      ? `It is imported already, as ${image}, by job ${jobId}.`
      : state === "cancelling"
        ? `Its import as ${image} is being cancelled, job ${jobId}.`
        : `It is being imported, as ${image}, by job ${jobId}.`;
  return {
    decision: "ignore",
    reason: `${stands} A new upload, or a manifest that asks for something else, makes another image. The whole story: oss-image-import explain ${pastedAddress(subject)}`,
    job: { jobId, state, ...(imageId ? { imageId } : {}) },
    findings: [],
  };
}
