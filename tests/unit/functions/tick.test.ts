import { runTick } from "../../../functions/report-tasks/tick.ts";
import { openKey } from "../../../shared/ledger/open-entry.ts";
import { fakeProduct } from "./fake-product.ts";

const many = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("a tick", () => {
  it("of nothing asks ECS for nothing", async () => {
    const { deps, calls } = fakeProduct();
    expect(await runTick(deps)).toMatchObject({ summary: { open: 0, asked: 0, left: 0 }, trouble: undefined });
    expect(calls).toEqual({ describeTasks: [], describeTask: [], cancelTask: [] });
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
    expect(lines.filter(({ event }) => event === "object.deferred")).toEqual([
      { event: "object.deferred", key: "0002.raw" },
    ]);
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
