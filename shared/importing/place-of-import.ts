import { isDeepStrictEqual } from "node:util";
import { isEnd, type JobRecord, type JobSubject, jobIdOf } from "../ledger/job.ts";
import { newAttempt } from "./claim.ts";
import type { ImportDeps } from "./import-deps.ts";
import type { Plan } from "./plan.ts";

type PlannedImport = Extract<Plan, { decision: "import" }>;

/**
 * The job to claim: the object version's own, or, when that is running or available with other settings, one of its
 * variants. An image that exists is never changed and never imported twice with the same settings.
 */
export async function placeFor(
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
