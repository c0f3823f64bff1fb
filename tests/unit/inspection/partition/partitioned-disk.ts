import { crc32 } from "../../../../shared/inspection/partition/crc32.ts";

export const guids = {
  esp: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
  biosBoot: "21686148-6449-6E6F-744E-656564454649",
  linux: "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
} as const;

export interface GptRecipe {
  readonly type: string;
  readonly first: number;
  readonly last: number;
  readonly name?: string;
  readonly attributes?: number;
}

/** A disk with both copies of a GPT and a protective MBR. */
export function gptDisk(size: number, partitions: readonly GptRecipe[], sectorSize = 512): Buffer {
  const disk = Buffer.alloc(size);
  const last = size / sectorSize - 1;
  writeMbrEntry(disk, 0, { type: 0xee, first: 1, count: Math.min(last, 0xffffffff) });
  const entries = Buffer.alloc(128 * 128);
  for (const [index, { type, first, last: end, name = "", attributes = 0 }] of partitions.entries()) {
    const entry = entries.subarray(index * 128, index * 128 + 128);
    guidBytes(type).copy(entry, 0);
    entry.writeBigUInt64LE(BigInt(first), 32);
    entry.writeBigUInt64LE(BigInt(end), 40);
    entry.writeUInt32LE(attributes, 48);
    entry.write(name, 56, "utf16le");
  }
  const entrySectors = entries.length / sectorSize;
  writeGptHeader(disk, sectorSize, { own: 1, other: last, entriesAt: 2, entries });
  writeGptHeader(disk, sectorSize, { own: last, other: 1, entriesAt: last - entrySectors, entries });
  return disk;
}

interface HeaderRecipe {
  readonly own: number;
  readonly other: number;
  readonly entriesAt: number;
  readonly entries: Buffer;
  readonly entryCount?: number;
  readonly entrySize?: number;
}

export function writeGptHeader(disk: Buffer, sectorSize: number, recipe: HeaderRecipe): void {
  recipe.entries.copy(disk, recipe.entriesAt * sectorSize);
  const header = disk.subarray(recipe.own * sectorSize, recipe.own * sectorSize + 92);
  header.write("EFI PART", 0, "latin1");
  header.writeUInt32LE(0x10000, 8);
  header.writeUInt32LE(92, 12);
  header.writeUInt32LE(0, 16);
  header.writeBigUInt64LE(BigInt(recipe.own), 24);
  header.writeBigUInt64LE(BigInt(recipe.other), 32);
  header.writeBigUInt64LE(BigInt(recipe.entriesAt), 72);
  header.writeUInt32LE(recipe.entryCount ?? 128, 80);
  header.writeUInt32LE(recipe.entrySize ?? 128, 84);
  header.writeUInt32LE(crc32(recipe.entries), 88);
  header.writeUInt32LE(crc32(header), 16);
}

export interface MbrRecipe {
  readonly type: number;
  readonly first: number;
  readonly count: number;
  readonly active?: boolean;
}

/** Writes one entry of the boot record that begins at `record`, and its signature. */
export function writeMbrEntry(disk: Buffer, slot: number, entry: MbrRecipe, record = 0): void {
  const at = record * 512 + 446 + slot * 16;
  disk[at] = entry.active ? 0x80 : 0;
  disk[at + 4] = entry.type;
  disk.writeUInt32LE(entry.first, at + 8);
  disk.writeUInt32LE(entry.count, at + 12);
  disk.writeUInt16LE(0xaa55, record * 512 + 510);
}

export function mbrDisk(size: number, entries: readonly MbrRecipe[]): Buffer {
  const disk = Buffer.alloc(size);
  for (const [slot, entry] of entries.entries()) writeMbrEntry(disk, slot, entry);
  return disk;
}

function guidBytes(guid: string): Buffer {
  const parts = guid.split("-").map((part) => Buffer.from(part, "hex"));
  return Buffer.concat(parts.map((part, index) => (index < 3 ? part.reverse() : part)));
}
