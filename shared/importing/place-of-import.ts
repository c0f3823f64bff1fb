import { isDeepStrictEqual } from "node:util";
import { attemptsOf, isEnd, type JobRecord, type JobSubject, jobIdOf } from "../ledger/job.ts";
import type { ImportDeps } from "./import-deps.ts";
import { fingerprintOf } from "./import-request.ts";
import type { Plan } from "./plan.ts";

type PlannedImport = Extract<Plan, { decision: "import" }>;

/**
 * The job to claim: the object version's own, or, when that is running or available with other settings, one of its
 * variants. An image that exists is never changed and never imported twice with the same settings: also the variant keeps
 * its own, should the version's own job fail meanwhile.
 */
export async function placeFor(
  current: JobRecord | undefined,
  subject: JobSubject,
  plan: PlannedImport,
  diskEtags: readonly string[],
  { ledger }: Pick<ImportDeps, "ledger">,
): Promise<
  { readonly subject: JobSubject; readonly previous: JobRecord | undefined } | { readonly running: JobRecord }
> {
  // Variants begin beside an attempt.
  if (!current || attemptsOf(current) === 0) return { subject, previous: current };
  const isTaken = current.state === "submitted" || current.state === "available";
  if (isTaken && sameRequest(current, plan, diskEtags)) return { running: current };
  const variant: JobSubject = { ...subject, variant: variantOf(plan, diskEtags) };
  const twin = await ledger.current(jobIdOf(variant));
  if (twin && (!isEnd(twin.state) || twin.state === "available")) return { running: twin };
  return isTaken ? { subject: variant, previous: twin } : { subject, previous: current };
}

/**
 * Whether a job's attempt asks for what is planned now. A default name that had to give way to another image's does not make
 * it another request.
 */
export function sameRequest(
  { attempt }: JobRecord,
  { request, nameIsDefault }: PlannedImport,
  diskEtags: readonly string[],
): boolean {
  if (!attempt || !isDeepStrictEqual(attempt.diskEtags, diskEtags)) return false;
  const named = nameIsDefault && attempt.nameIsDefault ? { ...request, ImageName: attempt.request.ImageName } : request;
  return isDeepStrictEqual(JSON.parse(JSON.stringify(attempt.request)), JSON.parse(JSON.stringify(named)));
}

/** What tells variants apart. A default name changes when the same bytes are uploaded again, and nobody asked for that. */
const variantOf = ({ request, nameIsDefault }: PlannedImport, diskEtags: readonly string[]): string =>
  fingerprintOf(nameIsDefault ? { ...request, ImageName: "" } : request, diskEtags);
