import { isCloudError } from "../cloud/cloud-error.ts";
import { pauseInMilliseconds } from "../cloud/retry.ts";
import { type Attempt, carriedOver, type JobRecord, type JobStep } from "../ledger/job.ts";
import type { Appended } from "../ledger/ledger.ts";
import { claim, newAttempt, submission } from "./claim.ts";
import { type Failure, failureOf } from "./failure.ts";
import { type ImportDeps, invocationLifetimeInMilliseconds, RetryLater } from "./import-deps.ts";
import { attemptTag } from "./origin-tags.ts";
import { cancelClaimed, giveUpForNow, settle } from "./settle-refusal.ts";
import { writeStatus } from "./status-file.ts";
import { logStep } from "./step-log.ts";

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
      if (changed && (repair || tries > 1) && mayBeHidden(claimed, deps))
        throw new RetryLater(
          `ECS may have begun to import ${claimed.subject.key} without showing it yet, and ${changed}.`,
        );
      if (changed) return await cancelClaimed(claimed, changed, deps);
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
      mayHaveStarted = true;
      const pause = pauseInMilliseconds(tries, deps.patience.random, error.retryAfterInMilliseconds);
      const timeLeft = deps.patience.deadline.getTime() - deps.clock.now().getTime();
      if (tries >= 5 || pause >= timeLeft) return giveUpForNow(claimed, failure, deps);
      await deps.clock.sleep(pause);
    }
  }
}

/** What a call of this attempt has begun is taken to be seen once the invocation that made the call is surely over. */
const mayBeHidden = ({ at, since = at }: JobRecord, { clock }: ImportDeps): boolean =>
  clock.now().getTime() - Date.parse(since) <= invocationLifetimeInMilliseconds;

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
  const step: JobStep = {
    ...carriedOver(claimed),
    state: "submitted",
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

/** ECS's codes for a name that another image has, or will have. */
export const nameIsTaken = (code: string): boolean =>
  code === "InvalidImageName.Duplicated" || code === "ImageIsImporting";

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
  // Another name while nobody knows whose this one is, or as ours has just come to light, would make a second image.
  if (holders.length === 0 || holders.some(({ tags }) => tags.get(attemptTag) === attempt.token)) return "again";
  const renamed = attempt.nameIsDefault ? await claimWithOtherName(claimed, attempt, deps) : undefined;
  if (renamed) return renamed.done ? submit(renamed.record, false, deps) : renamed.current;
  return settle(claimed, failure, deps);
}

/** What a default name becomes when another image has it: it ends in a piece of the job's id. Itself when it does already. */
export function otherDefaultName(imageName: string, jobId: string): string {
  const suffix = `-${jobId.slice(0, 8)}`;
  return imageName.endsWith(suffix) ? imageName : `${imageName.slice(0, 128 - suffix.length)}${suffix}`;
}

/** The default name is another image's: take the same with a piece of the job's id. */
async function claimWithOtherName(
  claimed: JobRecord,
  attempt: Attempt,
  deps: ImportDeps,
): Promise<Appended | undefined> {
  const ImageName = otherDefaultName(attempt.request.ImageName, claimed.jobId);
  if (ImageName === attempt.request.ImageName) return undefined;
  const request = { ...attempt.request, ImageName };
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
