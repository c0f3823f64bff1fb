import { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import { BITMAP, INDEX_ALLOCATION, INDEX_ROOT, utf16, withoutFixups } from "./attribute.ts";
import { type FileRecord, type NtfsVolume, recordNumber, streamOf } from "./file-record.ts";
import type { Stream } from "./stream.ts";

/** A name and the file record it stands for. */
export interface NtfsEntry {
  readonly name: string;
  readonly record: number;
  /** A short name of 8.3 characters, kept beside the real one. */
  readonly isShort: boolean;
}

/** The entries of one index block, with the block that lies before each; the last has no name. */
interface IndexEntry {
  readonly entry: NtfsEntry | undefined;
  readonly before: number | undefined;
}

/** The index by file name of a directory: a root in the file record, and blocks in a stream of their own. */
interface Index {
  readonly root: IndexEntry[];
  readonly blocks: Stream | undefined;
  readonly blockSize: number;
  /** Blocks are numbered in clusters, or in 512 bytes where clusters are larger than blocks. */
  readonly unit: number;
}

const INDEX_NAME = "$I30";
/** The records before are the volume's own files, such as $MFT, and the root directory. */
const FIRST_USER_RECORD = 16;
const HAS_CHILD = 1;
const IS_LAST = 2;
const maxDirectoryInBytes = 16 * 1024 * 1024;
const maxDepth = 12;

/** Entries from the index header at `at`. A key is a FILE_NAME attribute. */
function parseEntries(record: ByteRecord, header: number): IndexEntry[] {
  const entries: IndexEntry[] = [];
  const end = header + record.u32(header + 4);
  for (let at = header + record.u32(header); at + 16 <= end; ) {
    const length = record.u16(at + 8);
    const flags = record.u16(at + 12);
    if (length < 16) throw new MalformedImage(`${record.what}: an entry of ${length} bytes`);
    const before = (flags & HAS_CHILD) === 0 ? undefined : record.u64(at + length - 8);
    if ((flags & IS_LAST) !== 0) {
      entries.push({ entry: undefined, before });
      return entries;
    }
    const name = utf16(record.slice(at + 16 + 66, record.u8(at + 16 + 64) * 2));
    const isShort = record.u8(at + 16 + 65) === 2;
    entries.push({ entry: { name, record: recordNumber(record.big(at)), isShort }, before });
    at += length;
  }
  return entries;
}

async function openIndex(volume: NtfsVolume, directory: FileRecord): Promise<Index> {
  const stream = streamOf(volume, directory, INDEX_ROOT, INDEX_NAME);
  if (stream === undefined) throw new MalformedImage(`NTFS: file record ${directory.number} has no index of names`);
  const root = new ByteRecord(await stream.read(0, stream.size), "little", `NTFS directory ${directory.number}`);
  const blockSize = root.u32(8);
  if (blockSize < 512 || blockSize > 65536)
    throw new MalformedImage(`${root.what}: index blocks of ${blockSize} bytes`);
  return {
    root: parseEntries(root, 16),
    blocks: streamOf(volume, directory, INDEX_ALLOCATION, INDEX_NAME),
    blockSize,
    unit: blockSize < volume.geometry.clusterSize ? 512 : volume.geometry.clusterSize,
  };
}

function parseBlock(bytes: Buffer): IndexEntry[] {
  return parseEntries(withoutFixups(bytes, "INDX", "NTFS index block"), 24);
}

/** One UTF-16 unit in upper case. Characters whose upper case is longer, or ASCII only in upper case, stay. */
function upper(unit: number): number {
  if (unit < 0x80) return unit >= 0x61 && unit <= 0x7a ? unit - 0x20 : unit;
  const text = String.fromCharCode(unit).toUpperCase();
  const code = text.charCodeAt(0);
  return text.length === 1 && code >= 0x80 ? code : unit;
}

/** Order of names in an index: by UTF-16 units in upper case. Close to the volume's own table, equal for what is asked. */
function compareNames(a: string, b: string): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const difference = upper(a.charCodeAt(at)) - upper(b.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Looks a name up from the root of the index downwards, whatever its case. Short names are found too. */
export async function findEntry(
  volume: NtfsVolume,
  directory: FileRecord,
  name: string,
): Promise<NtfsEntry | undefined> {
  const index = await openIndex(volume, directory);
  let entries = index.root;
  for (let depth = 0; depth < maxDepth; depth++) {
    const next = entries.find(({ entry }) => entry === undefined || compareNames(name, entry.name) <= 0);
    if (next?.entry !== undefined && compareNames(name, next.entry.name) === 0) return next.entry;
    if (next?.before === undefined) return undefined;
    const bytes = await index.blocks?.read(next.before * index.unit, index.blockSize);
    if (bytes?.length !== index.blockSize) throw new MalformedImage("NTFS: an index names a block that is not there");
    entries = parseBlock(bytes);
  }
  throw new MalformedImage("NTFS: an index is too deep");
}

/** All entries but short names and the volume's own files. Throws CannotTell beyond 16 MiB of index. */
export async function listEntries(volume: NtfsVolume, directory: FileRecord): Promise<NtfsEntry[]> {
  const { root, blocks, blockSize } = await openIndex(volume, directory);
  const found = [...root];
  if (blocks !== undefined) {
    if (blocks.size > maxDirectoryInBytes) throw new CannotTell(`NTFS: a directory of ${blocks.size} bytes`);
    const used = streamOf(volume, directory, BITMAP, INDEX_NAME);
    const [bytes, bitmap] = await Promise.all([blocks.read(0, blocks.size), used?.read(0, maxDirectoryInBytes)]);
    for (let index = 0; (index + 1) * blockSize <= bytes.length; index++) {
      const isUsed = bitmap === undefined || (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
      if (isUsed) found.push(...parseBlock(bytes.subarray(index * blockSize, (index + 1) * blockSize)));
    }
  }
  return found.flatMap(({ entry }) =>
    entry === undefined || entry.isShort || entry.record < FIRST_USER_RECORD ? [] : [entry],
  );
}
