import type { Given } from "./contract-client.ts";

/** Listings: order, folding, encoding and paging. */
export const listingContract = (given: Given): void => {
  describe("listings", () => {
    const keys = ["l/a", "l/b/1", "l/b/2", "l/c d+e", "l/é", "l/😀"];
    beforeAll(async () => {
      for (const key of keys) await given.client.put(key, Buffer.from(key));
    });

    it("lists in the order of bytes, with times that end in .000Z", async () => {
      const { objects } = await given.client.listV2({ prefix: "l/", "max-keys": "100" }, {});
      expect(objects.map(({ name }) => name)).toEqual(keys);
      for (const object of objects) expect(object.lastModified).toMatch(/T\d\d:\d\d:\d\d\.000Z$/);
    });

    it("folds what follows a delimiter into prefixes", async () => {
      const query = { prefix: "l/", delimiter: "/", "max-keys": "100" } as const;
      const listed = await given.client.list(query, {});
      expect(listed.prefixes).toEqual(["l/b/"]);
      expect(listed.objects.map(({ name }) => name)).toEqual(["l/a", "l/c d+e", "l/é", "l/😀"]);
    });

    it("encodes names on request", async () => {
      const { objects } = await given.client.listV2({ prefix: "l/c", "encoding-type": "url", "max-keys": "10" }, {});
      expect(objects.map(({ name }) => decodeURIComponent(name))).toEqual(["l/c d+e"]);
      expect(objects[0]?.name).not.toContain(" ");
    });

    it.each(["1", "2", "3", "100"])("gives every name once over pages of %s", async (maxKeys) => {
      const names: string[] = [];
      let token: string | undefined;
      do {
        const page = await given.client.listV2(
          { prefix: "l/", delimiter: "/", "max-keys": maxKeys, ...(token ? { "continuation-token": token } : {}) },
          {},
        );
        names.push(...page.objects.map(({ name }) => name), ...(page.prefixes ?? []));
        token = page.nextContinuationToken || undefined;
      } while (token !== undefined);
      expect(names.sort()).toEqual(["l/a", "l/b/", "l/c d+e", "l/é", "l/😀"]);
    });

    it("goes on after a marker, and after start-after", async () => {
      const byMarker = await given.client.list({ prefix: "l/", marker: "l/b/2", "max-keys": 100 }, {});
      const byStart = await given.client.listV2({ prefix: "l/", "start-after": "l/b/2", "max-keys": "100" }, {});
      expect(byMarker.objects.map(({ name }) => name)).toEqual(keys.slice(3));
      expect(byStart.objects.map(({ name }) => name)).toEqual(keys.slice(3));
    });
  });
};
