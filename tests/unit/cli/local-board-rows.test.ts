import { stripVTControlCharacters } from "node:util";
import { boardRows, uploadRow } from "../../../cli/local/board-rows.ts";
import { type Board, type BoardLine, withLine } from "../../../cli/local/job-board.ts";
import { plainView, terminalView } from "../../../cli/local/live-view.ts";
import { displayWidth } from "../../../cli/terminal-text.ts";

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
const boardOf = (...lines: readonly BoardLine[]): Board => lines.reduce(withLine, new Map());
const line = (event: string, key: string, second: number, more: Partial<BoardLine> = {}): BoardLine => ({
  event,
  key,
  bucket: "images",
  time: at(second),
  ...more,
});

const plain = { columns: 80, rows: 14, colour: false };

describe("the list of imports", () => {
  it("shows a bar for what runs, and for what has ended what came of it", () => {
    const board = boardOf(
      line("import.submitted", "web.qcow2", 0),
      line("import.progress", "web.qcow2", 6, { progress: 50 }),
      line("import.submitted", "db.raw", 1),
      line("import.available", "db.raw", 12, { imageId: "m-1" }),
      line("image.rejected", "bad.vhd", 2, { reason: "its end is missing" }),
      line("object.waiting", "set.qcow2", 3, { reason: "data.raw is not there yet" }),
      line("object.ignored", "notes.txt", 4),
    );
    expect(boardRows(board, plain)).toEqual([
      `── 1 running, 1 waiting, 1 available, 1 rejected ${"─".repeat(31)}`,
      `web.qcow2  ${"█".repeat(15)}${"░".repeat(15)}   50 %    6 s`,
      "db.raw     ✓ available  m-1  11 s",
      "bad.vhd    ✗ rejected  its end is missing",
      "set.qcow2  … waiting  data.raw is not there yet",
    ]);
  });

  it("counts a set and its manifests as the one import that they are", () => {
    const board = boardOf(
      line("object.waiting", "web.qcow2.import.yaml", 0, { image: "web.qcow2", reason: "web.qcow2 is not there yet" }),
      line("object.waiting", "data.raw", 1, { image: "web.qcow2", reason: "web.qcow2 is not there yet" }),
      line("import.submitted", "web.qcow2", 2, { jobId: "j", imageId: "m-1" }),
      line("import.available", "web.qcow2", 9, { jobId: "j", imageId: "m-1" }),
    );
    expect(boardRows(board, plain)).toEqual([`── 1 available ${"─".repeat(65)}`, "web.qcow2  ✓ available  m-1  7 s"]);
  });

  it("shows a manifest as long as its image is not there", () => {
    const waiting = line("object.waiting", "web.qcow2.import.yaml", 0, { image: "web.qcow2", reason: "not there yet" });
    expect(boardRows(boardOf(waiting), plain)[1]).toContain("… waiting  not there yet");
  });

  it("has a word of its own for what was cancelled", () => {
    const board = boardOf(line("import.cancelled", "web.qcow2", 0, { reason: "an operator asked for it" }));
    expect(boardRows(board, plain)).toEqual([
      `── 1 cancelled ${"─".repeat(65)}`,
      "web.qcow2  – cancelled  an operator asked for it",
    ]);
  });

  it("is nothing while there are no imports", () => {
    expect(boardRows(boardOf(line("object.ignored", "notes.txt", 0)), plain)).toEqual([]);
  });

  it.each([100, 52, 30])("is never wider than %d columns, whatever the names", (columns) => {
    const keys = [
      "镜像/数据库服务器-生产环境-二零二六年十一月-备份镜像.raw",
      `${"long".repeat(60)}.qcow2`,
      "e\u0301.vhd",
    ];
    const board = boardOf(
      ...keys.map((key) => line("import.submitted", key, 0)),
      line("import.failed", "failed.raw", 1, { reason: "原因".repeat(80) }),
    );
    const rows = boardRows(board, { ...plain, columns });
    expect(rows).toHaveLength(5);
    for (const row of rows) expect(displayWidth(row)).toBeLessThanOrEqual(columns);
    expect(rows[1]).toContain(".raw");
    expect(rows[2]).toContain("qcow2 ");
  });

  it("shows what runs before what has ended when there are too many, and counts the rest", () => {
    const many = Array.from({ length: 20 }, (_, index) => line("import.available", `done-${index}.raw`, index));
    const rows = boardRows(boardOf(...many, line("import.submitted", "late.raw", 30)), { ...plain, rows: 6 });
    expect(rows).toHaveLength(6);
    expect(rows[0]).toContain("1 running, 20 available, 16 not shown");
    expect(rows.map((row) => row.split(" ")[0]).slice(1)).toEqual([
      "done-16.raw",
      "done-17.raw",
      "done-18.raw",
      "done-19.raw",
      "late.raw",
    ]);
  });

  it("lets no control character of a key or a reason through", () => {
    const rows = boardRows(boardOf(line("import.failed", "a\u001b[2J.raw", 0, { reason: "b\u0007\nc" })), plain);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect(rows.join("")).not.toMatch(/[\u0000-\u001f]/);
  });
});

