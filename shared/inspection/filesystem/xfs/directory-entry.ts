import type { ByteRecord } from "../../source/byte-record.ts";
import { MalformedImage } from "../../source/byte-source.ts";
import type { XfsVolume } from "./superblock.ts";

/** Names of a directory with the inode numbers they stand for. */
export interface XfsEntry {
  readonly name: string;
  readonly inode: number;
}

/** The entry at `at` of a directory block, and where the next one begins. */
export function parseEntry(volume: XfsVolume, block: ByteRecord, at: number): XfsEntry & { readonly next: number } {
  const nameLength = block.u8(at + 8);
  if (nameLength === 0) throw new MalformedImage(`${block.what}: an entry without a name`);
  const used = 8 + 1 + nameLength + (volume.hasFileType ? 1 : 0) + 2;
  const name = block.slice(at + 9, nameLength).toString("utf8");
  return { name, inode: block.u64(at), next: at + Math.ceil(used / 8) * 8 };
}
