import { leftOver, wordsOn } from "../../../cli/local/earlier-objects.ts";

const object = (key: string, etag = "A1", second = 0) => ({
  key,
  etag,
  size: 1,
  lastModified: new Date(Date.UTC(2026, 0, 2, 3, 4, second)),
});

const keysOf = (objects: readonly { readonly key: string }[]): readonly string[] => objects.map(({ key }) => key);

describe("what an earlier run has left", () => {
  it("is what still lies there as it did", () => {
    const before = ["same.raw", "gone.raw", "other.raw", "again.raw"].map((key) => object(key));
    const now = [object("again.raw", "A1", 9), object("new.raw"), object("other.raw", "B2"), object("same.raw")];
    expect(keysOf(leftOver(before, now, new Set()))).toEqual(["same.raw"]);
  });

  it("is not what this run uploads", () => {
    const objects = [object("mine.raw"), object("left.raw")];
    expect(keysOf(leftOver(objects, objects, new Set(["mine.raw"])))).toEqual(["left.raw"]);
  });

  it.each([
    [["a.raw"], false, "1 disk image of an earlier run is imported again: the embedded ECS has forgotten it."],
    [
      ["a.raw", "a.raw.import.yaml", "b.vhd"],
      false,
      "2 disk images of an earlier run are imported again: the embedded ECS has forgotten them.",
    ],
    [["a.raw"], true, "1 disk image of an earlier run is left alone: start without --once to import it again."],
    [["a.raw.import.yaml"], false, undefined],
    [[], true, undefined],
  ])("is told of %j (once: %s) in one line", (keys, isOnce, words) => {
    const left = keys.map((key) => object(key));
    expect(wordsOn(left, isOnce)).toBe(words);
  });
});
