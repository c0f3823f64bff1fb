import fc from "fast-check";
import {
  type Board,
  type BoardLine,
  isAtAnEnd,
  parseLogLine,
  wholeOf,
  withLine,
} from "../../../cli/local/job-board.ts";
import { logEvents } from "../../../shared/log/log.ts";

const lineOf = (event: string, more: Partial<BoardLine> = {}): BoardLine => ({
  event,
  time: "2026-11-23T10:00:00.000Z",
  bucket: "images",
  key: "web.raw",
  ...more,
});

const boardOf = (...lines: readonly BoardLine[]): Board => lines.reduce(withLine, new Map());

describe("a line of output", () => {
  it("is a log line when it is a JSON object with an event and a time", () => {
    expect(parseLogLine('{"event":"import.progress","time":"t","key":"k"}')).toMatchObject({ key: "k" });
  });

  it.each([
    "",
    "FC Invoke Start RequestId: 1",
    "{",
    '{"event":"x"}',
    '{"time":"x"}',
    "[]",
    "null",
    '"{"',
    '{"a":1}{"b":2}',
  ])("is none when it is %j", (text) => {
    expect(parseLogLine(text)).toBeUndefined();
  });

  it("never throws, whatever a function prints", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => parseLogLine(text) === undefined || text.startsWith("{")),
    );
  });
});

