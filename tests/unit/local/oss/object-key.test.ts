import { sep } from "node:path";
import fc from "fast-check";
import { isValidBucketName, isValidKey, visiblePath } from "../../../../local/oss/object-key.ts";

describe("keys and their files", () => {
  const hostile = fc
    .array(
      fc.oneof(
        fc.constantFrom("..", ".", "", "/", "\\", "\u0000", "a", "é", "a b"),
        fc.string({ unit: "grapheme", maxLength: 4 }),
      ),
      { maxLength: 8 },
    )
    .map((pieces) => pieces.join("/"));

  it("never give a path outside the folder, nor one path for two keys", () => {
    fc.assert(
      fc.property(hostile, hostile, (first, second) => {
        const [a, b] = [visiblePath("/data/bucket", first), visiblePath("/data/bucket", second)];
        if (a !== undefined) {
          expect(a.startsWith(`/data/bucket${sep}`)).toBe(true);
          expect(a).toBe(`/data/bucket/${first}`);
        }
        if (a !== undefined && a === b) expect(first).toBe(second);
      }),
    );
  });

  it.each(["a", "a/b.qcow2", "日 本", ".hidden", "...", "a..b", "x".repeat(255)])("show %s as a file", (key) => {
    expect(visiblePath("/f", key)).toBe(`/f/${key}`);
  });

  it.each([
    "",
    "a/",
    "/a",
    "a//b",
    "..",
    "a/../b",
    "./a",
    "a/.",
    "a\u0000",
    "a\nb",
    "a\\b",
    "x".repeat(256),
    `${"é".repeat(128)}`,
  ])("hide %j", (key) => {
    expect(visiblePath("/f", key)).toBeUndefined();
  });

  it("have 1 to 1023 bytes and start with no slash", () => {
    const good = ["a", "é".repeat(511), "a/b", "a\\b", "."];
    const bad = ["", "/a", "\\a", "a".repeat(1024), "é".repeat(512)];
    expect(good.map(isValidKey)).toEqual(good.map(() => true));
    expect(bad.map(isValidKey)).toEqual(bad.map(() => false));
  });
});

describe("bucket names", () => {
  it.each([
    ["abc", true],
    ["a-1", true],
    ["x".repeat(63), true],
    ["ab", false],
    ["x".repeat(64), false],
    ["-ab", false],
    ["ab-", false],
    ["Abc", false],
    ["a.b", false],
    ["..", false],
    [".oss", false],
  ])("%s: %s", (name, isValid) => {
    expect(isValidBucketName(name)).toBe(isValid);
  });
});
