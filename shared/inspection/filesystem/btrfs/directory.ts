import type { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import { rawCrc32c } from "./crc32c.ts";
import type { BtrfsInode } from "./inode.ts";
import { DIR_INDEX, DIR_ITEM, type Key, maxOffset, readKey } from "./tree.ts";

/** A name and what it stands for: an inode of the same tree, or (key type ROOT_ITEM) a subvolume. */
export interface BtrfsEntry {
  readonly name: string;
  readonly location: Key;
}

const ENTRY_HEADER_SIZE = 30;
const maxEntries = 100_000;

/** Entries of one directory item: several when their names share a hash. */
export function parseEntries(item: ByteRecord): BtrfsEntry[] {
  const entries: BtrfsEntry[] = [];
  for (let at = 0; at < item.length; ) {
    const dataLength = item.u16(at + 25);
    const nameLength = item.u16(at + 27);
    if (nameLength === 0 || nameLength > 255) throw new MalformedImage(`btrfs: a name of ${nameLength} bytes`);
    const name = item.slice(at + ENTRY_HEADER_SIZE, nameLength).toString("utf8");
    entries.push({ name, location: readKey(item, at) });
    at += ENTRY_HEADER_SIZE + nameLength + dataLength;
  }
  return entries;
}

/** The offset of the key under which a directory keeps `name`. */
export function hashOfName(name: string): bigint {
  return BigInt(rawCrc32c(0xfffffffe, Buffer.from(name, "utf8")));
}

export async function findEntry(directory: BtrfsInode, name: string): Promise<BtrfsEntry | undefined> {
  const key = { object: directory.inode, type: DIR_ITEM, offset: hashOfName(name) };
  const item = await directory.files.tree.find(key);
  return item === undefined ? undefined : parseEntries(item).find((entry) => entry.name === name);
}

/** All entries in the order in which they were made. Throws CannotTell beyond 100,000. */
export async function listEntries(directory: BtrfsInode): Promise<BtrfsEntry[]> {
  const min = { object: directory.inode, type: DIR_INDEX, offset: 0n };
  const items = await directory.files.tree.range(min, { ...min, offset: maxOffset });
  if (items.length > maxEntries) throw new CannotTell(`btrfs: a directory of ${items.length} entries`);
  return items.flatMap(({ data }) => parseEntries(data));
}
