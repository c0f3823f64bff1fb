import type { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { ChunkMap } from "./chunk-map.ts";
import { decompressExtent, maxCompressedExtentInBytes } from "./decompress.ts";
import type { BtrfsInode } from "./inode.ts";
import { EXTENT_DATA, exact } from "./tree.ts";

const maxReadInBytes = 64 * 1024 * 1024;
/** Decompressed bytes that one read may cost: many small items may each name the same large extent. */
const maxDecompressedInBytes = 256 * 1024 * 1024;
const INLINE = 0;
const PREALLOCATED = 2;
const INLINE_HEADER_SIZE = 21;

/** A stretch of a file: `length` bytes from `start`, and how to get some of them. */
interface Stretch {
  readonly start: number;
  readonly length: number;
  readonly isCompressed: boolean;
  read(within: number, length: number): Promise<Buffer>;
}

/** An extent item; undefined where it stands for a hole. */
function parseExtent(item: ByteRecord, start: number, chunks: ChunkMap, sectorSize: number): Stretch | undefined {
  const length = item.u64(8);
  const compression = item.u8(16);
  const type = item.u8(20);
  const isCompressed = compression !== 0;
  if (item.u8(17) !== 0 || item.u16(18) !== 0) throw new CannotTell("btrfs: an encrypted or otherwise encoded extent");
  if (type === INLINE) {
    const data = item.slice(INLINE_HEADER_SIZE, item.length - INLINE_HEADER_SIZE);
    const whole = () => (isCompressed ? decompressExtent(compression, data, length, sectorSize) : data);
    const read = async (within: number, size: number) => whole().subarray(within, within + size);
    return { start, length: isCompressed ? length : data.length, isCompressed, read };
  }
  const address = item.u64(21);
  const stored = item.u64(29);
  const offset = item.u64(37);
  const used = item.u64(45);
  if (type === PREALLOCATED || address === 0) return undefined;
  if (offset + used > length) throw new MalformedImage("btrfs: a file uses more of an extent than there is");
  const readStored = async (from: number, size: number): Promise<Buffer> => {
    if (from + size > stored) throw new MalformedImage("btrfs: a file uses more of an extent than is stored");
    return (await chunks.read(address + from, size)) ?? Buffer.alloc(0);
  };
  if (!isCompressed) {
    return { start, length: used, isCompressed, read: (within, size) => readStored(offset + within, size) };
  }
  if (stored > maxCompressedExtentInBytes) throw new MalformedImage(`btrfs: a compressed extent of ${stored} bytes`);
  return {
    start,
    length: used,
    isCompressed,
    read: async (within, size) => {
      const whole = decompressExtent(compression, await readStored(0, stored), length, sectorSize);
      return whole.subarray(offset + within, offset + within + size);
    },
  };
}

/** `length` bytes of a file from `offset`, cut at its end; holes and preallocated extents are zeros. */
export async function readContents(
  chunks: ChunkMap,
  sectorSize: number,
  file: BtrfsInode,
  offset: number,
  length: number,
): Promise<Buffer> {
  const end = Math.min(offset + length, file.size);
  if (end <= offset) return Buffer.alloc(0);
  if (end - offset > maxReadInBytes) throw new CannotTell(`btrfs: ${end - offset} bytes at once are too many`);
  const min = { object: file.inode, type: EXTENT_DATA, offset: BigInt(offset) };
  const max = { object: file.inode, type: EXTENT_DATA, offset: BigInt(end - 1) };
  const out = Buffer.alloc(end - offset);
  const pieces: { stretch: Stretch; from: number; size: number }[] = [];
  let decompressed = 0;
  for (const { key, data } of await file.files.tree.range(min, max, true)) {
    if (key.object !== file.inode || key.type !== EXTENT_DATA) continue;
    const stretch = parseExtent(data, exact(key.offset), chunks, sectorSize);
    if (stretch === undefined) continue;
    const from = Math.max(offset, stretch.start);
    const size = Math.min(end, stretch.start + stretch.length) - from;
    if (size <= 0) continue;
    if (stretch.isCompressed) decompressed += maxCompressedExtentInBytes;
    if (decompressed > maxDecompressedInBytes) throw new CannotTell("btrfs: a read takes too much decompression");
    pieces.push({ stretch, from, size });
  }
  await Promise.all(
    pieces.map(async ({ stretch, from, size }) => {
      (await stretch.read(from - stretch.start, size)).copy(out, from - offset);
    }),
  );
  return out;
}
