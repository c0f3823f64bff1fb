import { CannotTell, MalformedImage } from "../../source/byte-source.ts";

/** `count` blocks of a file from its block `logical` on, which lie together at block `physical`. Holes have no run. */
export interface BlockRun {
  readonly logical: number;
  readonly physical: number;
  readonly count: number;
}

/** What a block map needs of its filesystem. */
export interface BlockStore {
  readonly blockSize: number;
  readonly blockCount: number;
  readBlock(block: number): Promise<Buffer>;
}

/** A file's map may not make us read more than this of itself in one go. */
const maximumMapBytes = 16 * 2 ** 20;

/** Reads the blocks that hold a file's map, with a limit on their size. */
export function mapBlockReader(store: BlockStore): (block: number) => Promise<Buffer> {
  let left = maximumMapBytes;
  return async (block) => {
    left -= store.blockSize;
    if (left < 0) throw new CannotTell(`A file's block map has more than ${maximumMapBytes} bytes.`);
    demandBlocks(store, block, 1);
    return store.readBlock(block);
  };
}

/** The part of a run within the blocks `from` to `to` (exclusive), checked against the filesystem's size. */
export function clipRun(store: BlockStore, run: BlockRun, from: number, to: number): BlockRun[] {
  const start = Math.max(run.logical, from);
  const end = Math.min(run.logical + run.count, to);
  if (start >= end) return [];
  const physical = run.physical + (start - run.logical);
  demandBlocks(store, physical, end - start);
  return [{ logical: start, physical, count: end - start }];
}

function demandBlocks(store: BlockStore, block: number, count: number): void {
  if (block <= 0 || block + count > store.blockCount) {
    throw new MalformedImage(`A file names ${count} blocks at ${block}, outside its filesystem.`);
  }
}
