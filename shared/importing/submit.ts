import { isCloudError } from "../cloud/cloud-error.ts";
import { pauseInMilliseconds } from "../cloud/retry.ts";
import type { Attempt, JobRecord, JobStep } from "../ledger/job.ts";
import { type Appended, openEntryOf } from "../ledger/ledger.ts";
import { type Failure, failureOf } from "./failure.ts";
import { type ImportDeps, invocationLifetimeInMilliseconds, RetryLater } from "./import-deps.ts";
import { attemptToken, fingerprintOf, type ImportImageRequest } from "./import-request.ts";
import { attemptTag } from "./origin-tags.ts";
import { writeStatus } from "./status-file.ts";
import { logStep } from "./step-log.ts";

/** How long a claim is left alone. Longer than an invocation lasts: after that its owner is surely dead. */
const leaseAfterDeadlineInMilliseconds = 30_000;

/** An account fault, or an ECS that gives no answer, is tried for so long, then the job ends: no retry goes on for ever. */
const triedAtMostInMilliseconds = 14 * 24 * 3600 * 1000;

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

/** Claims a job for an attempt. Not done when somebody else took the step first. */
export function claim(
  previous: JobRecord | undefined,
  step: Pick<JobRecord, "subject" | "uploadedAt" | "findings">,
  attempt: Attempt,
  deps: ImportDeps,
): Promise<Appended> {
  const { subject, uploadedAt, findings } = step;
  // A parked job keeps the memory of how long its account fault has lasted.
  const memory: Pick<JobRecord, "tries" | "since"> =
    previous?.state === "parked" || previous?.state === "claimed"
      ? { tries: previous.tries ?? 0, since: previous.since ?? previous.at }
      : {};
  // A claim that was taken over again and again waits longer each time: ECS is not hammered while it is away.
  const pause = memory.tries ? parkingPauseInMilliseconds(memory.tries) : 0;
  const due = new Date(deps.patience.deadline.getTime() + leaseAfterDeadlineInMilliseconds + pause);
  return deps.ledger.append(
    previous,
    { state: "claimed", subject, uploadedAt, attempt, ...(findings ? { findings } : {}), ...memory },
    { due },
  );
}

/**
 * Asks ECS for the image of a claimed job, and records what came of it. Safe to repeat at any point: with `repair`, and
 * when this attempt was tried before, it first looks for the image that an earlier call may have started. Rejects with
 * RetryLater when ECS gave no usable answer in the time there was; the claim stays, and the next delivery or tick
 * repairs it.
 */
export async function submit(claimed: JobRecord, repair: boolean, deps: ImportDeps): Promise<JobRecord | undefined> {
  const { attempt } = claimed;
  if (!attempt) throw new Error("a claimed job has an attempt");
  let mayHaveStarted = repair || (claimed.tries ?? 0) > 0;
  for (let tries = 1; ; tries += 1) {
    try {
      const started = mayHaveStarted ? await findStarted(attempt, deps) : undefined;
      const changed = started ? undefined : await changedSource(claimed, deps);
      if (changed) return await cancel(claimed, changed, deps);
      return await submitted(
        claimed,
        attempt,
        started ?? (await deps.images.importImage(submission(attempt))),
        repair,
        deps,
      );
    } catch (error) {
      if (!isCloudError(error) || error.service !== "ecs") throw error;
      const failure = failureOf(error);
      const settled = nameIsTaken(error.code)
        ? await settleName(claimed, attempt, failure, repair, deps)
        : await settle(claimed, failure, deps);
      if (settled !== "again") return settled;
      mayHaveStarted ||= error.outcomeUnknown || failure.class === "transient";
      const pause = pauseInMilliseconds(tries, deps.patience.random, error.retryAfterInMilliseconds);
      const timeLeft = deps.patience.deadline.getTime() - deps.clock.now().getTime();
      if (tries >= 5 || pause >= timeLeft) return giveUpForNow(claimed, failure, deps);
      await deps.clock.sleep(pause);
    }
  }
}

/** ECS takes whatever lies under a key. Only the very bytes that were inspected and claimed may be asked for. */
async function changedSource({ attempt, subject }: JobRecord, { objects }: ImportDeps): Promise<string | undefined> {
  for (const [index, { OSSObject }] of (attempt?.request.DiskDeviceMapping ?? []).entries()) {
    const facts = await objects.stat({ bucket: subject.bucket, key: OSSObject });
    if (facts?.etag === attempt?.diskEtags[index]) continue;
    const what = OSSObject === subject.key ? "the object" : `its disk ${OSSObject}`;
    return facts
      ? `${what} was replaced by a newer version, which is looked at on its own`
      : `${what} was deleted before it could be imported`;
  }
  return undefined;
}

