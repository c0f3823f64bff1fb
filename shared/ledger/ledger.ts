import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { ObjectRef, ObjectStore } from "../cloud/ports.ts";
import { type JobRecord, type JobStep, jobIdOf, jobStates, mayGo } from "./job.ts";
import { type OpenEntry, openKey, openPrefix, parseOpenKey, sequenceText } from "./open-entry.ts";

const maximumRecordInBytes = 256 * 1024;

/** The state bucket has versioning: create-only writes would silently overwrite there, so nothing may run. */
export class LedgerUnsafe extends Error {
  override readonly name = "LedgerUnsafe";
}

export type Appended =
  | { readonly done: true; readonly record: JobRecord }
  | { readonly done: false; readonly current: JobRecord | undefined };

/**
 * The record of all jobs: create-only objects in the state bucket.
 *
 *     jobs/<jobId>/<sequence>.json   one record a step; the highest is the job's present state
 *     open/<jobId>/<sequence>.…      index of jobs that a tick must look at (see open-entry.ts)
 *     objects/<object>/<jobId>       which jobs an object had: an object that is gone names no version any more
 *     members/<disk>/<manifest>      which manifest names an object as one of its disks (see disk-members.ts)
 *
 * Order of writes: index entry, then record, then the status file and the log, and last of all the old index entries
 * are deleted. Whatever is interrupted therefore leaves an index entry, and the next tick finishes the work.
 */
export interface Ledger {
  /** The latest record of a job; undefined when there is none. */
  current(jobId: string): Promise<JobRecord | undefined>;
  /** One record of a job; undefined when it was never written. */
  record(jobId: string, sequence: number): Promise<JobRecord | undefined>;
  /** All records of a job, oldest first. */
  history(jobId: string): Promise<readonly JobRecord[]>;
  /**
   * Makes one step after `previous`. Not done when somebody else made a step first: `current` is theirs then.
   * `open` describes the index entry; left out for a step that needs no tick.
   */
  append(previous: JobRecord | undefined, step: JobStep, open?: { due: Date }): Promise<Appended>;
  /** The latest records of all jobs that were made of an object, as any of its disks, oldest upload first. */
  jobsOf(object: ObjectRef): Promise<readonly JobRecord[]>;
  /** Lets `jobsOf` find a job by an object. */
  link(object: ObjectRef, jobId: string): Promise<void>;
  /** One page of the ids of all jobs, ended ones too; `next` is where the following page starts. */
  jobIds(
    startAfter: string | undefined,
  ): Promise<{ readonly ids: readonly string[]; readonly next: string | undefined }>;
  /** The newest index entry of a job; undefined when it has none: it has ended. */
  openEntry(jobId: string): Promise<OpenEntry | undefined>;
  /** Replaces index entries of a job by this one. */
  keepOpen(entry: OpenEntry, replaced: readonly OpenEntry[]): Promise<void>;
  /** Deletes index entries that stand for nothing any more. */
  dropEntries(entries: readonly OpenEntry[]): Promise<void>;
  /**
   * Takes a job out of the index: only after everything that its end asks for is done. `kept` is written instead, for
   * what is left to do later. Entries of later steps stay: somebody else is at work there.
   */
  close(record: Pick<JobRecord, "jobId" | "sequence">, kept?: OpenEntry): Promise<void>;
  /** One page of open jobs in the order of keys; `next` is where the following page starts. */
  openJobs(
    startAfter: string | undefined,
  ): Promise<{ readonly entries: readonly OpenEntry[]; readonly next: string | undefined }>;
}

export interface LedgerOptions {
  readonly objects: ObjectStore;
  readonly stateBucket: string;
  readonly clock: Clock;
  /** Awaited before the first write; rejects with LedgerUnsafe. Reading needs no such promise. */
  readonly safety?: Promise<void>;
}

