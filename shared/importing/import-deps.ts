import type { Clock } from "../clock.ts";
import type { ImageService, ObjectStore } from "../cloud/ports.ts";
import type { Patience } from "../cloud/retry.ts";
import type { InspectionReport } from "../inspection/report.ts";
import type { RangeReader } from "../inspection/source/range-reader.ts";
import type { DiskMembers } from "../ledger/disk-members.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Log } from "../log/log.ts";

/** Inspects an image with range reads; loaded only when an image is really looked at. */
export type Inspect = (reader: RangeReader, depth: "header" | "full") => Promise<InspectionReport>;

/** Everything that importing depends on, built in one place for each invocation. */
export interface ImportDeps {
  readonly region: string;
  readonly bucket: string;
  readonly objects: ObjectStore;
  readonly images: ImageService;
  readonly ledger: Ledger;
  readonly members: DiskMembers;
  readonly inspect: Inspect;
  readonly log: Log;
  readonly clock: Clock;
  readonly patience: Patience;
  /** Who claims jobs: FC's request id, which stays the same when FC retries an invocation. */
  readonly claimant: string;
}

/**
 * After so long an invocation that took a step is surely over: longer than the functions' timeouts (s.yaml: 120 and 300
 * seconds), with a minute for clocks that differ.
 */
export const invocationLifetimeInMilliseconds = 6 * 60_000;

/** Nothing is wrong that time does not heal: the invocation should fail, so that it is delivered again. */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
}

export const isRetryLater = (error: unknown): error is RetryLater =>
  error instanceof Error && error.name === "RetryLater";