async function cancel(claimed: JobRecord, reason: string, deps: ImportDeps): Promise<JobRecord | undefined> {
  const { subject, uploadedAt, findings, attempt } = claimed;
  const made = await deps.ledger.append(claimed, {
    state: "cancelled",
    subject,
    uploadedAt,
    reason,
    ...(attempt ? { attempt } : {}),
    ...(findings ? { findings } : {}),
  });
  return made.done ? conclude(made.record, deps, claimed) : made.current;
}

/** The request as it is sent: with the attempt's ClientToken, and with its tag, which outlasts the token. */
export const submission = ({ request, token }: Attempt): ImportImageRequest => ({
  ...request,
  Tag: [...request.Tag, { Key: attemptTag, Value: token }],
  ClientToken: token,
});

interface Started {
  readonly imageId: string;
  readonly taskId?: string;
  readonly requestId?: string;
}

/** The image and task that a call with this attempt's token started, if there is one. */
export async function findStarted(
  { token }: Attempt,
  { images }: Pick<ImportDeps, "images">,
): Promise<Started | undefined> {
  const [image] = await images.describeImages({ tag: { key: attemptTag, value: token } });
  if (!image) return undefined;
  // Should ECS no longer know the task, the image alone tells how the import ends.
  const [task] = await images.describeTasks({ imageId: image.imageId });
  return { imageId: image.imageId, ...(task ? { taskId: task.taskId } : {}) };
}

async function submitted(
  claimed: JobRecord,
  attempt: Attempt,
  started: Started,
  repair: boolean,
  deps: ImportDeps,
): Promise<JobRecord | undefined> {
  const now = deps.clock.now();
  const { subject, uploadedAt, findings } = claimed;
  const step: JobStep = {
    state: "submitted",
    subject,
    uploadedAt,
    ...(findings ? { findings } : {}),
    attempt: {
      ...attempt,
      ...(started.taskId ? { taskId: started.taskId } : {}),
      imageId: started.imageId,
      submittedAt: now.toISOString(),
    },
    ...(started.requestId ? { requestId: started.requestId } : {}),
  };
  const made = await deps.ledger.append(claimed, step, { due: now });
  if (!made.done) return made.current;
  await writeStatus(made.record, deps);
  logStep(deps.log, made.record, repair ? "import.repaired" : "import.submitted");
  return made.record;
}

const nameIsTaken = (code: string): boolean => code === "InvalidImageName.Duplicated" || code === "ImageIsImporting";

/** An image of this name exists or is being made: ours, whose answer was lost; another's; or ECS does not show it yet. */
async function settleName(
  claimed: JobRecord,
  attempt: Attempt,
  failure: Failure,
  repair: boolean,
  deps: ImportDeps,
): Promise<JobRecord | undefined | "again"> {
  const started = await findStarted(attempt, deps);
  if (started) return submitted(claimed, attempt, started, repair, deps);
  const holders = await deps.images.describeImages({ imageName: attempt.request.ImageName });
  // Another name while nobody knows whose this one is might make a second image of the same.
  if (holders.length === 0) return "again";
  const renamed = attempt.nameIsDefault ? await claimWithOtherName(claimed, attempt, deps) : undefined;
  if (renamed) return renamed.done ? submit(renamed.record, false, deps) : renamed.current;
  return settle(claimed, failure, deps);
}

/** What to do after ECS said no: try again, park, or end. */
async function settle(
  claimed: JobRecord,
  failure: Failure,
  deps: ImportDeps,
): Promise<JobRecord | undefined | "again"> {
  if (failure.class === "transient") return "again";
  return failure.class === "account" ? park(claimed, failure, deps) : fail(claimed, failure, deps);
}

/** The default name is another image's: take the same with a piece of the job's id. */
async function claimWithOtherName(
  claimed: JobRecord,
  attempt: Attempt,
  deps: ImportDeps,
): Promise<Appended | undefined> {
  const suffix = `-${claimed.jobId.slice(0, 8)}`;
  const { ImageName } = attempt.request;
  if (ImageName.endsWith(suffix)) return undefined;
  const request = { ...attempt.request, ImageName: `${ImageName.slice(0, 128 - suffix.length)}${suffix}` };
  return claim(
    claimed,
    claimed,
    {
      ...newAttempt(claimed.jobId, attempt.number + 1, request, attempt.diskEtags, true, attempt.claimant),
      ...(attempt.provenance ? { provenance: attempt.provenance } : {}),
    },
    deps,
  );
}

