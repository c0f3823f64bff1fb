import { statusTable } from "../../../cli/ops/status-table.ts";
import { storyText } from "../../../cli/ops/story-text.ts";
import type { Output } from "../../../cli/outcome.ts";
import { planPage } from "../../../cli/plan/plan-page.ts";
import { printableJson } from "../../../shared/log/printable-json.ts";

/** Clears the screen, sets the title, by one byte too; reverses; hides; begins a line. */
const evil = "x\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egpj\u200b\u{e0041}\u2028\r\nOK";
const finding = { code: "object.encrypted", severity: "error", message: `${evil} is encrypted.`, fix: evil } as const;

const space = { colour: true, columns: 80 };
const output: Output = {
  out: () => undefined,
  err: () => undefined,
  isTerminal: true,
  columns: 80,
};

const pages: readonly (readonly [string, () => string])[] = [
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
        true,
      ),
  ],
  ["--json", () => printableJson({ [evil]: evil, deep: [{ evil }] }, 2)],
];

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
