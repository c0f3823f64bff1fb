import { runTick } from "../../../functions/report-tasks/tick.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { ImageService, Task } from "../../../shared/cloud/ports.ts";
import type { ImportDeps } from "../../../shared/importing/import-deps.ts";
import { ossDiskMembers } from "../../../shared/ledger/disk-members.ts";
import type { Attempt, JobStep } from "../../../shared/ledger/job.ts";
import { ossLedger } from "../../../shared/ledger/ledger.ts";
import { openKey } from "../../../shared/ledger/open-entry.ts";
import type { LogEvent } from "../../../shared/log/log.ts";
import { memoryObjects } from "../ledger/memory-objects.ts";

const start = Date.parse("2026-11-23T10:00:00Z");

/** Everything that a tick works on: a ledger in memory, an ECS of plain data, and a clock that the test moves. */
const fakeProduct = () => {
  let now = start;
  let random = 0;
  const clock: Clock = { now: () => new Date(now), sleep: async () => undefined };
  const objects = memoryObjects();
  const ledger = ossLedger({ objects, stateBucket: "state", clock });
  const tasks = new Map<string, Task & { progress: number }>();
  const calls: { describeTasks: number[]; describeTask: string[] } = { describeTasks: [], describeTask: [] };
  const images: ImageService = {
    importImage: () => Promise.reject(new Error("a tick of running imports imports nothing")),
    describeTasks: async (query) => {
      const ids = "taskIds" in query ? query.taskIds : [];
      calls.describeTasks.push(ids.length);
      return ids.flatMap((id) => tasks.get(id) ?? []);
    },
    describeTask: async (taskId) => {
      calls.describeTask.push(taskId);
      const task = tasks.get(taskId);
      if (task?.status === "Trouble") throw new Error(`no answer about ${taskId}`);
      return task && { ...task, failedCount: 0, errorCode: undefined, errorMessage: undefined, requestId: undefined };
    },
    describeImages: async (query) => {
      const [imageId = ""] = "imageIds" in query ? query.imageIds : [];
      const task = [...tasks.values()].find((one) => one.imageId === imageId);
      const status = task?.status === "Finished" ? "Available" : "Creating";
      return [{ imageId, imageName: "web", status, tags: new Map(), disks: [], check: undefined }];
    },
    cancelTask: async () => undefined,
  };
  const lines: { event: LogEvent; key: string | undefined }[] = [];
  const deps: ImportDeps = {
    region: "cn-hangzhou",
    bucket: "images",
    objects,
    images,
    ledger,
    members: ossDiskMembers(objects, "state"),
    inspect: () => Promise.reject(new Error("a tick of running imports inspects nothing")),
    log: (_, event, __, fields) => void lines.push({ event, key: fields?.key }),
    clock,
    patience: { clock, deadline: new Date(start + 10 * 24 * 3600_000), random: () => random },
    claimant: "tick",
  };
  const submit = async (number: number, status = "Processing", progress = 0): Promise<string> => {
    const key = `${String(number).padStart(4, "0")}.raw`;
    const [taskId, imageId] = [`t-${number}`, `m-${number}`];
    tasks.set(taskId, { taskId, imageId, status, progress });
    const attempt = {
      request: { ImageName: "web", DiskDeviceMapping: [], Tag: [], RegionId: "cn-hangzhou" },
      taskId,
      imageId,
      submittedAt: new Date(now).toISOString(),
    } as unknown as Attempt;
    const subject = { region: "cn-hangzhou", bucket: "images", key, etag: "A" };
    const step: JobStep = { state: "claimed", subject, uploadedAt: new Date(now).toISOString(), attempt };
    const due = { due: new Date(now) };
    const claimed = await ledger.append(undefined, step, due);
    if (!claimed.done) throw new Error("the job was there already");
    await ledger.append(claimed.record, { ...step, state: "submitted" }, due);
    return claimed.record.jobId;
  };
  return {
    deps,
    ledger,
    objects,
    lines,
    calls,
    tasks,
    submit,
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
    turn: (to: number) => {
      random = to;
    },
  };
};

