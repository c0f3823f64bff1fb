import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectionPage } from "../../../cli/inspect/inspection-page.ts";
import { runValidate } from "../../../cli/manifests/run-validate.ts";
import { statusTable } from "../../../cli/ops/status-table.ts";
import { storyText } from "../../../cli/ops/story-text.ts";
import type { Output } from "../../../cli/outcome.ts";
import { planPage } from "../../../cli/plan/plan-page.ts";
import { printableJson } from "../../../shared/log/printable-json.ts";

/** Clears the screen, sets the title, by one byte too; reverses; hides; begins a line. */
const evil = "x\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egpj\u200b\u{e0041}\u2028\r\nOK";
const finding = { code: "object.encrypted", severity: "error", message: `${evil} is encrypted.`, fix: evil } as const;

const space = { colour: true, columns: 80 };
const told = { text: "" };
const output: Output = {
  out: (text) => {
    told.text += text;
  },
  err: () => undefined,
  isTerminal: true,
  takesColours: true,
  columns: 80,
};

const pages: readonly (readonly [string, () => string])[] = [
  [
    "inspect",
    () =>
      inspectionPage(
        {
          source: `oss://images/${evil}`,
          size: 1,
          format: "RAW",
          virtualSize: 2 ** 20,
          diskImageSize: 1,
          partitionTable: "gpt",
          partitions: [{ index: 1, offset: 0, size: 512, type: evil, label: evil }],
          guest: { platform: "Debian", distribution: { id: evil, name: evil }, kernels: [evil], cloudInit: evil },
          findings: [finding],
          importable: false,
          cost: { requests: 1, bytes: 1, milliseconds: 1 },
        } as unknown as Parameters<typeof inspectionPage>[0],
        space,
      ),
  ],
  [
    "plan",
    () =>
      planPage(
        evil,
        {
          decision: "reject",
          reason: evil,
          findings: [finding],
          problems: [{ file: evil, line: 1, column: 1, pointer: `/${evil}`, message: evil, hint: evil }],
          dryRun: { valid: false, code: "X", reason: evil, advice: "" },
        },
        space,
      ),
  ],
  [
    "status",
    () =>
      statusTable(
        [{ bucket: "images", key: evil, state: "failed", progress: 0, seconds: 1, jobId: "1", reason: evil }],
        output,
      ),
  ],
  [
    "explain",
    () =>
      storyText(
        { bucket: "images", key: evil, object: null, jobs: [], partOf: evil } as Parameters<typeof storyText>[0],
        { colour: true, width: 80 },
      ),
  ],
  ["--json", () => printableJson({ [evil]: evil, deep: [{ evil }] }, 2)],
  ["validate", () => validated(`"${evil.replaceAll("\r\n", " ").replaceAll("\u0007", "\\a")}": 1\n`)],
];

/** The page about a manifest, in a file whose name is as bad as names of files can be. */
function validated(manifest: string): string {
  const folder = mkdtempSync(join(tmpdir(), "hostile-"));
  try {
    const file = join(folder, `${evil.replaceAll("/", "")}.import.yaml`);
    writeFileSync(file, manifest.replaceAll("\u001b", "\\e"));
    told.text = "";
    runValidate([file], { json: false }, output);
    return told.text;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("text from outside", () => {
  it.each(pages)("reaches the terminal of %s as text only", (_, page) => {
    const text = page();
    // What is left besides line ends are our own colours.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: picocolors writes it.
    const colours = /\u001b\[[0-9;]*m/g;
    const acting = [...text.replace(colours, "").replaceAll("\n", "")].filter((character) =>
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(character),
    );
    expect(acting).toEqual([]);
    // It begins no line of its own, and sets no colour but ours.
    expect(text).not.toMatch(/^OK/m);
    expect(text).not.toContain("\u001b[2J");
    expect(text).toContain("\\u001b[2J");
  });
});
