import { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { XfsInode } from "./inode.ts";
import { blockOffset, type XfsVolume } from "./superblock.ts";

/** `count` blocks from block `start` of a file, which lie from byte `offset` of the volume. */
interface Extent {
  readonly start: number;
  readonly count: number;
  readonly offset: number;
}

/** Blocks of a file, end excluded. */
interface Range {
  readonly from: number;
  readonly to: number;
}

const RECORD_SIZE = 16;
const maxTreeLevel = 9;
const maxTreeBlocks = 8192;
const maxReadInBytes = 64 * 1024 * 1024;

/** Extent records: 1 bit unwritten, 54 bits file block, 52 bits volume block, 21 bits count. Unwritten ones read as 0. */
function parseExtents(volume: XfsVolume, record: ByteRecord, at: number, count: number, range: Range): Extent[] {
  const extents: Extent[] = [];
  for (let index = 0; index < count; index++) {
    const high = record.big(at + index * RECORD_SIZE);
    const low = record.big(at + index * RECORD_SIZE + 8);
    const start = Number((high >> 9n) & 0x3f_ffff_ffff_ffffn);
    const blocks = Number(low & 0x1f_ffffn);
    const isUnwritten = high >> 63n === 1n;
    if (isUnwritten || start >= range.to || start + blocks <= range.from) continue;
    const block = Number(((high & 0x1ffn) << 43n) | (low >> 21n));
    extents.push({ start, count: blocks, offset: blockOffset(volume, block, blocks) });
  }
  return extents;
}

/** One block of an extent tree at `level`, and all below it that overlaps the range. `left` counts blocks still allowed. */
async function descend(
  volume: XfsVolume,
  node: { record: ByteRecord; level: number; keysAt: number; pointersAt: number; count: number },
  range: Range,
  left: { blocks: number },
): Promise<Extent[]> {
  if (node.level === 0) return parseExtents(volume, node.record, node.keysAt, node.count, range);
  const below: number[] = [];
  for (let index = 0; index < node.count; index++) {
    const start = node.record.u64(node.keysAt + index * 8);
    const isLast = index === node.count - 1;
    const end = isLast ? Number.POSITIVE_INFINITY : node.record.u64(node.keysAt + index * 8 + 8);
    if (start >= range.to || end <= range.from) continue;
    if (left.blocks-- === 0) throw new CannotTell("XFS: an extent tree is larger than this reader follows");
    below.push(node.record.u64(node.pointersAt + index * 8));
  }
  return (await Promise.all(below.map((block) => descendInto(volume, block, node.level - 1, range, left)))).flat();
}

async function descendInto(
  volume: XfsVolume,
  block: number,
  level: number,
  range: Range,
  left: { blocks: number },
): Promise<Extent[]> {
  const bytes = await volume.source.read(blockOffset(volume, block), volume.blockSize);
  const record = new ByteRecord(bytes, "big", "XFS extent tree");
  if (record.text(0, 4) !== (volume.isV5 ? "BMA3" : "BMAP") || record.u16(4) !== level) {
    throw new MalformedImage(`XFS: block ${block} is no extent tree block of level ${level}`);
  }
  const keysAt = volume.isV5 ? 72 : 24;
  const pointersAt = keysAt + Math.floor((volume.blockSize - keysAt) / 16) * 8;
  return descend(volume, { record, level, keysAt, pointersAt, count: record.u16(6) }, range, left);
}

/** The written extents of an inode that overlap the range, in order and without overlap. Holes are left out. */
async function mapRange(volume: XfsVolume, inode: XfsInode, range: Range): Promise<Extent[]> {
  const { fork } = inode;
  let extents: Extent[];
  if (inode.format === "extents") {
    if (inode.extentCount * RECORD_SIZE > fork.length) throw new MalformedImage(`${fork.what}: too many extents`);
    extents = parseExtents(volume, fork, 0, inode.extentCount, range);
  } else {
    const level = fork.u16(0);
    if (level === 0 || level > maxTreeLevel) throw new MalformedImage(`${fork.what}: extent tree of ${level} levels`);
    const pointersAt = 4 + Math.floor((fork.length - 4) / 16) * 8;
    const root = { record: fork, level, keysAt: 4, pointersAt, count: fork.u16(2) };
    extents = await descend(volume, root, range, { blocks: maxTreeBlocks });
  }
  let end = 0;
  for (const extent of extents) {
    if (extent.start < end) throw new MalformedImage(`${fork.what}: its extents overlap`);
    end = extent.start + extent.count;
  }
  return extents;
}

/**
 * Exactly `length` bytes of the data fork from `offset`, with holes and unwritten blocks as zeros.
 * The caller cuts to the size of the file: directories keep their index far beyond theirs.
 */
export async function readFork(volume: XfsVolume, inode: XfsInode, offset: number, length: number): Promise<Buffer> {
  if (inode.format === "local") return inode.fork.slice(offset, length);
  if (length > maxReadInBytes) throw new CannotTell(`XFS: ${length} bytes at once are more than this reader takes`);
  if (length === 0) return Buffer.alloc(0);
  const { blockSize, source } = volume;
  const range = { from: Math.floor(offset / blockSize), to: Math.ceil((offset + length) / blockSize) };
  const pieces = (await mapRange(volume, inode, range)).map((extent) => {
    const start = Math.max(offset, extent.start * blockSize);
    const end = Math.min(offset + length, (extent.start + extent.count) * blockSize);
    return { at: start - offset, from: extent.offset + start - extent.start * blockSize, length: end - start };
  });
  const [only] = pieces;
  if (only !== undefined && only.length === length) return source.read(only.from, length);
  const out = Buffer.alloc(length);
  await Promise.all(pieces.map(async (piece) => (await source.read(piece.from, piece.length)).copy(out, piece.at)));
  return out;
}
