import { ByteRecord } from "../../source/byte-record.ts";
import { MalformedImage } from "../../source/byte-source.ts";
import { parseEntry } from "./directory-entry.ts";
import { readFork } from "./extents.ts";
import type { XfsInode } from "./inode.ts";
import type { XfsVolume } from "./superblock.ts";

/** The index of a directory begins 32 GiB into its address space, whatever its size. */
const indexOffset = 2 ** 35;
const maxLevels = 6;
const maxNeighbours = 64;

/** Hash of a name by which the index is sorted: four bytes a step, seven bits each, rotating. */
function hashName(name: Buffer): number {
  const rotate = (value: number, bits: number) => (value << bits) | (value >>> (32 - bits));
  let hash = 0;
  let at = 0;
  for (; name.length - at >= 4; at += 4) {
    const four =
      ((name[at] ?? 0) << 21) ^ ((name[at + 1] ?? 0) << 14) ^ ((name[at + 2] ?? 0) << 7) ^ (name[at + 3] ?? 0);
    hash = four ^ rotate(hash, 28);
  }
  const rest = name.subarray(at);
  if (rest.length === 0) return hash >>> 0;
  const tail = rest.reduce((sum, byte) => (sum << 7) ^ byte, 0);
  return (tail ^ rotate(hash, 7 * rest.length)) >>> 0;
}

function readDirectoryBlock(volume: XfsVolume, directory: XfsInode, offset: number): Promise<ByteRecord> {
  return readFork(volume, directory, offset, volume.directoryBlockSize).then(
    (bytes) => new ByteRecord(bytes, "big", `XFS directory index ${directory.id}`),
  );
}

/** Looks `name` up through the hash index: root to leaf, then the data blocks that the leaf names for this hash. */
export async function findByHash(volume: XfsVolume, directory: XfsInode, name: string): Promise<number | undefined> {
  const hash = hashName(Buffer.from(name, "utf8"));
  let leaf = await findLeaf(volume, directory, hash);
  for (let hop = 0; hop < maxNeighbours; hop++) {
    const { addresses, next } = entriesOfHash(volume, leaf, hash);
    const found = await findAmong(volume, directory, addresses, name);
    if (found !== undefined || next === 0) return found;
    leaf = await readDirectoryBlock(volume, directory, next * volume.blockSize);
  }
  throw new MalformedImage(`${leaf.what}: one hash fills more than ${maxNeighbours} blocks`);
}

/** The leaf in which entries with this hash begin. Interior nodes list the highest hash below each child. */
async function findLeaf(volume: XfsVolume, directory: XfsInode, hash: number): Promise<ByteRecord> {
  const [nodeMagic, ...leafMagics] = volume.isV5 ? [0x3ebe, 0x3dff, 0x3df1] : [0xfebe, 0xd2ff, 0xd2f1];
  let block = await readDirectoryBlock(volume, directory, indexOffset);
  for (let level = 0; level < maxLevels; level++) {
    const magic = block.u16(8);
    if (leafMagics.includes(magic)) return block;
    if (magic !== nodeMagic) break;
    const { count, entriesAt } = headerOf(volume, block);
    let index = 0;
    while (index < count - 1 && block.u32(entriesAt + index * 8) < hash) index++;
    block = await readDirectoryBlock(volume, directory, block.u32(entriesAt + index * 8 + 4) * volume.blockSize);
  }
  throw new MalformedImage(`${block.what}: its index is broken`);
}

/** Node and leaf blocks agree in where their count and entries are. */
function headerOf(volume: XfsVolume, block: ByteRecord): { count: number; entriesAt: number } {
  return { count: block.u16(volume.isV5 ? 56 : 12), entriesAt: volume.isV5 ? 64 : 16 };
}

/** Data addresses of all entries with this hash, and the next leaf where their run goes on there (0: it does not). */
function entriesOfHash(volume: XfsVolume, leaf: ByteRecord, hash: number): { addresses: number[]; next: number } {
  const { count, entriesAt } = headerOf(volume, leaf);
  const addresses: number[] = [];
  let last = 0;
  for (let index = 0; index < count; index++) {
    last = leaf.u32(entriesAt + index * 8);
    const address = leaf.u32(entriesAt + index * 8 + 4);
    if (last === hash && address !== 0) addresses.push(address);
    if (last > hash) break;
  }
  return { addresses, next: last > hash ? 0 : leaf.u32(0) };
}

async function findAmong(
  volume: XfsVolume,
  directory: XfsInode,
  addresses: readonly number[],
  name: string,
): Promise<number | undefined> {
  for (const address of addresses) {
    const offset = address * 8;
    const within = offset % volume.directoryBlockSize;
    const entry = parseEntry(volume, await readDirectoryBlock(volume, directory, offset - within), within);
    if (entry.name === name) return entry.inode;
  }
  return undefined;
}
