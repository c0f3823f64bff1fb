import fc from "fast-check";
import { checksText } from "../../../cli/ops/checks-text.ts";
import { beside, colouredWidth, displayWidth, lineWidth, wrapped } from "../../../cli/terminal-text.ts";

const words = (text: string): readonly string[] => text.split(" ").filter((word) => word !== "");
const sentence = fc
  .array(fc.stringMatching(/^[a-z镜é]{1,30}$/), { minLength: 1, maxLength: 20 })
  .map((all) => all.join(" "));

describe("text for a terminal", () => {
  it("keeps every word whole and in order, and within the columns where they fit", () => {
    fc.assert(
      fc.property(sentence, fc.integer({ min: 66, max: 200 }), (text, columns) => {
        for (const lines of [wrapped(text, columns), beside("label  ", text, columns)]) {
          for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
        }
        expect(words(beside("label  ", text, columns).join(" ")).slice(1)).toEqual(words(text));
      }),
    );
  });

  it("stands beside a coloured label, or below one that leaves it no room", () => {
    const label = "\u001b[2mlabel\u001b[22m ";
    expect(colouredWidth(label)).toBe(6);
    expect(beside(label, "this sentence is longer than the room beside it", 40)).toEqual([
      `${label}this sentence is longer than the`,
      "      room beside it",
    ]);
    expect(beside(label, "one two three", 30)).toEqual([label.trimEnd(), "      one two three"]);
  });

  it("goes below its label for a word that has no room beside it", () => {
    const name = "n".repeat(50);
    expect(beside(" ".repeat(20), `as ${name}`, 60)).toEqual(["", `      as ${name}`]);
  });

  it("is not broken for programs", () => {
    expect(lineWidth({ isTerminal: false, columns: 80 })).toBe(Number.POSITIVE_INFINITY);
    expect([20, 80, 300].map((columns) => lineWidth({ isTerminal: true, columns }))).toEqual([40, 80, 120]);
  });
});

describe("what doctor found", () => {
  const page = (fix: string): readonly string[] =>
    checksText([{ name: "import role", outcome: "problem", message: "There is no role.", fix }], {
      out: () => {},
      err: () => {},
      isTerminal: true,
      columns: 60,
    }).split("\n");

  it("has a command as a fix on one line, to be copied", () => {
    const command = `aliyun ram CreateRole --RoleName X && ${"aliyun ram AttachPolicyToRole ".repeat(2)}`.trim();
    expect(page(command)).toContain(`  → ${command}`);
  });

  it("wraps a sentence", () => {
    for (const line of page("Correct the credentials, the region or the endpoint; then run doctor again, please."))
      expect(line.length).toBeLessThanOrEqual(60);
  });
});
