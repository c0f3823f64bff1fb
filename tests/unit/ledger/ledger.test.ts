import { type Clock, systemClock } from "../../../shared/clock.ts";
import { alibabaObjects } from "../../../shared/cloud/alibaba-objects.ts";
import { CloudError } from "../../../shared/cloud/cloud-error.ts";
import type { ObjectStore } from "../../../shared/cloud/ports.ts";
import { retryingObjects } from "../../../shared/cloud/retry.ts";
import { type JobStep, jobIdOf } from "../../../shared/ledger/job.ts";
import { checkStateBucket, type Ledger, LedgerUnsafe, openEntryOf, ossLedger } from "../../../shared/ledger/ledger.ts";
import { type OpenEntry, openKey } from "../../../shared/ledger/open-entry.ts";
import { owner, startEmbeddedOss } from "../../contract/oss/embedded-target.ts";
import { memoryObjects } from "./memory-objects.ts";

const at = new Date("2026-11-23T10:00:00Z");
const clock: Clock = { now: () => at, sleep: async () => undefined };
const patience = { clock, deadline: new Date("2026-11-23T10:01:00Z"), random: () => 0 };
const due = new Date("2026-11-23T10:05:00Z");

let subjects = 0;
/** Each test works on an object of its own, so that the stores may be shared. */
const freshStep = (more: Partial<JobStep> = {}): JobStep => {
  subjects += 1;
  const subject = { region: "cn-hangzhou", bucket: "images", key: `${subjects}/镜像 1.raw`, etag: "0F34" };
  return { state: "waiting", subject, uploadedAt: at.toISOString(), ...more };
};

interface Target {
  readonly objects: ObjectStore;
  readonly stateBucket: string;
}

