import fc from "fast-check";
import { createSortedKeys, type ListItem, listPage } from "../../../../local/oss/listing.ts";
import { compareKeys } from "../../../../local/oss/object-key.ts";

const sorted = (keys: readonly string[]): readonly string[] => {
  const place = createSortedKeys();
  for (const key of keys) place.add(key);
  return place.all;
};

const allPages = (
  keys: readonly string[],
  query: { prefix: string; delimiter: string },
  maxKeys: number,
): ListItem[] => {
  const items: ListItem[] = [];
  let after = "";
  for (;;) {
    const page = listPage(keys, { ...query, after, maxKeys });
    items.push(...page.items);
    if (!page.isTruncated || page.last === undefined) return items;
    after = page.last;
  }
};

/** Few letters, so that prefixes and groups meet; and the two places where byte order is not JavaScript's. */
const key = fc
  .array(fc.constantFrom("a", "b", "/", "é", "\uffee", "😀"), { minLength: 1, maxLength: 6 })
  .map((letters) => letters.join(""));

describe("listing", () => {
  it("orders keys as their UTF-8 bytes are ordered", () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it("keeps keys sorted, each once, whatever is added and removed", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), key)), (changes) => {
        const keys = createSortedKeys();
        const model = new Set<string>();
        for (const [isAdded, name] of changes) {
          if (isAdded) {
            keys.add(name);
            model.add(name);
          } else {
            keys.remove(name);
            model.delete(name);
          }
        }
        expect(keys.all).toEqual([...model].sort(compareKeys));
      }),
    );
  });

  it("gives every key or group once and in order, whatever the size of a page", () => {
    const delimiter = fc.constantFrom("", "/", "a", "b/");
    fc.assert(
      fc.property(
        fc.array(key),
        fc.oneof(fc.constant(""), key),
        delimiter,
        fc.integer({ min: 1, max: 5 }),
        (keys, prefix, separator, maxKeys) => {
          const query = { prefix, delimiter: separator };
          const expected = new Set<string>();
          for (const name of sorted(keys)) {
            if (!name.startsWith(prefix)) continue;
            const cut = separator === "" ? -1 : name.indexOf(separator, prefix.length);
            expected.add(cut < 0 ? `key ${name}` : `prefix ${name.slice(0, cut + separator.length)}`);
          }
          const listed = allPages(sorted(keys), query, maxKeys).map(({ kind, name }) => `${kind} ${name}`);
          expect(listed).toEqual([...expected]);
        },
      ),
    );
  });

  it("starts after a key inside a group with that group", () => {
    const keys = sorted(["a/1", "a/2", "b"]);
    const query = { prefix: "", delimiter: "/", maxKeys: 10 };
    expect(listPage(keys, { ...query, after: "a/1" }).items.map(({ name }) => name)).toEqual(["a/", "b"]);
    expect(listPage(keys, { ...query, after: "a/" }).items.map(({ name }) => name)).toEqual(["b"]);
  });
});
