import fc from "fast-check";
import { inParallel } from "../../../shared/runtime/in-parallel.ts";

const soon = () => new Promise<void>((done) => setImmediate(done));

describe("work in parallel", () => {
  it("does every item once, and never more than the limit at a time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 30 }), fc.integer({ min: 1, max: 8 }), async (items, limit) => {
        let running = 0;
        let most = 0;
        const done: number[] = [];
        await inParallel(items, limit, async (item) => {
          running += 1;
          most = Math.max(most, running);
          await soon();
          done.push(item);
          running -= 1;
        });
        expect(done.sort()).toEqual([...items].sort());
        expect(most).toBe(Math.min(limit, items.length));
      }),
      { numRuns: 50 },
    );
  });

  it("goes on after a failure, and ends with the first one once all is done", async () => {
    const done: number[] = [];
    const all = inParallel([1, 2, 3, 4, 5], 2, async (item) => {
      await soon();
      done.push(item);
      if (item % 2 === 0) throw new Error(`failed at ${item}`);
    });
    await expect(all).rejects.toThrow("failed at 2");
    expect(done.sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it("has nothing to do for no items", async () => {
    await expect(inParallel([], 4, () => Promise.reject(new Error("never")))).resolves.toBeUndefined();
  });
});
