import type { JobRecord } from "../../shared/ledger/job.ts";
import type { Ledger } from "../../shared/ledger/ledger.ts";
import type { OpenEntry } from "../../shared/ledger/open-entry.ts";
import { inParallel } from "../../shared/runtime/in-parallel.ts";

export interface ListedJob {
  readonly record: JobRecord;
  /** Absent when the job has ended. */
  readonly entry: OpenEntry | undefined;
}

const readsAtOnce = 16;

/** The newest index entry of each open job. */
async function openEntries(ledger: Ledger): Promise<ReadonlyMap<string, OpenEntry>> {
  const newest = new Map<string, OpenEntry>();
  let startAfter: string | undefined;
  do {
    const page = await ledger.openJobs(startAfter);
    for (const entry of page.entries) {
      const known = newest.get(entry.jobId);
      const isNewer = !known || entry.sequence > known.sequence || entry.movedAt >= known.movedAt;
      if (isNewer) newest.set(entry.jobId, entry);
    }
    startAfter = page.next;
  } while (startAfter !== undefined);
  return newest;
}

interface Selection {
  readonly all: boolean;
  /** Jobs that are looked at though they are not open any more. */
  readonly seen: ReadonlySet<string>;
  matches(record: JobRecord): boolean;
}

/** Open jobs, or all that ever were, whose objects `matches` takes; by key, then by upload. */
export async function listJobs(ledger: Ledger, { all, seen, matches }: Selection): Promise<readonly ListedJob[]> {
  const entries = await openEntries(ledger);
  const ids = new Set([...entries.keys(), ...seen]);
  let startAfter: string | undefined;
  if (all)
    do {
      const page = await ledger.jobIds(startAfter);
      for (const id of page.ids) ids.add(id);
      startAfter = page.next;
    } while (startAfter !== undefined);
  const jobs: ListedJob[] = [];
  await inParallel([...ids], readsAtOnce, async (id) => {
    const entry = entries.get(id);
    // An index entry is written before its record: the record may not be there yet.
    const record = (entry && !all ? await ledger.record(id, entry.sequence) : undefined) ?? (await ledger.current(id));
    if (record && matches(record)) jobs.push({ record, entry });
  });
  const orderOf = ({ record }: ListedJob): string => `${record.subject.key}\u0000${record.uploadedAt}`;
  return jobs.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}
