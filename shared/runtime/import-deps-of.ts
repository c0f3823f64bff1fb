import { type Clock, systemClock } from "../clock.ts";
import type { Cloud } from "../cloud/ports.ts";
import { type Patience, retryingObjects } from "../cloud/retry.ts";
import type { ImportDeps, Inspect } from "../importing/import-deps.ts";
import { inspectImage } from "../inspection/inspect-image.ts";
import { ossDiskMembers } from "../ledger/disk-members.ts";
import { checkStateBucket, ossLedger } from "../ledger/ledger.ts";
import type { Log } from "../log/log.ts";

export interface ImportDepsOptions {
  readonly cloud: Cloud;
  readonly region: string;
  readonly imageBucket: string;
  readonly stateBucket: string;
  readonly claimant: string;
  readonly deadline: Date;
  readonly log: Log;
  /** The machine's own when absent; a test may turn its own ahead. */
  readonly clock?: Clock;
  /** 0 to 1, for jitter. */
  readonly random?: () => number;
}

const inspect: Inspect = (reader, depth) => inspectImage(reader, { depth });

/** When each state bucket was last found to be safe, in milliseconds: an instance does not ask at every invocation. */
const foundSafeAt = new Map<string, number>();

/** Somebody may switch versioning on while instances are warm. */
const safeForInMilliseconds = 5 * 60_000;

/**
 * Builds what importing depends on. Whether the state bucket can hold the ledger is asked at once and known before the
 * first write, which rejects with LedgerUnsafe if it cannot; `safety` tells earlier.
 */
export function importDepsOf(options: ImportDepsOptions): {
  readonly deps: ImportDeps;
  readonly safety: Promise<void>;
} {
  const safety = stateBucketSafety(options);
  // Whoever writes awaits it; an invocation that only reads must not die of it.
  safety.catch(() => {});
  return { deps: assembledImportDeps(options, safety), safety };
}

async function stateBucketSafety(options: ImportDepsOptions): Promise<void> {
  const { stateBucket, cloud } = options;
  const patience = patienceOf(options);
  const now = patience.clock.now().getTime();
  // A clock that was set back must not make an answer last.
  if (Math.abs(now - (foundSafeAt.get(stateBucket) ?? -Infinity)) < safeForInMilliseconds) return;
  await checkStateBucket(retryingObjects(cloud.objects, patience), stateBucket);
  foundSafeAt.set(stateBucket, now);
}

const patienceOf = ({ clock = systemClock, deadline, random = Math.random }: ImportDepsOptions): Patience => ({
  clock,
  deadline,
  random,
});

/** What importing depends on, put together; asks nothing of the cloud. */
export function assembledImportDeps(options: ImportDepsOptions, safety?: Promise<void>): ImportDeps {
  const { cloud, stateBucket, region, imageBucket, claimant, log } = options;
  const patience = patienceOf(options);
  const { clock } = patience;
  const objects = retryingObjects(cloud.objects, patience);
  return {
    region,
    bucket: imageBucket,
    objects,
    images: cloud.images,
    ledger: ossLedger({ objects, stateBucket, clock, ...(safety ? { safety } : {}) }),
    members: ossDiskMembers(objects, stateBucket),
    inspect,
    log,
    clock,
    patience,
    claimant,
  };
}
