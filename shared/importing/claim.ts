import type { Attempt, JobRecord } from "../ledger/job.ts";
import type { Appended } from "../ledger/ledger.ts";
import type { ImportDeps } from "./import-deps.ts";
import { attemptToken, fingerprintOf, type ImportImageRequest } from "./import-request.ts";
import { attemptTag } from "./origin-tags.ts";
import { parkingPauseInMilliseconds } from "./settle-refusal.ts";

export function newAttempt(
  jobId: string,
  number: number,
  request: ImportImageRequest,
  diskEtags: readonly string[],
  nameIsDefault: boolean,
  claimant: string,
): Attempt {
  const fingerprint = fingerprintOf(request, diskEtags);
  return {
    number,
    token: attemptToken(jobId, number, fingerprint),
    fingerprint,
    request,
    diskEtags,
    nameIsDefault,
    claimant,
  };
}

/** The request as it is sent: with the attempt's ClientToken, and with its tag, which outlasts the token. */
export const submission = ({ request, token }: Attempt): ImportImageRequest => ({
  ...request,
  Tag: [...request.Tag, { Key: attemptTag, Value: token }],
  ClientToken: token,
});

/** How long a claim is left alone. Longer than an invocation lasts: after that its owner is surely dead. */
const leaseAfterDeadlineInMilliseconds = 30_000;

/** Claims a job for an attempt. Not done when somebody else took the step first. */
export function claim(
  previous: JobRecord | undefined,
  step: Pick<JobRecord, "subject" | "uploadedAt" | "sources" | "findings">,
  attempt: Attempt,
  deps: ImportDeps,
): Promise<Appended> {
  const { subject, uploadedAt, sources, findings } = step;
  // A parked job keeps the memory of how long its account fault has lasted.
  const memory: Pick<JobRecord, "tries" | "since" | "parkedFor"> =
    previous?.state === "parked" || previous?.state === "claimed"
      ? {
          tries: previous.tries ?? 0,
          since: previous.since ?? previous.at,
          ...(previous.parkedFor ? { parkedFor: previous.parkedFor } : {}),
        }
      : {};
  // A claim that was taken over again and again waits longer each time: ECS is not hammered while it is away.
  const pause = memory.tries ? parkingPauseInMilliseconds(memory.tries) : 0;
  const due = new Date(deps.patience.deadline.getTime() + leaseAfterDeadlineInMilliseconds + pause);
  return deps.ledger.append(
    previous,
    {
      state: "claimed",
      subject,
      uploadedAt,
      ...(sources ? { sources } : {}),
      attempt,
      ...(findings ? { findings } : {}),
      ...memory,
    },
    { due },
  );
}
