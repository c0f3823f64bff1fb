import { slice, uint16le, uint32le } from "../../source/byte-fields.ts";
import { MalformedImage } from "../../source/byte-source.ts";
import { type BlockRun, type BlockStore, clipRun, mapBlockReader } from "./block-run.ts";

const extentMagic = 0xf30a;
const maximumDepth = 5;
const entrySize = 12;
/** Longer extents are allocated but never written: they read as zeros. */
const longestWrittenExtent = 32768;

/** The runs of blocks `from` to `to` (exclusive) that the extent tree rooted in an inode's 60 bytes names, in order. */
export async function mapExtents(store: BlockStore, root: Buffer, from: number, to: number): Promise<BlockRun[]> {
  const readBlock = mapBlockReader(store);

  async function visit(node: Buffer, depthAbove: number): Promise<BlockRun[]> {
    const depth = uint16le(node, 6);
    if (uint16le(node, 0) !== extentMagic) throw new MalformedImage("A node of an extent tree lacks its magic number.");
    if (depth >= depthAbove) throw new MalformedImage("An extent tree is deeper than it may be.");
    const entries = entriesInOrder(node);
    if (depth === 0) return entries.flatMap((entry) => leafRuns(store, entry, from, to));
    const children: Promise<BlockRun[]>[] = [];
    for (const [index, entry] of entries.entries()) {
      const next = entries[index + 1];
      if (uint32le(entry, 0) >= to || (next !== undefined && uint32le(next, 0) <= from)) continue;
      const child = uint16le(entry, 8) * 2 ** 32 + uint32le(entry, 4);
      children.push(readBlock(child).then((block) => visit(block, depth)));
    }
    return (await Promise.all(children)).flat();
  }

  return visit(root, maximumDepth + 1);
}

function entriesInOrder(node: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  const count = uint16le(node, 2);
  let nextLogical = 0;
  for (let index = 0; index < count; index += 1) {
    const entry = slice(node, entrySize * (index + 1), entrySize);
    const logical = uint32le(entry, 0);
    if (logical < nextLogical) throw new MalformedImage("The entries of an extent tree are out of order.");
    nextLogical = logical + 1;
    entries.push(entry);
  }
  return entries;
}

function leafRuns(store: BlockStore, entry: Buffer, from: number, to: number): BlockRun[] {
  const count = uint16le(entry, 4);
  if (count > longestWrittenExtent) return [];
  const physical = uint16le(entry, 6) * 2 ** 32 + uint32le(entry, 8);
  return clipRun(store, { logical: uint32le(entry, 0), physical, count }, from, to);
}
