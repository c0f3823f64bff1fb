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

/** State buckets that were found to be safe: asked once an instance, not once an invocation. */
const safeStateBuckets = new Set<string>();

/** Builds what importing depends on; rejects with LedgerUnsafe when the state bucket cannot hold the ledger. */
export async function importDepsOf(options: ImportDepsOptions): Promise<ImportDeps> {
  const { stateBucket } = options;
  const deps = assembledImportDeps(options);
  if (!safeStateBuckets.has(stateBucket)) {
    await checkStateBucket(deps.objects, stateBucket);
    safeStateBuckets.add(stateBucket);
  }
  return deps;
}

/** What importing depends on, put together; asks nothing of the cloud. */
export function assembledImportDeps(options: ImportDepsOptions): ImportDeps {
  const { cloud, stateBucket, region, imageBucket, claimant, deadline, log } = options;
  const { clock = systemClock, random = Math.random } = options;
  const patience: Patience = { clock, deadline, random };
  const objects = retryingObjects(cloud.objects, patience);
  return {
    region,
    bucket: imageBucket,
    objects,
    images: cloud.images,
    ledger: ossLedger({ objects, stateBucket, clock }),
    members: ossDiskMembers(objects, stateBucket),
    inspect,
    log,
    clock,
    patience,
    claimant,
  };
}