describe("the board of imports", () => {
  it.each([
    ["object.ignored", "ignored"],
    ["object.gone", "ignored"],
    ["object.waiting", "waiting"],
    ["import.parked", "waiting"],
    ["manifest.invalid", "rejected"],
    ["image.rejected", "rejected"],
    ["import.submitted", "running"],
    ["import.repaired", "running"],
    ["import.progress", "running"],
    ["import.attention", "running"],
    ["import.stuck", "running"],
    ["import.available", "available"],
    ["import.failed", "failed"],
    ["import.cancelled", "cancelled"],
    ["image.inspected", "running"],
  ])("shows after %s that the upload is %s", (event, outcome) => {
    const [job] = boardOf(lineOf(event)).values();
    expect(job).toMatchObject({ bucket: "images", key: "web.raw", outcome });
    expect(job && isAtAnEnd(job)).toBe(outcome !== "running");
  });

  it.each(["tick.summary", "event.malformed"])("shows nothing new after %s", (event) => {
    expect(boardOf(lineOf(event))).toEqual(new Map());
  });

  it("knows every event that the functions write about an object, or leaves it out on purpose", () => {
    const shown = logEvents.filter((event) => boardOf(lineOf(event)).size > 0);
    expect(logEvents.filter((event) => !shown.includes(event))).toEqual([
      "event.malformed",
      // It is delivered again, and its next line tells what became of it.
      "object.deferred",
      "tick.summary",
    ]);
  });

  it("follows one import from its upload to its image", () => {
    const board = boardOf(
      lineOf("image.inspected", { findings: [{ code: "cloud-init.missing" }] }),
      lineOf("import.submitted", { jobId: "j", imageId: "m-1", taskId: "t-1", time: "2026-11-23T10:00:01.000Z" }),
      lineOf("import.progress", { jobId: "j", progress: 40, time: "2026-11-23T10:00:05.000Z" }),
      lineOf("import.available", { jobId: "j", imageId: "m-1", time: "2026-11-23T10:00:09.000Z" }),
    );
    expect([...board.values()]).toEqual([
      {
        bucket: "images",
        key: "web.raw",
        outcome: "available",
        jobId: "j",
        imageId: "m-1",
        taskId: "t-1",
        progress: 100,
        findings: [{ code: "cloud-init.missing" }],
        reason: undefined,
        partOf: undefined,
        firstSeen: Date.parse("2026-11-23T10:00:00Z"),
        lastSeen: Date.parse("2026-11-23T10:00:09Z"),
      },
    ]);
  });

  it("keeps an end although its event is delivered again", () => {
    const board = boardOf(
      lineOf("import.available", { jobId: "j", imageId: "m-1" }),
      lineOf("import.duplicate", { jobId: "j", reason: "it was imported already" }),
    );
    expect([...board.values()]).toMatchObject([{ outcome: "available", imageId: "m-1", progress: 100 }]);
  });

  it("keeps an end although the line of the beginning comes later", () => {
    const board = boardOf(
      lineOf("import.available", { jobId: "j", imageId: "m-1" }),
      lineOf("import.submitted", { jobId: "j", imageId: "m-1" }),
    );
    expect(board.get("web.raw")?.outcome).toBe("available");
    expect(withLine(board, lineOf("import.submitted", { jobId: "k" })).get("web.raw")?.outcome).toBe("running");
  });

  it("shows an import that was already there when the board was begun", () => {
    expect([...boardOf(lineOf("import.duplicate", { jobId: "j" })).values()]).toMatchObject([{ outcome: "running" }]);
  });

  it("moves the manifest and the data disks of a set with it", () => {
    const board = boardOf(
      lineOf("object.waiting", { key: "web.raw", reason: "data.raw is not there yet" }),
      lineOf("import.submitted", { key: "web.raw", trigger: "data.raw", jobId: "j", imageId: "m-1" }),
      lineOf("import.available", { key: "web.raw", jobId: "j", imageId: "m-1" }),
    );
    expect([...board.values()].map(({ key, outcome, imageId }) => [key, outcome, imageId])).toEqual([
      ["web.raw", "available", "m-1"],
      ["data.raw", "available", "m-1"],
    ]);
  });

  it.each([
    ["before", "running"],
    ["after", "available"],
    ["while it is claimed, and", "running"],
  ])("takes in a disk whose event leads to nothing but a duplicate, %s the import has ended", (when, outcome) => {
    const begun = lineOf("import.submitted", { jobId: "j", imageId: "m-1" });
    const done = lineOf("import.available", { jobId: "j", imageId: "m-1" });
    const repeated = lineOf("import.duplicate", { jobId: "j", trigger: "data.raw" });
    const first = when.startsWith("while") ? lineOf("image.inspected") : begun;
    const board = boardOf(first, ...(when === "after" ? [done] : []), repeated);
    expect(board.get("data.raw")).toMatchObject({ partOf: "web.raw", outcome });
    expect(withLine(board, done).get("data.raw")).toMatchObject({ outcome: "available", imageId: "m-1" });
  });

  it("keeps an image whose later manifest is refused, and shows that as what was refused", () => {
    const manifest = "web.raw.import.yaml";
    const refusal = lineOf("manifest.invalid", {
      jobId: "j",
      imageId: "m-1",
      trigger: manifest,
      reason: "no such key",
    });
    const imported = lineOf("import.available", { jobId: "j", imageId: "m-1" });
    const board = boardOf(imported, refusal, lineOf("import.duplicate", { jobId: "j" }));
    expect([...board.values()].map(({ key, outcome, reason }) => [key, outcome, reason])).toEqual([
      ["web.raw", "available", undefined],
      [manifest, "rejected", "no such key"],
    ]);
    const corrected = lineOf("import.submitted", { jobId: "k", imageId: "m-2", trigger: manifest });
    expect(withLine(board, corrected).get(manifest)).toMatchObject({ partOf: "web.raw", outcome: "running" });
  });

  it.each(["manifest.invalid", "object.waiting"])(
    "shows an image that an invalid bucket manifest holds up as waiting, after %s",
    (event) => {
      const held = lineOf(event, { jobId: "j", waitingFor: "bucket-manifest", reason: "image-import.yaml:1:1 no" });
      const board = boardOf(lineOf("image.inspected"), held);
      expect(board.get("web.raw")).toMatchObject({ outcome: "waiting", reason: "image-import.yaml:1:1 no" });
      expect(boardOf(held, lineOf("import.submitted", { jobId: "j" })).get("web.raw")?.outcome).toBe("running");
    },
  );

  describe("of a set whose system disk comes last", () => {
    const waits = lineOf("object.waiting", { jobId: "set", trigger: "data.raw", waitingFor: "disks" });
    const isOver = lineOf("import.cancelled", { jobId: "set", reason: "it has come" });
    const outcomesOf = (board: Board) =>
      ["web.raw", "data.raw"].map((key) => {
        const job = board.get(key);
        return job && (wholeOf(board, job) ?? job).outcome;
      });

    it("shows the set as waiting, then its import, and never the end of the wait", () => {
      expect(outcomesOf(boardOf(waits))).toEqual(["waiting", "waiting"]);
      const begun = lineOf("import.submitted", { jobId: "j", imageId: "m-1" });
      expect(outcomesOf(boardOf(waits, begun, isOver))).toEqual(["running", "running"]);
      const done = lineOf("import.available", { jobId: "j", imageId: "m-1" });
      expect(outcomesOf(boardOf(waits, begun, isOver, done))).toEqual(["available", "available"]);
      expect(outcomesOf(boardOf(waits, isOver, begun))).toEqual(["running", "running"]);
      expect(outcomesOf(boardOf(waits, lineOf("image.rejected", { jobId: "j" }), isOver))).toEqual([
        "rejected",
        "rejected",
      ]);
    });

    it("shows the image that its system disk has had already", () => {
      const again = lineOf("import.duplicate", { jobId: "j", imageId: "m-1", progress: 100 });
      expect(outcomesOf(boardOf(waits, again, isOver))).toEqual(["available", "available"]);
    });

    it("shows the end of the wait when the set is given up", () => {
      expect(outcomesOf(boardOf(waits, isOver))).toEqual(["cancelled", "cancelled"]);
    });
  });

  it("forgets the reason of a state that is over", () => {
    const board = boardOf(
      lineOf("object.waiting", { reason: "it is empty" }),
      lineOf("import.submitted", { jobId: "j" }),
    );
    expect(board.get("web.raw")).toMatchObject({ outcome: "running", reason: undefined });
  });

  it("is never changed in place, and never throws", () => {
    const anyLine = fc.record(
      {
        event: fc.oneof(fc.constantFrom(...logEvents), fc.constantFrom("__proto__", "constructor", "odd")),
        time: fc.constantFrom("2026-11-23T10:00:00.000Z", "never"),
        key: fc.constantFrom("a.raw", "b.raw", "__proto__"),
        trigger: fc.constantFrom("a.raw", "c.yaml"),
        jobId: fc.constantFrom("1", "2"),
        progress: fc.nat(100),
      },
      { requiredKeys: ["event", "time"] },
    ) as fc.Arbitrary<BoardLine>;
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 20 }), anyLine, (lines, last) => {
        const before = boardOf(...lines);
        const copy = new Map(before);
        for (const job of withLine(before, last).values()) expect(typeof job.outcome).toBe("string");
        expect(before).toEqual(copy);
      }),
    );
  });
});
