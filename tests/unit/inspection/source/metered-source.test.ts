import fc from "fast-check";
import { CannotTell, MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import {
  fullGranularity,
  headerGranularity,
  meteredSource,
} from "../../../../shared/inspection/source/metered-source.ts";
import { memoryReader } from "./memory-reader.ts";

const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
const fourKib = { blockSize: 4096, readAheadInBytes: 0 };

describe("a metered source", () => {
  it("gives exactly the bytes asked for, whatever the blocks", async () => {
    const range = fc.tuple(
      fc.nat(bytes.length),
      fc.nat(bytes.length),
      fc.constantFrom(headerGranularity, fourKib, fullGranularity),
    );
    const sources = new Map(
      [headerGranularity, fourKib, fullGranularity].map((g) => [
        g,
        meteredSource(memoryReader(bytes), { ...g, cacheInBytes: 16_384, budget: { requests: 1e6, bytes: 1e12 } }),
      ]),
    );
    await fc.assert(
      fc.asyncProperty(range, async ([offset, wanted, granularity]) => {
        const length = Math.min(wanted, bytes.length - offset);
        const read = await sources.get(granularity)?.read(offset, length);
        expect(read?.equals(bytes.subarray(offset, offset + length))).toBe(true);
      }),
    );
  });

  it("pays nothing for what is cached", async () => {
    const source = meteredSource(memoryReader(bytes), fourKib);
    await source.read(0, 4096);
    await source.read(100, 200);
    expect(source.cost()).toMatchObject({ requests: 1, bytes: 4096 });
  });

  it("asks once for adjacent blocks and for what is already on its way", async () => {
    const reader = memoryReader(bytes);
    const source = meteredSource(reader, fourKib);
    await Promise.all([
      source.read(0, 10),
      source.read(4096, 10),
      source.read(8192, 10),
      source.read(5, 9000),
      source.read(40_960, 1),
    ]);
    expect(reader.ranges).toEqual([
      { offset: 0, length: 12_288 },
      { offset: 40_960, length: 4096 },
    ]);
  });

  it("fetches more and more at once for a sequential reader", async () => {
    const large = Buffer.alloc(8 << 20);
    const source = meteredSource(memoryReader(large), fullGranularity);
    for (let at = 0; at < large.length; at += 65_536) await source.read(at, 65_536);
    expect(source.cost().requests).toBeLessThan(16);
    expect(source.cost().bytes).toBe(large.length);
  });

  it("never fetches past the end, and refuses to read there", async () => {
    const reader = memoryReader(bytes.subarray(0, 5000));
    const source = meteredSource(reader, fourKib);
    await source.read(4990, 10);
    expect(reader.ranges).toEqual([{ offset: 4096, length: 904 }]);
    for (const [offset, length] of [
      [4990, 11],
      [-1, 2],
      [0, -1],
      [0.5, 1],
      [Number.NaN, 1],
      [2 ** 60, 1],
    ] as const) {
      await expect(source.read(offset, length)).rejects.toThrow(MalformedImage);
    }
  });

  it("forgets what it used longest ago when the cache is full, and reads it again", async () => {
    const source = meteredSource(memoryReader(bytes), { ...fourKib, cacheInBytes: 8192 });
    for (const at of [0, 4096, 0, 8192, 0]) await source.read(at, 1);
    expect(source.cost().requests).toBe(3);
    await source.read(4096, 1);
    expect(source.cost().requests).toBe(4);
  });

  it.each([
    ["requests", { requests: 2 }],
    ["bytes", { bytes: 10_000 }],
  ])("cannot tell any more when its %s are spent", async (_name, budget) => {
    const source = meteredSource(memoryReader(bytes), { ...fourKib, budget });
    await source.read(0, 1);
    await source.read(20_000, 1);
    await expect(source.read(40_000, 1)).rejects.toThrow(CannotTell);
    expect((await source.read(0, 10)).length).toBe(10);
    expect(source.cost()).toMatchObject({ requests: 2, bytes: 8192 });
  });

  it("cannot tell when an answer does not come in time", async () => {
    const reader = { ...memoryReader(bytes), readRange: () => new Promise<Buffer>(() => undefined) };
    const source = meteredSource(reader, { ...fourKib, budget: { milliseconds: 20 } });
    await expect(source.read(0, 1)).rejects.toThrow("The budget of 0.02 seconds is spent.");
  });

  it("tries again after a failure instead of remembering it", async () => {
    const good = memoryReader(bytes);
    let failures = 1;
    const reader = {
      ...good,
      readRange: (offset: number, length: number) =>
        failures-- > 0 ? Promise.reject(new Error("down")) : good.readRange(offset, length),
    };
    const source = meteredSource(reader, fourKib);
    await expect(source.read(0, 1)).rejects.toThrow("down");
    expect((await source.read(0, 1))[0]).toBe(bytes[0]);
  });

  it("uses the bytes that opening cost, and counts them", async () => {
    const reader = { ...memoryReader(bytes), opening: { bytes: bytes.subarray(0, 4096), requests: 2 } };
    const source = meteredSource(reader, headerGranularity);
    expect((await source.read(0, 4096)).equals(bytes.subarray(0, 4096))).toBe(true);
    expect(source.cost()).toMatchObject({ requests: 2, bytes: 4096 });
  });
});
