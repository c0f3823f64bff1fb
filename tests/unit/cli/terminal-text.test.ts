import fc from "fast-check";
import { checksText } from "../../../cli/ops/checks-text.ts";
import { beside, colouredWidth, displayWidth, erasing, lineWidth, wrapped } from "../../../cli/terminal-text.ts";

const words = (text: string): readonly string[] => text.split(" ").filter((word) => word !== "");
const sentence = fc
  .array(fc.stringMatching(/^[a-z镜é]{1,30}$/), { minLength: 1, maxLength: 20 })
  .map((all) => all.join(" "));

describe("text for a terminal", () => {
  it("is erased as many lines up as it takes in a window that has become narrower since", () => {
    const drawn = ["KEY", "a".repeat(40), `\u001b[31m${"b".repeat(41)}\u001b[39m`, ""];
    expect(erasing(drawn, 80)).toBe("\u001b[4A\u001b[0J");
    expect(erasing(drawn, 40)).toBe("\u001b[5A\u001b[0J");
    expect(erasing(drawn, 20)).toBe("\u001b[7A\u001b[0J");
    expect(erasing([], 80)).toBe("");
  });

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
      takesColours: false,
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
