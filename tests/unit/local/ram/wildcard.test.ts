import fc from "fast-check";
import { matchesWildcard } from "../../../../local/ram/wildcard.ts";
import { processorTime } from "../../../fixtures/images/processor-time.ts";

describe("matchesWildcard", () => {
  it.each([
    ["ecs:*", "ecs:importimage", true],
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["a*", "ba", false],
    ["*b*c", "abbbc", true],
    ["acs:oss:*:*:bucket/in/*", "acs:oss:*:123:bucket/in/a/b.qcow2", true],
    ["acs:oss:*:*:bucket/in/*", "acs:oss:*:123:bucket/out/a", false],
    ["a.c", "abc", false],
    ["[ab]", "a", false],
  ])("%s against %s is %s", (pattern, text, expected) => {
    expect(matchesWildcard(pattern, text)).toBe(expected);
  });

  it("agrees with a regular expression on small texts", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 6 });
    fc.assert(
      fc.property(pattern, letters, (wanted, text) => {
        const oracle = new RegExp(`^${wanted.replaceAll("*", ".*").replaceAll("?", ".")}$`, "u");
        expect(matchesWildcard(wanted, text)).toBe(oracle.test(text));
      }),
    );
  });

  it("answers a pattern made to backtrack without delay", () => {
    const started = processorTime();
    expect(matchesWildcard(`${"*a".repeat(200)}b`, "a".repeat(4000))).toBe(false);
    expect(processorTime() - started).toBeLessThan(1000);
  });
});
