import { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import { parseEntry, type XfsEntry } from "./directory-entry.ts";
import { findByHash } from "./directory-index.ts";
import { readFork } from "./extents.ts";
import type { XfsInode } from "./inode.ts";
import type { XfsVolume } from "./superblock.ts";

const maxDirectoryInBytes = 8 * 1024 * 1024;
/** Up to here a lookup reads all entries at once; beyond, it goes through the hash index: more steps, fewer bytes. */
const maxScanInBytes = 32 * 1024;

/** Entries kept in the inode itself: count, wide count, parent; then length, tag, name, type, inode number each. */
function parseShortForm(volume: XfsVolume, fork: ByteRecord): XfsEntry[] {
  const wide = fork.u8(1) !== 0;
  const count = wide ? fork.u8(1) : fork.u8(0);
  const numberSize = wide ? 8 : 4;
  const entries: XfsEntry[] = [];
  let at = 2 + numberSize;
  for (let index = 0; index < count; index++) {
    const nameLength = fork.u8(at);
    const numberAt = at + 3 + nameLength + (volume.hasFileType ? 1 : 0);
    const inode = wide ? fork.u64(numberAt) : fork.u32(numberAt);
    entries.push({ name: fork.slice(at + 3, nameLength).toString("utf8"), inode });
    at = numberAt + numberSize;
  }
  return entries;
}

/** One data block: header, then entries and gaps back to back; the single block of a small directory ends in its index. */
function parseDataBlock(volume: XfsVolume, block: ByteRecord): XfsEntry[] {
  const magic = block.u32(0);
  if (magic === 0) return [];
  const [single, data] = volume.isV5 ? ["XDB3", "XDD3"] : ["XD2B", "XD2D"];
  const name = block.text(0, 4);
  if (name !== single && name !== data) throw new MalformedImage(`${block.what}: not a directory block`);
  const end = name === single ? block.length - 8 - block.u32(block.length - 8) * 8 : block.length;
  const entries: XfsEntry[] = [];
  let at = volume.isV5 ? 64 : 16;
  while (at < end) {
    if (block.u16(at) === 0xffff) {
      const gap = block.u16(at + 2);
      if (gap < 8 || gap % 8 !== 0) throw new MalformedImage(`${block.what}: a gap of ${gap} bytes`);
      at += gap;
    } else {
      const { next, ...entry } = parseEntry(volume, block, at);
      entries.push(entry);
      at = next;
    }
  }
  return entries;
}

/** All entries but `.` and `..`. Throws CannotTell beyond 8 MiB of entries. */
export async function listEntries(volume: XfsVolume, directory: XfsInode): Promise<XfsEntry[]> {
  if (directory.format === "local") return parseShortForm(volume, directory.fork);
  if (directory.size > maxDirectoryInBytes) throw new CannotTell(`XFS: a directory of ${directory.size} bytes`);
  const bytes = await readFork(volume, directory, 0, directory.size);
  const entries: XfsEntry[] = [];
  for (let at = 0; at < bytes.length; at += volume.directoryBlockSize) {
    const block = bytes.subarray(at, at + volume.directoryBlockSize);
    entries.push(...parseDataBlock(volume, new ByteRecord(block, "big", `XFS directory ${directory.id}`)));
  }
  return entries.filter((entry) => entry.name !== "." && entry.name !== "..");
}

/** The inode number behind `name`, or undefined. */
export async function findEntry(volume: XfsVolume, directory: XfsInode, name: string): Promise<number | undefined> {
  // A directory of a single block has its index inside it.
  const isLarge = directory.size > Math.max(maxScanInBytes, volume.directoryBlockSize);
  if (isLarge && !volume.foldsCase) return findByHash(volume, directory, name);
  return (await listEntries(volume, directory)).find((entry) => entry.name === name)?.inode;
}
