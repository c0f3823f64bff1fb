import type { JobRecord, JobState } from "../ledger/job.ts";
import type { Occasion } from "./import-object.ts";

/** Where a job stays, or goes its way, until something new comes. */
const answeredStates: ReadonlySet<JobState> = new Set([
  "rejected",
  "failed",
  "cancelled",
  "parked",
  "submitted",
  "available",
]);

/** The event of a sidecar or a disk comes as often and as late as any other: only what is new in them asks anew. */
export const isRepeated = (
  { state, sources: known }: JobRecord,
  occasion: Occasion,
  sources: readonly string[],
): boolean =>
  occasion === "manifest" && answeredStates.has(state) && sources.every((source) => known?.includes(source));

/** Why such an event leads to nothing. */
export const answered = ({ state, reason }: JobRecord): string =>
  `nothing has changed since it was ${state}${reason ? ` (${reason})` : ""}`;
