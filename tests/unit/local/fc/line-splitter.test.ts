import fc from "fast-check";
import { createLineSplitter } from "../../../../local/fc/line-splitter.ts";

const split = (pieces: readonly string[]): string[] => {
  const lines: string[] = [];
  const splitter = createLineSplitter((line) => lines.push(line));
  for (const piece of pieces) splitter.write(piece);
  splitter.end();
  return lines;
};

describe("a line splitter", () => {
  it("gives the same lines however the text is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ab\n]{0,20}$/)), (pieces) => {
        const expected = pieces.join("").split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(split(pieces)).toEqual(expected);
      }),
    );
  });

  it("cuts a line that is longer than 32 KiB", () => {
    const lines = split([..."x".repeat(10)].map((x) => x.repeat(10_000)).concat("\nnext\n"));
    expect(lines.every((line) => line.length <= 32 * 1024)).toBe(true);
    expect(lines.slice(0, -1).join("")).toBe("x".repeat(100_000));
    expect(lines.at(-1)).toBe("next");
  });
});
