import fc from "fast-check";
import { resolveRange } from "../../../../local/oss/byte-range.ts";

const part = (start: number, end: number) => ({ kind: "part", start, end });
const whole = { kind: "whole" };
const unsatisfiable = { kind: "unsatisfiable" };

describe("a range of an object of 1000 bytes", () => {
  it.each([
    ["bytes=0-499", part(0, 499), part(0, 499)],
    ["bytes=0-0", part(0, 0), part(0, 0)],
    ["bytes=999-", part(999, 999), part(999, 999)],
    ["bytes=-1", part(999, 999), part(999, 999)],
    ["bytes=-1000", part(0, 999), part(0, 999)],
    ["bytes=500-1000", whole, part(500, 999)],
    ["bytes=500-99999", whole, part(500, 999)],
    ["bytes=-2000", whole, part(0, 999)],
    ["bytes=1000-", whole, unsatisfiable],
    ["bytes=1000-2000", whole, unsatisfiable],
    ["bytes=-0", whole, unsatisfiable],
    ["bytes=5-4", whole, whole],
    ["bytes=0-1,3-4", whole, whole],
    ["bytes=-", whole, whole],
    ["bytes=a-b", whole, whole],
    ["items=0-1", whole, whole],
    ["", whole, whole],
    [undefined, whole, whole],
  ])("%s", (header, byDefault, standard) => {
    expect(resolveRange(header, 1000, false)).toEqual(byDefault);
    expect(resolveRange(header, 1000, true)).toEqual(standard);
  });

  it("has no part in an empty object", () => {
    expect(resolveRange("bytes=0-", 0, false)).toEqual(whole);
    expect(resolveRange("bytes=-5", 0, true)).toEqual(unsatisfiable);
  });

  it("never reaches outside the object", () => {
    const header = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
      fc.nat().map((n) => `bytes=-${n}`),
    );
    fc.assert(
      fc.property(header, fc.nat(5000), fc.boolean(), (text, size, isStandard) => {
        const range = resolveRange(text, size, isStandard);
        if (range.kind === "part") {
          expect(range.start).toBeGreaterThanOrEqual(0);
          expect(range.end).toBeGreaterThanOrEqual(range.start);
          expect(range.end).toBeLessThan(size);
        }
      }),
    );
  });
});
