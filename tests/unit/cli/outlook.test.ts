import { stripVTControlCharacters } from "node:util";
import { outlookOf } from "../../../cli/ops/outlook.ts";
import { age, rowText, statusTable } from "../../../cli/ops/status-table.ts";
import { type JobRecord, jobStates } from "../../../shared/ledger/job.ts";

const record = (changes: Partial<JobRecord>): JobRecord => ({
  jobId: "0".repeat(32),
  sequence: 1,
  state: "waiting",
  at: "2026-11-23T10:00:00.000Z",
  nonce: "n",
  subject: { region: "cn-hangzhou", bucket: "images", key: "my web.qcow2", etag: "E" },
  uploadedAt: "2026-11-23T09:00:00.000Z",
  ...changes,
});
const entry = {
  jobId: "0".repeat(32),
  sequence: 1,
  state: "parked",
  since: 0,
  movedAt: 0,
  due: 1_795_000_000,
  warned: 0,
} as const;

describe("what would move a job", () => {
  it.each(jobStates)("is said for %s", (state) => {
    const { stands, moves } = outlookOf(record({ state }), undefined);
    expect([stands.length > 10, moves.length > 10]).toEqual([true, true]);
    expect(`${stands}${moves}`).not.toContain("undefined undefined");
  });

  it.each(["rejected", "failed", "cancelled", "waiting", "parked"] as const)(
    "is no replay for %s when its version is not there any more: that would take another one",
    (state) => {
      const { stands } = outlookOf(record({ state }), undefined);
      for (const [source, why] of [
        ["replaced", "written again since"],
        ["gone", "is gone"],
      ] as const) {
        const outlook = outlookOf(record({ state, advice: "Correct it." }), undefined, source);
        expect(outlook.stands).toBe(stands);
        expect(outlook.moves).toContain(`Nothing: its object ${source === "replaced" ? "was " : ""}${why}`);
        expect(outlook.moves).not.toContain("replay");
      }
    },
  );

  it("stays what it is when an import runs on though its object is gone", () => {
    const running = record({ state: "submitted" });
    expect(outlookOf(running, undefined, "gone")).toEqual(outlookOf(running, undefined));
  });

  it("is a command that can be pasted, whatever the key", () => {
    expect(outlookOf(record({ state: "failed" }), undefined).moves).toContain(
      "oss-image-import replay 'oss://images/my web.qcow2'",
    );
  });

  it("tells what is waited for, since when, the advice, and that only a tick looks for a bucket manifest", () => {
    const disks = record({ waitingFor: "disks", reason: "d1.raw is not there yet", advice: "Upload them." });
    const waits = outlookOf({ ...disks, at: "2026-11-23T11:00:00.000Z", since: disks.at }, entry);
    expect(waits.stands).toBe("It has waited for its disks since 2026-11-23T10:00:00.000Z: d1.raw is not there yet.");
    expect(waits.moves).toMatch(/^Upload them\. Uploading what it waits for releases it at once\. The report function/);
    const held = outlookOf(record({ waitingFor: "bucket-manifest", advice: "Correct it." }), entry);
    expect(held.stands).toBe("It has waited for a valid bucket manifest since 2026-11-23T10:00:00.000Z.");
    expect(held.moves).toMatch(/^Correct it\. .* at its first run after the bucket manifest has changed\.$/);
    expect(held.moves).not.toContain("at once");
  });

  it("calls the end of a wait for a system disk no import that was cancelled", () => {
    const { subject } = record({});
    const over = record({ state: "cancelled", reason: "it has come", subject: { ...subject, etag: "" } });
    expect(outlookOf(over, undefined).stands).toBe("It is not waited for any more: it has come.");
  });

  it("names the moment of the next try, the reason and the advice of what is parked", () => {
    const parked = record({
      state: "parked",
      code: "QuotaExceed.Image",
      reason: "The quota is used up.",
      advice: "Ask for more.",
    });
    const { stands, moves } = outlookOf(parked, entry);
    expect(stands).toContain("QuotaExceed.Image): The quota is used up.");
    expect(moves).toMatch(/^Ask for more\. The report function looks again at 2026-11-18T\S+Z and tries again/);
  });
});

describe("the table of imports", () => {
  const row = {
    bucket: "images",
    key: "web.qcow2",
    state: "submitted",
    progress: 42,
    seconds: 660,
    jobId: "0",
    imageId: "m-1",
    taskId: "t-1",
  };
  const piped = { out: () => {}, err: () => {}, isTerminal: false, takesColours: false, columns: 80 };

  it("has a line for each, and counts them by state", () => {
    const table = statusTable([row, { ...row, key: "b", state: "parked", code: "X", reason: "why" }], piped);
    expect(table).toMatch(/web\.qcow2 +submitted +42 % +11 min +m-1 t-1\n/);
    expect(table).toMatch(/\nb +parked +11 min +X: why\n/);
    expect(table.trimEnd().split("\n").at(-1)).toBe("1 submitted, 1 parked");
  });

  it("fits a narrow terminal, and lets nothing of a key reach it", () => {
    const wide = statusTable(
      [{ ...row, key: `\u001b[2J${"k".repeat(200)}`, reason: "r".repeat(500), state: "failed" }],
      { ...piped, isTerminal: true },
    );
    const plain = stripVTControlCharacters(wide);
    expect(plain).toContain("\\u001b[2J");
    expect(plain).not.toContain("\u001b");
    expect(Math.max(...plain.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(rowText({ ...row, key: "a\nb" })).toBe("a\\u000ab submitted 42 % m-1 t-1");
  });

  it.each([
    [0, "0 s"],
    [119, "119 s"],
    [120, "2 min"],
    [7200, "2 h"],
    [172_800, "2 d"],
  ])("tells %d seconds as %s", (seconds, text) => {
    expect(age(seconds)).toBe(text);
  });
});
