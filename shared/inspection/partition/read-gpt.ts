import { printable } from "../printable-text.ts";
import { uint32le, uint64le } from "../source/byte-fields.ts";
import { type ByteSource, MalformedImage } from "../source/byte-source.ts";
import { crc32 } from "./crc32.ts";
import type { ClaimedPartition, PartitionNote } from "./partition-table.ts";
import { gptTypeName } from "./partition-type-names.ts";

/** GUID Partition Table: UEFI Specification, chapter 5. */
const signature = "EFI PART";
const maximumEntries = 1024;
const maximumEntrySize = 4096;
const unusedType = "00000000-0000-0000-0000-000000000000";
const legacyBootAttribute = 0x4;

interface GptHeader {
  readonly ownSector: number;
  readonly otherSector: number;
  readonly entriesSector: number;
  readonly entryCount: number;
  readonly entrySize: number;
  readonly entriesChecksum: number;
}

export interface Gpt {
  readonly claims: readonly ClaimedPartition[];
  readonly notes: readonly PartitionNote[];
}

/**
 * Reads the GPT of a disk for one sector size; undefined when neither copy is there.
 * `protectiveEnd` is the last sector by the protective MBR: where the backup lies if the disk was grown since.
 */
export async function readGpt(disk: ByteSource, sectorSize: number, protectiveEnd?: number): Promise<Gpt | undefined> {
  const lastSector = Math.floor(disk.size / sectorSize) - 1;
  const [primary, atEnd] = await Promise.all([
    readHeader(disk, sectorSize, 1),
    readHeader(disk, sectorSize, lastSector),
  ]);
  const primaryEntries = primary && (await readEntries(disk, sectorSize, primary));
  if (primary && primaryEntries) {
    const backup = atEnd ?? (await readHeader(disk, sectorSize, primary.otherSector));
    return { claims: parseEntries(primaryEntries, primary.entrySize), notes: compare(primary, backup, lastSector) };
  }
  const backup = atEnd ?? (protectiveEnd === undefined ? undefined : await readHeader(disk, sectorSize, protectiveEnd));
  const backupEntries = backup && (await readEntries(disk, sectorSize, backup));
  if (!backup || !backupEntries) return undefined;
  const message = "The partition table at the start of the disk is damaged; its backup at the end was read instead.";
  const moved = backup.ownSector === lastSector ? [] : [backupMoved];
  const notes = [{ code: "gpt.primary-damaged" as const, message }, ...moved];
  return { claims: parseEntries(backupEntries, backup.entrySize), notes };
}

const backupMoved: PartitionNote = {
  code: "gpt.backup-moved",
  message: "The disk was grown: the backup partition table is not at its end.",
};

function compare(primary: GptHeader, backup: GptHeader | undefined, lastSector: number): PartitionNote[] {
  if (primary.otherSector > lastSector) {
    return [{ code: "gpt.disk-too-short", message: "The disk ends before the backup of its partition table." }];
  }
  const notes = primary.otherSector < lastSector ? [backupMoved] : [];
  if (!backup) return [...notes, { code: "gpt.backup-damaged", message: "The backup partition table is damaged." }];
  if (backup.entriesChecksum === primary.entriesChecksum) return notes;
  const message = "The partition table at the start of the disk and its backup at the end differ.";
  return [...notes, { code: "gpt.copies-disagree", message }];
}

async function readHeader(disk: ByteSource, sectorSize: number, sector: number): Promise<GptHeader | undefined> {
  if (sector < 1 || (sector + 1) * sectorSize > disk.size) return undefined;
  const bytes = await disk.read(sector * sectorSize, sectorSize);
  if (bytes.toString("latin1", 0, 8) !== signature) return undefined;
  try {
    return parseHeader(bytes, sector);
  } catch (error) {
    // A header with impossible numbers is as damaged as one with a wrong checksum.
    if (error instanceof MalformedImage) return undefined;
    throw error;
  }
}

function parseHeader(bytes: Buffer, sector: number): GptHeader | undefined {
  const headerSize = uint32le(bytes, 12);
  if (headerSize < 92 || headerSize > bytes.length) return undefined;
  const checked = Buffer.from(bytes.subarray(0, headerSize));
  checked.writeUInt32LE(0, 16);
  if (crc32(checked) !== uint32le(bytes, 16) || uint64le(bytes, 24) !== sector) return undefined;
  const entryCount = uint32le(bytes, 80);
  const entrySize = uint32le(bytes, 84);
  if (entryCount > maximumEntries || entrySize < 128 || entrySize > maximumEntrySize) return undefined;
  return {
    ownSector: sector,
    otherSector: uint64le(bytes, 32),
    entriesSector: uint64le(bytes, 72),
    entryCount,
    entrySize,
    entriesChecksum: uint32le(bytes, 88),
  };
}

async function readEntries(disk: ByteSource, sectorSize: number, header: GptHeader): Promise<Buffer | undefined> {
  const offset = header.entriesSector * sectorSize;
  const length = header.entryCount * header.entrySize;
  if (header.entriesSector < 2 || offset + length > disk.size) return undefined;
  const bytes = await disk.read(offset, length);
  return crc32(bytes) === header.entriesChecksum ? bytes : undefined;
}

function parseEntries(bytes: Buffer, entrySize: number): ClaimedPartition[] {
  const claims: ClaimedPartition[] = [];
  for (let at = 0, index = 1; at + entrySize <= bytes.length; at += entrySize, index += 1) {
    const entry = bytes.subarray(at, at + entrySize);
    const typeId = formatGuid(entry);
    if (typeId === unusedType) continue;
    // Rounding above 2^53 does no harm: no such sector lies within a disk.
    const firstSector = Number(entry.readBigUInt64LE(32));
    const sectorCount = Number(entry.readBigUInt64LE(40)) - firstSector + 1;
    const bootable = (uint32le(entry, 48) & legacyBootAttribute) !== 0;
    const uuid = formatGuid(entry.subarray(16)).toLowerCase();
    const typeName = gptTypeName(typeId);
    claims.push({ index, firstSector, sectorCount, typeId, typeName, bootable, uuid, name: nameOf(entry) });
  }
  return claims;
}

/** The first three parts of a GUID are kept little-endian. */
function formatGuid(bytes: Buffer): string {
  const hex = (from: number, to: number) => bytes.subarray(from, to).toString("hex");
  const swapped = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).reverse().toString("hex");
  return [swapped(0, 4), swapped(4, 6), swapped(6, 8), hex(8, 10), hex(10, 16)].join("-").toUpperCase();
}

function nameOf(entry: Buffer): string {
  const text = entry.toString("utf16le", 56, 128);
  const end = text.indexOf("\0");
  return printable(end < 0 ? text : text.slice(0, end));
}
