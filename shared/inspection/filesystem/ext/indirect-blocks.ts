import { uint32le } from "../../source/byte-fields.ts";
import { type BlockRun, type BlockStore, clipRun, mapBlockReader } from "./block-run.ts";

const directPointers = 12;

/** The runs of blocks `from` to `to` (exclusive) named by the block pointers in an inode's 60 bytes, in order. */
export async function mapIndirect(store: BlockStore, pointers: Buffer, from: number, to: number): Promise<BlockRun[]> {
  const readBlock = mapBlockReader(store);
  const perBlock = store.blockSize / 4;

  /** The blocks below `pointer`, which stands for `perBlock ** level` blocks from `logical` on. */
  async function visit(pointer: number, level: number, logical: number): Promise<BlockRun[]> {
    const span = perBlock ** level;
    if (pointer === 0 || logical >= to || logical + span <= from) return [];
    if (level === 0) return clipRun(store, { logical, physical: pointer, count: 1 }, from, to);
    const block = await readBlock(pointer);
    const step = span / perBlock;
    const first = Math.max(0, Math.floor((from - logical) / step));
    const end = Math.min(perBlock, Math.ceil((to - logical) / step));
    const runs: (BlockRun[] | Promise<BlockRun[]>)[] = [];
    for (let index = first; index < end; index += 1) {
      const child = uint32le(block, index * 4);
      const childLogical = logical + index * step;
      if (child === 0) continue;
      // Data blocks are mapped without a promise each: an 8 MiB file has thousands.
      runs.push(
        level === 1
          ? clipRun(store, { logical: childLogical, physical: child, count: 1 }, from, to)
          : visit(child, level - 1, childLogical),
      );
    }
    return merged((await Promise.all(runs)).flat());
  }

  const roots: Promise<BlockRun[]>[] = [];
  let logical = 0;
  for (let index = 0; index < directPointers + 3; index += 1) {
    const level = Math.max(0, index - directPointers + 1);
    roots.push(visit(uint32le(pointers, index * 4), level, logical));
    logical += perBlock ** level;
  }
  return merged((await Promise.all(roots)).flat());
}

/** Joins runs that follow each other both in the file and on the disk. */
function merged(runs: readonly BlockRun[]): BlockRun[] {
  const result: BlockRun[] = [];
  for (const run of runs) {
    const last = result.at(-1);
    if (last && last.logical + last.count === run.logical && last.physical + last.count === run.physical) {
      result[result.length - 1] = { ...last, count: last.count + run.count };
    } else {
      result.push(run);
    }
  }
  return result;
}