const many = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("a tick", () => {
  it("of nothing asks ECS for nothing", async () => {
    const { deps, calls } = fakeProduct();
    expect(await runTick(deps)).toMatchObject({ summary: { open: 0, asked: 0, left: 0 }, trouble: undefined });
    expect(calls).toEqual({ describeTasks: [], describeTask: [] });
  });

  it("asks about a hundred tasks at a time, and for the progress of a few of them only", async () => {
    const { deps, calls, submit } = fakeProduct();
    for (const number of many(201)) await submit(number);
    const { summary } = await runTick(deps);
    expect(calls.describeTasks).toEqual([100, 100, 1]);
    expect(calls.describeTask).toHaveLength(20);
    expect(summary).toMatchObject({ open: 201, asked: 20, progress: 0, available: 0, troubled: 0 });
  });

  it("asks another sample each time, so that every import's progress is seen in turn", async () => {
    const { deps, calls, submit, turn } = fakeProduct();
    for (const number of many(40)) await submit(number);
    await runTick(deps);
    turn(0.5);
    await runTick(deps);
    expect(new Set(calls.describeTask).size).toBe(40);
  });

  it("reports progress when it moved, and not again", async () => {
    const { deps, lines, tasks, submit, pass } = fakeProduct();
    await submit(1);
    pass(10);
    tasks.set("t-1", { taskId: "t-1", imageId: "m-1", status: "Processing", progress: 40 });
    expect((await runTick(deps)).summary).toMatchObject({ asked: 1, progress: 1 });
    expect((await runTick(deps)).summary).toMatchObject({ asked: 1, progress: 0 });
    expect(lines).toEqual([{ event: "import.progress", key: "0001.raw" }]);
  });

  it("counts what became of imports, and closes those that ended", async () => {
    const { deps, lines, ledger, submit } = fakeProduct();
    await submit(1, "Finished", 100);
    await submit(2, "Failed", 10);
    await submit(3, "Finished", 63);
    await submit(4, "Deleted", 10);
    await submit(5);
    const { summary } = await runTick(deps);
    expect(summary).toMatchObject({ open: 5, available: 1, failed: 2, cancelled: 1 });
    const events = lines.map(({ event, key }) => `${key} ${event}`).sort();
    expect(events).toEqual([
      "0001.raw import.available",
      "0002.raw import.failed",
      "0003.raw import.failed",
      "0004.raw import.cancelled",
    ]);
    const states = new Map((await ledger.openJobs(undefined)).entries.map(({ state, taskId }) => [taskId, state]));
    expect(states.get("t-5")).toBe("submitted");
  });

  it("says once, of many ticks, how an import ended", async () => {
    const { deps, lines, ledger, submit, pass } = fakeProduct();
    await submit(1, "Finished", 100);
    for (const _ of many(5)) {
      await runTick(deps);
      pass(600);
    }
    expect(lines.map(({ event }) => event)).toEqual(["import.available"]);
    expect((await ledger.openJobs(undefined)).entries).toEqual([]);
  });

  it("takes the newest of a job's index entries, and deletes what interrupted writes left behind", async () => {
    const { deps, ledger, objects, calls, submit } = fakeProduct();
    const jobId = await submit(1);
    const [entry] = (await ledger.openJobs(undefined)).entries;
    if (!entry) throw new Error("the job is not open");
    const stale = [
      { ...entry, sequence: 1, state: "claimed" as const },
      { ...entry, movedAt: entry.movedAt - 60, progress: 10 },
    ];
    for (const one of stale) await objects.put({ bucket: "state", key: openKey(one) }, "", "application/json");
    const { summary } = await runTick(deps);
    expect(summary).toMatchObject({ open: 1, asked: 1 });
    expect(calls.describeTasks).toEqual([1]);
    const left = (await ledger.openJobs(undefined)).entries.filter((one) => one.jobId === jobId);
    expect(left.map(({ sequence, movedAt }) => [sequence, movedAt])).toEqual([[2, entry.movedAt]]);
  });

  it("leaves to the next what there is no time for", async () => {
    const { deps, submit } = fakeProduct();
    for (const number of many(3)) await submit(number, "Finished", 100);
    const late = { ...deps, patience: { ...deps.patience, deadline: deps.clock.now() } };
    expect((await runTick(late)).summary).toMatchObject({ open: 3, left: 3, available: 0 });
    expect((await runTick(deps)).summary).toMatchObject({ open: 3, left: 0, available: 3 });
  });

  it("looks after all jobs although one of them is in trouble, which it hands on", async () => {
    const { deps, lines, submit } = fakeProduct();
    await submit(1, "Finished", 100);
    await submit(2, "Trouble");
    await submit(3, "Finished", 100);
    const { summary, trouble } = await runTick(deps);
    expect(summary).toMatchObject({ available: 2, troubled: 1 });
    expect(trouble).toEqual(new Error("no answer about t-2"));
    expect(lines.filter(({ event }) => event === "object.deferred")).toHaveLength(1);
  });

  it("names a few of many jobs in trouble, not all", async () => {
    const { deps, lines, submit } = fakeProduct();
    for (const number of many(20)) await submit(number, "Trouble");
    const { summary } = await runTick(deps);
    expect(summary.troubled).toBe(20);
    expect(lines.map(({ event }) => event)).toEqual(Array.from({ length: 5 }, () => "object.deferred"));
  });

  it("beside another at the same time ends each import once", async () => {
    const { deps, lines, submit } = fakeProduct();
    for (const number of many(10)) await submit(number, "Finished", 100);
    const ticks = await Promise.all([runTick(deps), runTick(deps), runTick(deps)]);
    const available = ticks.reduce((sum, { summary }) => sum + summary.available, 0);
    expect(available).toBe(10);
    expect(new Set(lines.map(({ key }) => key)).size).toBe(10);
    expect(lines).toHaveLength(10);
  });
});
