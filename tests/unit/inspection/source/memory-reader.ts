import type { RangeReader } from "../../../../shared/inspection/source/range-reader.ts";

export interface MemoryReader extends RangeReader {
  readonly ranges: { readonly offset: number; readonly length: number }[];
}

/** A RangeReader over bytes that remembers what was asked. */
export function memoryReader(bytes: Buffer): MemoryReader {
  const ranges: { offset: number; length: number }[] = [];
  return {
    size: bytes.length,
    ranges,
    describe: () => "memory",
    readRange(offset, length) {
      ranges.push({ offset, length });
      // A copy, as from a file: readers must not depend on sharing.
      return Promise.resolve(Buffer.from(bytes.subarray(offset, offset + length)));
    },
  };
}