/** Rejects with LedgerUnsafe unless the state bucket exists and has never had versioning. */
export async function checkStateBucket(objects: ObjectStore, stateBucket: string): Promise<void> {
  const bucket = await objects.bucket(stateBucket);
  if (!bucket) throw new LedgerUnsafe(`The state bucket ${stateBucket} does not exist.`);
  if (bucket.versioning !== "Off") {
    throw new LedgerUnsafe(
      `The state bucket ${stateBucket} has versioning ${bucket.versioning}: OSS ignores create-only writes there. Use a bucket without versioning.`,
    );
  }
}

export function ossLedger({ objects, stateBucket, clock, safety }: LedgerOptions): Ledger {
  const inState = (key: string) => ({ bucket: stateBucket, key });

  const readRecord = async (key: string): Promise<JobRecord | undefined> => {
    const found = await objects.read(inState(key), maximumRecordInBytes);
    return found && parseRecord(key, found.body.toString("utf8"));
  };

  const recordKeys = async (jobId: string): Promise<readonly string[]> => {
    const keys: string[] = [];
    let startAfter: string | undefined;
    for (;;) {
      const page = await objects.list(stateBucket, { prefix: `jobs/${jobId}/`, ...(startAfter ? { startAfter } : {}) });
      keys.push(...page.objects.map(({ key }) => key));
      startAfter = keys.at(-1);
      if (!page.more || startAfter === undefined) return keys;
    }
  };

  const current = async (jobId: string): Promise<JobRecord | undefined> => {
    const last = (await recordKeys(jobId)).at(-1);
    return last === undefined ? undefined : readRecord(last);
  };

  const link = async (object: ObjectRef, jobId: string): Promise<void> =>
    objects.put(inState(`${linksOf(object)}${jobId}`), "", "application/json");

  /** Deletes the index entries of a job's steps up to this one, but for `kept`. */
  const dropUpTo = async (
    { jobId, sequence }: Pick<JobRecord, "jobId" | "sequence">,
    kept: string | undefined,
  ): Promise<void> => {
    const page = await objects.list(stateBucket, { prefix: `${openPrefix}${jobId}/` });
    const keys = page.objects.map(({ key }) => key);
    await deleteAll(keys.filter((key) => key !== kept && (parseOpenKey(key)?.sequence ?? 0) <= sequence));
  };

  return {
    current,
    link,

    async jobsOf(object) {
      const { objects: links } = await objects.list(stateBucket, { prefix: linksOf(object) });
      const found = await Promise.all(links.map(({ key }) => current(key.slice(-jobIdLength))));
      return found
        .filter((record) => record !== undefined)
        .sort((a, b) => (a.uploadedAt < b.uploadedAt ? -1 : a.uploadedAt > b.uploadedAt ? 1 : 0));
    },

    async jobIds(startAfter) {
      const page = await objects.list(stateBucket, { prefix: "jobs/", ...(startAfter ? { startAfter } : {}) });
      const ids = [...new Set(page.objects.map(({ key }) => key.split("/")[1] ?? ""))];
      const last = ids.at(-1);
      // Past the records of the last job, of which the page may show a part only: `~` comes after every digit.
      return { ids, next: page.more && last !== undefined ? `jobs/${last}/~` : undefined };
    },

    record: (jobId, sequence) => readRecord(recordKey(jobId, sequence)),

    async history(jobId) {
      const records: JobRecord[] = [];
      for (const key of await recordKeys(jobId)) {
        const record = await readRecord(key);
        if (record) records.push(record);
      }
      return records;
    },

    async append(previous, step, open) {
      if (!mayGo(previous?.state, step.state))
        throw new Error(`A job cannot go from ${previous?.state ?? "nothing"} to ${step.state}.`);
      await safety;
      const now = clock.now();
      const record: JobRecord = {
        ...step,
        ...(open ? { due: open.due.toISOString() } : {}),
        jobId: previous?.jobId ?? jobIdOf(step.subject),
        sequence: (previous?.sequence ?? 0) + 1,
        at: now.toISOString(),
        nonce: randomUUID(),
      };
      const entry = open && openEntryOf(record, open.due);
      await Promise.all([
        ...(entry ? [objects.put(inState(openKey(entry)), "", "application/json")] : []),
        ...newlyNamed(previous, record).map((key) => link({ bucket: step.subject.bucket, key }, record.jobId)),
      ]);
      if (await objects.create(inState(recordKey(record.jobId, record.sequence)), JSON.stringify(record))) {
        // The entry of the step before has a known name; any other that is left over is collapsed by a tick.
        if (entry && previous?.due) await deleteAll([openKey(openEntryOf(previous, new Date(previous.due)))]);
        return { done: true, record };
      }
      // Our index entry may bear the very name of the winner's, so it stays: a tick collapses what is double.
      return { done: false, current: await current(record.jobId) };
    },

    async openEntry(jobId) {
      const page = await objects.list(stateBucket, { prefix: `${openPrefix}${jobId}/` });
      return page.objects.flatMap(({ key }) => parseOpenKey(key) ?? []).at(-1);
    },

    async keepOpen(entry, replaced) {
      const key = openKey(entry);
      await objects.put(inState(key), "", "application/json");
      await deleteAll(replaced.map(openKey).filter((old) => old !== key));
    },

    dropEntries: (entries) => deleteAll(entries.map(openKey)),

    async close(record, kept) {
      if (kept) await objects.put(inState(openKey(kept)), "", "application/json");
      await dropUpTo(record, kept && openKey(kept));
    },

    async openJobs(startAfter) {
      const page = await objects.list(stateBucket, { prefix: openPrefix, ...(startAfter ? { startAfter } : {}) });
      const entries = page.objects.flatMap(({ key }) => parseOpenKey(key) ?? []);
      return { entries, next: page.more ? page.objects.at(-1)?.key : undefined };
    },
  };

  async function deleteAll(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => objects.delete(inState(key))));
  }
}