/** What the product relies on in a ledger, whatever store it lies in. */
const ledgerContract = (makeTarget: () => Promise<Target>): void => {
  let target: Target;
  let ledger: Ledger;
  /** The same ledger with another view of its store, repeated as in an invocation. */
  const ledgerOn = (change: Partial<ObjectStore>): Ledger =>
    ossLedger({ ...target, objects: retryingObjects({ ...target.objects, ...change }, patience), clock });

  beforeAll(async () => {
    target = await makeTarget();
    ledger = ossLedger({ ...target, clock });
  });

  const openEntries = async (of: Ledger = ledger): Promise<readonly OpenEntry[]> => {
    const entries: OpenEntry[] = [];
    let startAfter: string | undefined;
    do {
      const page = await of.openJobs(startAfter);
      entries.push(...page.entries);
      startAfter = page.next;
    } while (startAfter !== undefined);
    return entries;
  };
  const entriesOf = async (jobId: string): Promise<readonly OpenEntry[]> =>
    (await openEntries()).filter((entry) => entry.jobId === jobId);

  /** A job's first record. */
  const begun = async (step: JobStep = freshStep(), open?: { due: Date }) => {
    const made = await ledger.append(undefined, step, open);
    if (!made.done) throw new Error("the job was there already");
    return made.record;
  };

  it("has no record of a job that never was", async () => {
    const jobId = "f".repeat(32);
    expect(await ledger.current(jobId)).toBeUndefined();
    expect(await ledger.record(jobId, 1)).toBeUndefined();
    expect(await ledger.history(jobId)).toEqual([]);
  });

  it("keeps every step of a job, and shows the last as its present state", async () => {
    const first = await begun(freshStep({ reason: "it is empty" }));
    const made = await ledger.append(first, { ...first, state: "rejected", code: "image.malformed" });
    expect(first).toMatchObject({ jobId: jobIdOf(first.subject), sequence: 1, at: at.toISOString(), state: "waiting" });
    expect(made).toMatchObject({ done: true, record: { sequence: 2, state: "rejected" } });
    expect(await ledger.history(first.jobId)).toEqual([first, made.done && made.record]);
    expect(await ledger.current(first.jobId)).toEqual(made.done && made.record);
    expect(await ledger.record(first.jobId, 1)).toEqual(first);
  });

  it("lets a step be made once: who comes second is told the state that it missed", async () => {
    const first = await begun();
    const winner = await ledger.append(first, { ...first, state: "claimed" });
    expect(winner.done).toBe(true);
    expect(await ledger.append(first, { ...first, state: "rejected" })).toEqual({
      done: false,
      current: winner.done && winner.record,
    });
    expect(await ledger.append(undefined, first)).toMatchObject({ done: false, current: { state: "claimed" } });
  });

  it("lets exactly one of many writers at once make a step, and all others see it", async () => {
    const step = freshStep({ state: "claimed" });
    const made = await Promise.all(Array.from({ length: 8 }, () => ledger.append(undefined, step, { due })));
    const [winner, ...more] = made.flatMap((one) => (one.done ? [one.record] : []));
    expect(more).toEqual([]);
    expect(made.filter(({ done }) => !done)).toEqual(Array(7).fill({ done: false, current: winner }));
    expect(await ledger.history(winner?.jobId ?? "")).toEqual([winner]);
  });

  it("refuses a step that no job can take", async () => {
    const first = await begun(freshStep({ state: "claimed" }));
    await expect(ledger.append(undefined, freshStep({ state: "available" }))).rejects.toThrow(
      "from nothing to available",
    );
    await expect(ledger.append(first, { ...first, state: "rejected" })).rejects.toThrow("from claimed to rejected");
    expect(await ledger.history(first.jobId)).toHaveLength(1);
  });

  const answerLost = () =>
    new CloudError({ service: "oss", code: "NoAnswer", message: "socket hang up", outcomeUnknown: true });
  /** A `create` whose first call is replaced. */
  const firstCreate = (first: ObjectStore["create"]): Partial<ObjectStore> => {
    let isFirst = true;
    return {
      create: (object, body) => {
        const call = isFirst ? first : target.objects.create;
        isFirst = false;
        return call(object, body);
      },
    };
  };

  it("knows its own record again when the answer was lost", async () => {
    const step = freshStep();
    const made = await ledgerOn(
      firstCreate(async (object, body) => {
        await target.objects.create(object, body);
        throw answerLost();
      }),
    ).append(undefined, step);
    expect(made).toMatchObject({ done: true, record: { sequence: 1 } });
    expect(await ledger.history(jobIdOf(step.subject))).toHaveLength(1);
  });

  it("writes again when the request was lost", async () => {
    const step = freshStep();
    const made = await ledgerOn(firstCreate(() => Promise.reject(answerLost()))).append(undefined, step);
    expect(made).toMatchObject({ done: true, record: { sequence: 1 } });
    expect(await ledger.history(jobIdOf(step.subject))).toHaveLength(1);
  });

  it("does not take another's record for its own when the answer was lost", async () => {
    const step = freshStep();
    const other = await begun(step);
    const made = await ledgerOn(firstCreate(() => Promise.reject(answerLost()))).append(undefined, step);
    expect(made).toEqual({ done: false, current: other });
  });

  it("hands on a refusal that has nothing to do with a lost answer", async () => {
    const denied = new CloudError({ service: "oss", code: "AccessDenied", message: "no", status: 403 });
    const step = freshStep();
    await expect(ledgerOn({ create: () => Promise.reject(denied) }).append(undefined, step)).rejects.toBe(denied);
    expect(await ledger.current(jobIdOf(step.subject))).toBeUndefined();
  });

  it("keeps one index entry for an open job, that of its last step", async () => {
    const attempt = { taskId: "t-1", imageId: "m-1", request: { DiskDeviceMapping: [] } } as unknown as NonNullable<
      JobStep["attempt"]
    >;
    const first = await begun(freshStep({ state: "claimed", attempt }), { due });
    const seconds = at.getTime() / 1000;
    const times = { since: seconds, movedAt: seconds, due: seconds + 300, warned: 0 };
    expect(await entriesOf(first.jobId)).toEqual([{ jobId: first.jobId, sequence: 1, state: "claimed", ...times }]);
    await ledger.append(first, { ...first, state: "submitted" }, { due });
    expect(await entriesOf(first.jobId)).toEqual([
      { jobId: first.jobId, sequence: 2, state: "submitted", taskId: "t-1", imageId: "m-1", ...times },
    ]);
  });

  it("writes the index entry first: a writer that dies leaves a trace, never a job that nobody looks after", async () => {
    const step = freshStep({ state: "claimed" });
    const dying = ledgerOn({ create: () => Promise.reject(new Error("killed")) });
    await expect(dying.append(undefined, step, { due })).rejects.toThrow("killed");
    expect(await entriesOf(jobIdOf(step.subject))).toMatchObject([{ sequence: 1, state: "claimed" }]);
    expect(await ledger.current(jobIdOf(step.subject))).toBeUndefined();
  });

  it("leaves the index alone for a step that needs no tick, and forgets the job when it is closed", async () => {
    const first = await begun(freshStep({ state: "claimed" }), { due });
    const ended = await ledger.append(first, { ...first, state: "failed" });
    expect(await entriesOf(first.jobId)).toMatchObject([{ sequence: 1 }]);
    const last = ended.done ? ended.record : first;
    await ledger.close(last);
    await ledger.close(last);
    expect(await entriesOf(first.jobId)).toEqual([]);
    expect(await ledger.history(first.jobId)).toHaveLength(2);
  });

  it("replaces index entries, and drops those that stand for nothing", async () => {
    const first = await begun(freshStep({ state: "claimed" }), { due });
    const entry = openEntryOf(first, due);
    const next = { ...entry, progress: 40 };
    await ledger.keepOpen(next, [entry]);
    expect(await entriesOf(first.jobId)).toEqual([next]);
    await ledger.keepOpen(next, [next]);
    expect(await entriesOf(first.jobId)).toEqual([next]);
    await ledger.dropEntries([next]);
    expect(await entriesOf(first.jobId)).toEqual([]);
  });

  it("pages through a long history and a long index", async () => {
    const paged = ledgerOn({ list: (bucket, page) => target.objects.list(bucket, { ...page, limit: 2 }) });
    let record = await begun(freshStep(), { due });
    for (let step = 2; step <= 5; step += 1) {
      const made = await ledger.append(record, { ...record, reason: `${step}` }, { due });
      if (made.done) record = made.record;
    }
    await begun(freshStep(), { due });
    await begun(freshStep(), { due });
    expect((await paged.history(record.jobId)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(await paged.current(record.jobId)).toEqual(record);
    const all = await openEntries();
    expect(all.length).toBeGreaterThan(2);
    expect(await openEntries(paged)).toEqual(all);
  });

  it("does not close a job that somebody else has moved on meanwhile", async () => {
    const first = await begun(freshStep({ state: "claimed" }), { due });
    await ledger.append(first, { ...first, state: "parked" }, { due });
    await ledger.close(first);
    expect(await entriesOf(first.jobId)).toMatchObject([{ sequence: 2, state: "parked" }]);
    expect(await ledger.openEntry(first.jobId)).toMatchObject({ sequence: 2, state: "parked" });
  });

  it("never takes a damaged record for no record: the job would begin anew", async () => {
    const { objects, stateBucket } = target;
    const jobId = "e".repeat(32);
    const place = { bucket: stateBucket, key: `jobs/${jobId}/000001.json` };
    const almost = '{"jobId":"x","sequence":1,"nonce":"n","subject":{"key":"k"},"state":"odd"}';
    for (const body of ["", "{", "null", "[]", almost]) {
      await objects.put(place, body, "application/json");
      await expect(ledger.current(jobId)).rejects.toThrow(place.key);
    }
  });

  it("has no eye for what else lies in its index", async () => {
    const before = await openEntries();
    await target.objects.put({ bucket: target.stateBucket, key: "open/readme.txt" }, "x", "text/plain");
    expect(await openEntries()).toEqual(before);
  });

  it("finds the jobs of an object, of a set also by its other disks, the oldest upload first", async () => {
    const disk = (key: string) => ({ OSSBucket: "images", OSSObject: key });
    const older = freshStep();
    const { key, bucket } = older.subject;
    const request = { DiskDeviceMapping: [disk(key), disk(`${key}-data`)] };
    const attempt = { request } as unknown as NonNullable<JobStep["attempt"]>;
    const newer: JobStep = {
      ...older,
      state: "claimed",
      attempt,
      subject: { ...older.subject, etag: "1F34" },
      uploadedAt: due.toISOString(),
    };
    const [second, first] = [await begun(newer), await begun(older)];
    expect(await ledger.jobsOf({ bucket, key })).toEqual([first, second]);
    expect(await ledger.jobsOf({ bucket, key: `${key}-data` })).toEqual([second]);
    expect(await ledger.jobsOf({ bucket, key: `${key}-other` })).toEqual([]);
  });

  it("lists the ids of all jobs, each once, page by page", async () => {
    const paged = ledgerOn({ list: (bucket, page) => target.objects.list(bucket, { ...page, limit: 3 }) });
    const ids: string[] = [];
    let startAfter: string | undefined;
    do {
      const page = await paged.jobIds(startAfter);
      ids.push(...page.ids);
      startAfter = page.next;
    } while (startAfter !== undefined);
    const all = await ledger.jobIds(undefined);
    expect(all.next).toBeUndefined();
    expect(all.ids.length).toBeGreaterThan(3);
    expect(ids).toEqual(all.ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("does not read a record without bounds", async () => {
    const jobId = "d".repeat(32);
    const place = { bucket: target.stateBucket, key: `jobs/${jobId}/000001.json` };
    await target.objects.put(place, " ".repeat(300 * 1024), "application/json");
    await expect(ledger.current(jobId)).rejects.toMatchObject({ code: "TooLarge" });
  });

  it("may lie in a bucket without versioning", async () => {
    await expect(checkStateBucket(target.objects, target.stateBucket)).resolves.toBeUndefined();
  });
};

describe("the ledger in memory", () => {
  ledgerContract(async () => ({ objects: memoryObjects(), stateBucket: "state" }));

  it("pages where OSS does: over 1,000 records and 1,000 open jobs", async () => {
    const objects = memoryObjects();
    const ledger = ossLedger({ objects, stateBucket: "state", clock });
    const made = await ledger.append(undefined, freshStep());
    if (!made.done) throw new Error("the store was empty");
    const { record } = made;
    const entry = openEntryOf(record, due);
    for (let number = 1; number <= 1001; number += 1) {
      const name = String(number).padStart(6, "0");
      const step = JSON.stringify({ ...record, sequence: number });
      await objects.put({ bucket: "state", key: `jobs/${record.jobId}/${name}.json` }, step, "application/json");
      const jobId = name.padStart(32, "0");
      await objects.put({ bucket: "state", key: openKey({ ...entry, jobId }) }, "", "application/json");
    }
    expect(await ledger.current(record.jobId)).toEqual({ ...record, sequence: 1001 });
    expect(await ledger.history(record.jobId)).toHaveLength(1001);
    const first = await ledger.openJobs(undefined);
    const second = await ledger.openJobs(first.next);
    expect([first.entries.length, second.entries.length, second.next]).toEqual([1000, 1, undefined]);
    expect(second.entries).toEqual([{ ...entry, jobId: "1001".padStart(32, "0") }]);
  });
});

describe("the ledger in OSS", () => {
  let oss: Awaited<ReturnType<typeof startEmbeddedOss>>;
  let objects: ObjectStore;

  beforeAll(async () => {
    oss = await startEmbeddedOss({ clock: systemClock });
    objects = alibabaObjects({
      region: "cn-hangzhou",
      credentials: owner,
      endpoint: oss.endpoint,
    });
    await oss.server.createBucket("state-versioned", { versioning: "Enabled" });
    await oss.server.createBucket("state-suspended", { versioning: "Suspended" });
  });
  afterAll(() => oss.close());

  ledgerContract(async () => ({ objects, stateBucket: oss.bucket }));

  it.each([
    ["state-versioned", "has versioning Enabled"],
    ["state-suspended", "has versioning Suspended"],
    ["state-that-is-not-there", "does not exist"],
  ])("refuses to lie in %s: it %s", async (bucket, reason) => {
    const checked = checkStateBucket(objects, bucket);
    await expect(checked).rejects.toBeInstanceOf(LedgerUnsafe);
    await expect(checked).rejects.toThrow(reason);
  });
});
