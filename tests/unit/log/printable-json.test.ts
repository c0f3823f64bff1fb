import fc from "fast-check";
import { printableJson } from "../../../shared/log/printable-json.ts";

describe("printable JSON", () => {
  it("escapes what terminals act on or do not show, beyond the basic plane too", () => {
    expect(printableJson({ a: "\u009b31m\u202e\u180e\u206a\u{e0041}镜😀" })).toBe(
      '{"a":"\\u009b31m\\u202e\\u180e\\u206a\\udb40\\udc41镜😀"}',
    );
    expect(printableJson([1], 2)).toBe("[\n  1\n]");
  });

  it("holds no such character, and reads back as the same value, whatever it is given", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const text = printableJson(value);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 500 },
    );
  });
});
