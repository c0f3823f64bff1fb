import { systemClock } from "../clock.ts";
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
}

const inspect: Inspect = (reader, depth) => inspectImage(reader, { depth });

/** State buckets that were found to be safe: asked once an instance, not once an invocation. */
const safeStateBuckets = new Set<string>();

/** Builds what importing depends on; rejects with LedgerUnsafe when the state bucket cannot hold the ledger. */
export async function importDepsOf(options: ImportDepsOptions): Promise<ImportDeps> {
  const { cloud, stateBucket, region, imageBucket, claimant, deadline, log } = options;
  const patience: Patience = { clock: systemClock, deadline, random: Math.random };
  const objects = retryingObjects(cloud.objects, patience);
  if (!safeStateBuckets.has(stateBucket)) {
    await checkStateBucket(objects, stateBucket);
    safeStateBuckets.add(stateBucket);
  }
  return {
    region,
    bucket: imageBucket,
    objects,
    images: cloud.images,
    ledger: ossLedger({ objects, stateBucket, clock: systemClock }),
    members: ossDiskMembers(objects, stateBucket),
    inspect,
    log,
    clock: systemClock,
    patience,
    claimant,
  };
}
