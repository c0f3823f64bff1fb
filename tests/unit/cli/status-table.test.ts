import type { StatusRow } from "../../../cli/ops/run-status.ts";
import { age, statusTable } from "../../../cli/ops/status-table.ts";
import type { Output } from "../../../cli/outcome.ts";
import { displayWidth } from "../../../cli/terminal-text.ts";

const output = (isTerminal: boolean, columns = 80): Output => ({
  out: () => {},
  err: () => {},
  isTerminal,
  takesColours: false,
  columns,
});
const row = (key: string, state: string, more: Partial<StatusRow> = {}): StatusRow => ({
  bucket: "images",
  key,
  state,
  progress: 42,
  seconds: 700,
  jobId: key,
  ...more,
});
const rows = [
  row("web/镜像文件镜像文件镜像文件-and-a-long-name.qcow2", "submitted", { imageId: "m-1", taskId: "t-1" }),
  row("a.raw", "rejected", { code: "manifest.invalid", reason: "a sentence that goes on and on ".repeat(9) }),
  row("b.raw", "claimed"),
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: the colours of the table, which take no column.
const colour = /\u001b\[\d+m/g;
const bare = (text: string): readonly string[] => text.replace(colour, "").trimEnd().split("\n");

describe("the table of imports", () => {
  it.each([200, 110, 80, 60, 45])("keeps each import on one line of a terminal with %d columns", (columns) => {
    const lines = bare(statusTable(rows, output(true, columns)));
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(displayWidth(line)).toBeLessThan(columns);
  });

  it("has its columns in line, wide characters or not, and no blanks at the end", () => {
    const lines = bare(statusTable(rows, output(true, 100)));
    const places = [
      ["submitted", lines[1]],
      ["rejected", lines[2]],
      ["claimed", lines[3]],
    ].map(([state = "", line = ""]) => displayWidth(line.slice(0, line.indexOf(` ${state}`))));
    expect(new Set(places).size).toBe(1);
    for (const line of lines) expect(line).toBe(line.trimEnd());
  });

  it("gives the keys the room of details that could not be read on a narrow terminal", () => {
    const narrow = [row("half-a.raw", "rejected", { reason: "it is cut" }), row("half-b.raw", "rejected")];
    const lines = bare(statusTable(narrow, output(true, 40)));
    expect(lines.slice(1, 3).map((line) => line.split(" ")[0])).toEqual(["half-a.raw", "half-b.raw"]);
    expect(lines.join()).not.toContain("it is");
  });

  it("cuts nothing where the output is no terminal", () => {
    const text = statusTable(rows, output(false));
    expect(text).toContain(rows[0]?.key);
    expect(text).toContain("a sentence that goes on and on ".repeat(9).trimEnd());
    expect(text).not.toContain("\u001b");
  });

  it("is no higher than it may be, and tells how many it does not show", () => {
    const many = Array.from({ length: 50 }, (_, index) => row(`${index}.raw`, "waiting"));
    const lines = bare(statusTable(many, output(true), 20));
    expect(lines).toHaveLength(19);
    expect(lines.at(-1)).toBe("50 waiting, 33 not shown");
  });

  it.each([
    [119, "119 s"],
    [120, "2 min"],
    [7200, "2 h"],
    [172_800, "2 d"],
  ])("tells %d seconds as %s", (seconds, expected) => {
    expect(age(seconds)).toBe(expected);
  });
});