const jobIdLength = 32;

const linksOf = ({ bucket, key }: ObjectRef): string =>
  `objects/${createHash("sha256").update(`${bucket}/${key}`).digest("hex").slice(0, 32)}/`;

/** The keys that a record is the first of its job to name. */
function newlyNamed(previous: JobRecord | undefined, record: JobRecord): readonly string[] {
  const keysOf = ({ subject, attempt }: JobRecord): readonly string[] => [
    subject.key,
    ...(attempt?.request.DiskDeviceMapping ?? []).map(({ OSSObject }) => OSSObject),
  ];
  const known = new Set(previous ? keysOf(previous) : []);
  return [...new Set(keysOf(record))].filter((key) => !known.has(key));
}

const recordKey = (jobId: string, sequence: number): string => `jobs/${jobId}/${sequenceText(sequence)}.json`;

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

/** The index entry of a fresh record. */
export function openEntryOf(record: JobRecord, due: Date): OpenEntry {
  const at = seconds(new Date(record.at));
  const { attempt } = record;
  const hasTask = record.state !== "claimed";
  return {
    jobId: record.jobId,
    sequence: record.sequence,
    state: record.state,
    ...(hasTask && attempt?.taskId ? { taskId: attempt.taskId } : {}),
    ...(hasTask && attempt?.imageId ? { imageId: attempt.imageId } : {}),
    since: record.since ? seconds(new Date(record.since)) : at,
    movedAt: at,
    due: seconds(due),
    warned: 0,
    ...(record.state === "waiting" && record.bucketManifest ? { bucketManifest: record.bucketManifest } : {}),
  };
}

/** A record as it was written. What is not one is an error: to take it for absent would begin the job anew. */
function parseRecord(key: string, text: string): JobRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Falls through to the error below.
  }
  if (!isRecord(value)) throw new Error(`The ledger's ${key} cannot be read: it was changed by something else.`);
  return value;
}

function isRecord(value: unknown): value is JobRecord {
  const record = value as Partial<JobRecord> | null;
  return (
    typeof record === "object" &&
    record !== null &&
    typeof record.jobId === "string" &&
    typeof record.sequence === "number" &&
    typeof record.nonce === "string" &&
    typeof record.subject?.key === "string" &&
    jobStates.some((state) => state === record.state)
  );
}