describe("the views of the log", () => {
  const written = (columns = 80, takesColours = false) => {
    const texts: string[] = [];
    const output = {
      out: (text: string) => void texts.push(text),
      err: () => {},
      isTerminal: true,
      takesColours,
      columns,
    };
    return { output, texts };
  };

  it("on a pipe are plain lines, progress included and ticks left out", () => {
    const { output, texts } = written();
    const view = plainView(output);
    view.line({
      ...line("import.progress", "a.raw", 5),
      level: "info",
      message: "a.raw is imported to 34 %.",
    } as BoardLine);
    view.line(line("tick.summary", "", 6));
    expect(texts).toEqual(["12:00:05 info  import.progress   a.raw is imported to 34 %.\n"]);
  });

  it.each([
    [60, false],
    [80, false],
    [80, true],
    [120, true],
  ])("on a terminal break no word at %d columns (coloured: %p)", (columns, takesColours) => {
    const { output, texts } = written(columns, takesColours);
    const message =
      "debian-12.qcow2 is being imported as debian-12-20261123142434 (m-bp1uzdwx70ci245hhp2p), and so on.";
    const shown = { ...line("import.submitted", "debian-12.qcow2", 5), level: "info", message, advice: message };
    terminalView(output).line(shown as BoardLine);
    const drawn = texts.join("");
    const text = stripVTControlCharacters(drawn);
    expect(drawn !== text).toBe(takesColours);
    for (const row of text.split("\n")) expect(displayWidth(row)).toBeLessThan(columns);
    expect(text.split(/\s+/).filter((word) => message.split(" ").includes(word))).toHaveLength(
      2 * message.split(" ").length,
    );
  });

  it("on a terminal draw the list anew below each line, and leave it there at the end", () => {
    const { output, texts } = written();
    const view = terminalView(output);
    view.update(boardOf(line("import.submitted", "a.raw", 0)));
    expect(texts.at(-1)?.split("\n")).toHaveLength(3);
    view.text("something");
    expect(texts.at(-1)?.startsWith("\u001b[2A\u001b[0Jsomething\n")).toBe(true);
    view.end();
    view.text("Ended.");
    expect(texts.at(-1)).toBe("Ended.\n");
  });
});

describe("the line of an upload", () => {
  const row = (columns: number) =>
    uploadRow(
      { key: "a-rather-long-name-of-a-disk.raw", size: 4 * 2 ** 30, fraction: 0.256 },
      { columns, colour: false },
    );

  it("has name, bar, percentage and amount", () => {
    expect(row(100)).toMatch(/^↑ a-rather-long-name-of-a-disk\.raw {2}█{8}░{22} {3}26 % {2}1 GiB of 4 GiB$/);
  });

  it.each([200, 80, 60, 40, 20])("is not wider than %d columns", (columns) => {
    expect(displayWidth(row(columns))).toBeLessThanOrEqual(columns);
  });
});
