import fc from "fast-check";
import { printable } from "../../../shared/inspection/printable-text.ts";

describe("text from an image", () => {
  it.each([
    ["plain", "plain"],
    ["über/ディスク.img", "über/ディスク.img"],
    ["a\u001b[2Jb\nc", "a?[2Jb?c"],
    ["right\u202eto left", "right?to left"],
    ["zero\u200bwidth", "zero?width"],
    ["\ud800 alone", "? alone"],
  ])("%j becomes %j", (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it("is read from bytes up to the first NUL", () => {
    expect(printable(Buffer.from("name\0garbage"))).toBe("name");
  });

  it("never grows over the limit and never keeps a control character", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary", maxLength: 400 }), fc.uint8Array({ maxLength: 600 })),
        fc.integer({ min: 1, max: 200 }),
        (text, limit) => {
          const shown = printable(text, limit);
          expect([...shown].length).toBeLessThanOrEqual(limit);
          expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        },
      ),
    );
  });
});
