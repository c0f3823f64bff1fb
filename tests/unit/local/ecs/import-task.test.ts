import fc from "fast-check";
import { earliestStart, type ImportTask, importStateAt, taskStatus } from "../../../../local/ecs/import-task.ts";
import type { ImportOutcome } from "../../../../local/ecs/settings.ts";

const task = (outcome: ImportOutcome = { kind: "succeeds" }, more: Partial<ImportTask> = {}): ImportTask => ({
  taskId: "t-1",
  imageId: "m-1",
  region: "cn-hangzhou",
  createdAt: 0,
  startsAt: 1000,
  durationInMilliseconds: 10_000,
  outcome,
  ...more,
});

const status = (subject: ImportTask, now: number) => taskStatus(subject, importStateAt(subject, now), "Deleted");
const failure = { errorCode: "ParameterInvalid", errorMsg: "bad" };

describe("importStateAt", () => {
  it.each([
    [999, "Waiting", 0],
    [1000, "Processing", 0],
    [6000, "Processing", 50],
    [10_999, "Processing", 99],
    [11_000, "Finished", 100],
  ])("at %d ms says %s, %d %%", (now, word, progress) => {
    expect(status(task(), now)).toBe(word);
    expect(importStateAt(task(), now).progress).toBe(progress);
  });

  it.each<[string, ImportOutcome, string, object]>([
    ["fails", { kind: "fails", ...failure, atProgress: 30 }, "Failed", { progress: 30, endedAt: 4000, failure }],
    ["finishes short", { kind: "finishes-short", atProgress: 80 }, "Finished", { progress: 80, imageUsable: false }],
    [
      "finishes with a failed operation",
      { kind: "finishes-with-failed-operation", ...failure },
      "Finished",
      { progress: 100, failure, imageUsable: false },
    ],
    [
      "finishes without an image",
      { kind: "finishes-without-image" },
      "Finished",
      { progress: 100, imageUsable: false },
    ],
    ["never ends", { kind: "sticks", atProgress: 42 }, "Processing", { progress: 42 }],
  ])("of an import that %s", (_name, outcome, word, state) => {
    expect(status(task(outcome), 1_000_000)).toBe(word);
    expect(importStateAt(task(outcome), 1_000_000)).toMatchObject(state);
  });

  it("uses a scripted status word only while the import runs", () => {
    const odd = task({ kind: "runs-as", status: "Paused" });
    expect([status(odd, 0), status(odd, 5000), status(odd, 20_000)]).toEqual(["Waiting", "Paused", "Finished"]);
  });

  it("stops at the moment of cancelling", () => {
    const cancelled = task({ kind: "succeeds" }, { cancelledAt: 6000 });
    expect(importStateAt(cancelled, 5000).phase).toBe("running");
    expect(importStateAt(cancelled, 99_000)).toMatchObject({ phase: "cancelled", progress: 50, endedAt: 6000 });
    expect(status(cancelled, 99_000)).toBe("Deleted");
  });

  it("never goes back, whatever the outcome", () => {
    const outcome = fc.oneof(
      fc.constant<ImportOutcome>({ kind: "succeeds" }),
      fc.nat({ max: 100 }).map<ImportOutcome>((atProgress) => ({ kind: "fails", ...failure, atProgress })),
      fc.nat({ max: 100 }).map<ImportOutcome>((atProgress) => ({ kind: "sticks", atProgress })),
      fc.nat({ max: 100 }).map<ImportOutcome>((atProgress) => ({ kind: "finishes-short", atProgress })),
    );
    fc.assert(
      fc.property(outcome, fc.nat(20_000), fc.nat(20_000), fc.nat(12_000), (kind, a, b, duration) => {
        const subject = task(kind, { durationInMilliseconds: duration });
        const [earlier, later] = [Math.min(a, b), Math.max(a, b)].map((now) => importStateAt(subject, now));
        if (earlier === undefined || later === undefined) throw new Error("no state");
        expect(later.progress).toBeGreaterThanOrEqual(earlier.progress);
        expect(later.progress).toBeLessThanOrEqual(100);
        if (earlier.endedAt !== undefined) expect(later).toEqual(earlier);
      }),
    );
  });
});

describe("earliestStart", () => {
  const running = (end: number) => task({ kind: "succeeds" }, { startsAt: 0, durationInMilliseconds: end });

  it("is now while there is room", () => {
    expect(earliestStart([running(5000)], 2, 1000)).toBe(1000);
    expect(earliestStart([running(500)], 1, 1000)).toBe(1000);
  });

  it("is the end of whichever import makes room", () => {
    expect(earliestStart([running(9000), running(5000)], 2, 1000)).toBe(5000);
    expect(earliestStart([running(9000), running(5000)], 1, 1000)).toBe(9000);
  });

  it("never comes behind one that is stuck", () => {
    expect(earliestStart([task({ kind: "sticks", atProgress: 5 })], 1, 1000)).toBe(Number.POSITIVE_INFINITY);
  });
});
