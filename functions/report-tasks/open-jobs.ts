import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import type { OpenEntry } from "../../shared/ledger/open-entry.ts";

/** A job's newest index entry, and older ones that an interrupted write left behind. */
export interface OpenJob {
  readonly entry: OpenEntry;
  readonly stale: readonly OpenEntry[];
}

/** All open jobs, as far as there is time to list them. */
export async function listOpenJobs(deps: ImportDeps): Promise<readonly OpenJob[]> {
  const entries: OpenEntry[] = [];
  let startAfter: string | undefined;
  do {
    const page = await deps.ledger.openJobs(startAfter);
    for (const entry of page.entries) entries.push(entry);
    startAfter = page.next;
  } while (startAfter !== undefined && !isTimeUp(deps));
  return collapsed(entries);
}

/** The list is in the order of job ids, so the entries of one job are neighbours, the newest last. */
function collapsed(entries: readonly OpenEntry[]): readonly OpenJob[] {
  const jobs = new Map<string, OpenJob>();
  for (const entry of entries) {
    const known = jobs.get(entry.jobId);
    const newer =
      !known ||
      entry.sequence > known.entry.sequence ||
      (entry.sequence === known.entry.sequence && entry.movedAt >= known.entry.movedAt);
    const stale = known ? [...known.stale, newer ? known.entry : entry] : [];
    jobs.set(entry.jobId, { entry: newer ? entry : known.entry, stale });
  }
  return [...jobs.values()];
}

/** No time is left to begin anything new. */
export const isTimeUp = ({ clock, patience }: ImportDeps): boolean => clock.now() >= patience.deadline;
