/** What becomes of a claimed job when its import cannot be submitted: it is tried again, parked, or ends. */
import { carriedOver, type JobRecord, type JobStep } from "../ledger/job.ts";
import { conclude } from "./conclude.ts";
import type { Failure } from "./failure.ts";
import { type ImportDeps, RetryLater } from "./import-deps.ts";
import { writeStatus } from "./status-file.ts";
import { logStep } from "./step-log.ts";

/** An account fault, or an ECS that gives no answer, is tried for so long, then the job ends: no retry goes on for ever. */
const triedAtMostInMilliseconds = 14 * 24 * 3600 * 1000;

/** What to do after ECS said no: try again, park, or end. */
export async function settle(
  claimed: JobRecord,
  failure: Failure,
  deps: ImportDeps,
): Promise<JobRecord | undefined | "again"> {
  if (failure.class === "transient") return "again";
  return failure.class === "account" ? park(claimed, failure, deps) : fail(claimed, failure, deps);
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
  const step: JobStep = {
    ...carriedOver(claimed),
    state: "parked",
    code,
    reason,
    advice,
    tries,
    since,
    parkedFor: code,
    ...(requestId ? { requestId } : {}),
  };
  // Reported once, and before it is written down: whoever goes on with a job whose process died here takes it for said.
  logStep(deps.log, { ...claimed, ...step }, "import.parked", claimed.parkedFor === code ? "debug" : "warn");
  const made = await deps.ledger.append(claimed, step, {
    due: new Date(now.getTime() + parkingPauseInMilliseconds(tries)),
  });
  if (!made.done) return made.current;
  await writeStatus(made.record, deps);
  return made.record;
}

/** 1, 2, 4 … 60 minutes: nothing is hammered, and nothing waits for more than an hour after the account is mended. */
export const parkingPauseInMilliseconds = (tries: number): number => Math.min(60, 2 ** (tries - 1)) * 60_000;

async function fail(claimed: JobRecord, failure: Failure, deps: ImportDeps): Promise<JobRecord | undefined> {
  const { code, reason, advice, requestId } = failure;
  const step: JobStep = {
    ...carriedOver(claimed),
    state: "failed",
    code,
    reason,
    advice,
    ...(requestId ? { requestId } : {}),
  };
  const made = await deps.ledger.append(claimed, step);
  return made.done ? conclude(made.record, deps, claimed) : made.current;
}

export async function giveUpForNow(
  claimed: JobRecord,
  failure: Failure,
  deps: ImportDeps,
): Promise<JobRecord | undefined> {
  if (deps.clock.now().getTime() - Date.parse(claimed.since ?? claimed.at) > triedAtMostInMilliseconds)
    return fail(claimed, { ...failure, advice: "Replay the image when ECS can be reached again." }, deps);
  throw new RetryLater(`ECS gave no usable answer for ${claimed.subject.key}: ${failure.reason}`);
}

/** Ends a claimed job whose source is not what was claimed any more. */
export async function cancelClaimed(
  claimed: JobRecord,
  reason: string,
  deps: ImportDeps,
): Promise<JobRecord | undefined> {
  const made = await deps.ledger.append(claimed, { ...carriedOver(claimed), state: "cancelled", reason });
  return made.done ? conclude(made.record, deps, claimed) : made.current;
}
