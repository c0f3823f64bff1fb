import { pauseInMilliseconds } from "../cloud/retry.ts";
import type { JobRecord } from "../ledger/job.ts";
import { claim } from "./claim.ts";
import { type ImportDeps, invocationLifetimeInMilliseconds, RetryLater } from "./import-deps.ts";
import { submit } from "./submit.ts";

/** A claim whose owner is surely dead, or is this very invocation, delivered again by FC. */
export function isLapsed(current: JobRecord, deps: ImportDeps): boolean {
  if (current.attempt?.claimant === deps.claimant) return true;
  return deps.clock.now().getTime() - Date.parse(current.at) > invocationLifetimeInMilliseconds;
}

/**
 * The job once nobody is submitting or cancelling it. What a manifest changes can be decided only then: before, an image
 * may or may not come of the earlier settings. Waits for the invocation at work, where it may, and does the work of one
 * that died.
 */
export async function unclaimed(
  found: JobRecord | undefined,
  mayWait: boolean,
  deps: ImportDeps,
): Promise<JobRecord | undefined> {
  let current = found;
  for (let tries = 3; current?.state === "claimed" || current?.state === "cancelling"; tries += 1) {
    if (current.state === "claimed" && isLapsed(current, deps)) {
      current = await takeOver(current, deps);
      continue;
    }
    const pause = pauseInMilliseconds(tries, deps.patience.random);
    if (!mayWait || pause >= deps.patience.deadline.getTime() - deps.clock.now().getTime())
      throw new RetryLater(
        current.state === "claimed"
          ? `Another invocation is submitting ${current.subject.key} just now.`
          : `The earlier import of ${current.subject.key} is still being cancelled.`,
      );
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