async function park(claimed: JobRecord, failure: Failure, deps: ImportDeps): Promise<JobRecord | undefined> {
  const now = deps.clock.now();
  const tries = (claimed.tries ?? 0) + 1;
  const since = claimed.since ?? claimed.at;
  const { code, reason, advice, requestId } = failure;
  if (now.getTime() - Date.parse(since) > triedAtMostInMilliseconds) {
    return fail(
      claimed,
      {
        ...failure,
        reason: `${reason} It was so for 14 days, so the import was given up.`,
        advice: `${advice} Then replay the image.`,
      },
      deps,
    );
  }
  const { subject, uploadedAt, findings, attempt } = claimed;
  const step: JobStep = {
    state: "parked",
    subject,
    uploadedAt,
    code,
    reason,
    advice,
    tries,
    since,
    ...(attempt ? { attempt } : {}),
    ...(findings ? { findings } : {}),
    ...(requestId ? { requestId } : {}),
  };
  const made = await deps.ledger.append(claimed, step, {
    due: new Date(now.getTime() + parkingPauseInMilliseconds(tries)),
  });
  if (!made.done) return made.current;
  await writeStatus(made.record, deps);
  // Reported once: later tries of the same fault are not news.
  logStep(deps.log, made.record, "import.parked", tries === 1 ? "warn" : "debug");
  return made.record;
}

/** 1, 2, 4 … 60 minutes: nothing is hammered, and nothing waits for more than an hour after the account is mended. */
export const parkingPauseInMilliseconds = (tries: number): number => Math.min(60, 2 ** (tries - 1)) * 60_000;

async function fail(claimed: JobRecord, failure: Failure, deps: ImportDeps): Promise<JobRecord | undefined> {
  const { subject, uploadedAt, findings, attempt } = claimed;
  const { code, reason, advice, requestId } = failure;
  const step: JobStep = {
    state: "failed",
    subject,
    uploadedAt,
    code,
    reason,
    advice,
    ...(attempt ? { attempt } : {}),
    ...(findings ? { findings } : {}),
    ...(requestId ? { requestId } : {}),
  };
  const made = await deps.ledger.append(claimed, step);
  return made.done ? conclude(made.record, deps, claimed) : made.current;
}

async function giveUpForNow(claimed: JobRecord, failure: Failure, deps: ImportDeps): Promise<JobRecord | undefined> {
  if (deps.clock.now().getTime() - Date.parse(claimed.since ?? claimed.at) > triedAtMostInMilliseconds)
    return fail(claimed, { ...failure, advice: "Replay the image when ECS can be reached again." }, deps);
  throw new RetryLater(`ECS gave no usable answer for ${claimed.subject.key}: ${failure.reason}`);
}

/**
 * Everything that the end of a job asks for, in an order that can be interrupted anywhere and done again. While whoever
 * took the step before, `previous`, may still be writing an older status file, the job stays in the index, and a later
 * tick writes the file once more.
 */
export async function conclude(
  record: JobRecord,
  deps: Pick<ImportDeps, "objects" | "ledger" | "log" | "clock">,
  previous?: JobRecord,
): Promise<JobRecord> {
  await writeStatus(record, deps);
  logStep(deps.log, record, record.code === "manifest.invalid" ? "manifest.invalid" : endEvents[record.state]);
  const isAlone =
    record.sequence === 1 ||
    (previous && deps.clock.now().getTime() - Date.parse(previous.at) > invocationLifetimeInMilliseconds);
  const due = new Date(Date.parse(record.at) + invocationLifetimeInMilliseconds);
  await deps.ledger.close(record, isAlone ? undefined : { ...openEntryOf(record, due), warned: saidItsEnd });
  return record;
}

/** `warned` of an index entry whose job has ended: the log has its line. */
export const saidItsEnd = 1;

const endEvents = {
  rejected: "image.rejected",
  available: "import.available",
  failed: "import.failed",
  cancelled: "import.cancelled",
  waiting: "object.waiting",
  claimed: "import.submitted",
  submitted: "import.submitted",
  parked: "import.parked",
  cancelling: "import.cancelled",
} as const;
