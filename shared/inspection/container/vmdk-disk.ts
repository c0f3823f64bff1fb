/** The two-level map of a sparse VMDK: a directory of tables of grains. VMware, Virtual Disk Format 1.1. */

import type { Finding } from "../report.ts";
import { uint32le, uint64le } from "../source/byte-fields.ts";
import { type ByteSource, MalformedImage } from "../source/byte-source.ts";
import { checkReadBounds } from "../source/read-bounds.ts";
import { type Extent, readExtents } from "./extents.ts";
import { inflateZlib } from "./inflate.ts";
import { InflatedParts } from "./inflated-parts.ts";
import { checkLength } from "./truncation.ts";
import { type VmdkHeader, vmdkSectorSize } from "./vmdk-header.ts";

export type PlacedVmdk = VmdkHeader & { readonly directoryOffset: number };

/** LBA and length precede the data of a compressed grain. */
const grainMarkerLength = 12;
/** Tables are written in the order of the disk, so the highest ones name the end of the file. */
const maximumTablesChecked = 2048;

function tableCoverage(header: VmdkHeader): number {
  return header.grainSize * header.entriesPerTable;
}

export function directoryLength(header: VmdkHeader): number {
  return Math.ceil(header.capacity / tableCoverage(header)) * 4;
}

/** The virtual disk; grains that are nowhere read as zeros. */
export function vmdkDisk(source: ByteSource, header: PlacedVmdk): ByteSource {
  const { grainSize } = header;
  const parts = new InflatedParts();
  const inflated = (offset: number, grain: number) =>
    parts.get(offset, () => inflateGrain(source, header, offset, grain));

  function extentOf(sector: number, grain: number, from: number, to: number): Extent {
    if (sector === 0 || (sector === 1 && header.zeroedGrains)) return { kind: "zero", length: to - from };
    const offset = sector * vmdkSectorSize;
    if (!header.compressed) return { kind: "stored", offset: offset + from, length: to - from };
    return {
      kind: "computed",
      length: to - from,
      read: async () => (await inflated(offset, grain)).subarray(from, to),
    };
  }

  return {
    size: header.capacity,
    async read(offset, length) {
      checkReadBounds(header.capacity, offset, length);
      const end = offset + length;
      const extents: Extent[] = [];
      for (let grain = Math.floor(offset / grainSize); grain * grainSize < end; ) {
        for (const sector of await readSectors(source, header, grain, Math.ceil(end / grainSize) - grain)) {
          const start = grain * grainSize;
          extents.push(extentOf(sector, grain, Math.max(0, offset - start), Math.min(grainSize, end - start)));
          grain += 1;
        }
      }
      return readExtents(source, extents, length);
    },
  };
}

/** Grain table entries of up to `count` grains from `first`, all in one table; fewer at the table's end. */
async function readSectors(source: ByteSource, header: PlacedVmdk, first: number, count: number): Promise<number[]> {
  const { entriesPerTable } = header;
  const start = first % entriesPerTable;
  const present = Math.min(count, entriesPerTable - start);
  const directoryEntry = header.directoryOffset + Math.floor(first / entriesPerTable) * 4;
  const table = uint32le(await source.read(directoryEntry, 4), 0) * vmdkSectorSize;
  if (table === 0) return Array.from({ length: present }, () => 0);
  const entries = await source.read(table + start * 4, present * 4);
  return Array.from({ length: present }, (_, index) => uint32le(entries, index * 4));
}

/** Reads and decompresses one grain, whose marker must name its place on the disk. */
async function inflateGrain(source: ByteSource, header: VmdkHeader, offset: number, grain: number): Promise<Buffer> {
  const marker = await source.read(offset, grainMarkerLength);
  const start = grain * header.grainSize;
  if (uint64le(marker, 0) * vmdkSectorSize !== start) {
    throw new MalformedImage("A grain of the VMDK is not the one its table names.");
  }
  const length = uint32le(marker, 8);
  // Deflate makes incompressible data a little longer, never twice as long.
  if (length > 2 * header.grainSize + 1024) throw new MalformedImage(`A compressed grain cannot have ${length} bytes.`);
  const bytes = await source.read(offset + grainMarkerLength, length);
  return inflateZlib(bytes, { least: Math.min(header.grainSize, header.capacity - start), most: header.grainSize });
}

/** Compares the highest byte that the grain tables name with the size of the file. */
export async function checkVmdkComplete(source: ByteSource, header: PlacedVmdk): Promise<readonly Finding[]> {
  const directory = await source.read(header.directoryOffset, directoryLength(header));
  const tableLength = header.entriesPerTable * 4;
  const tables: number[] = [];
  for (let at = 0; at < directory.length; at += 4) {
    const sector = uint32le(directory, at);
    if (sector !== 0) tables.push(sector * vmdkSectorSize);
  }
  tables.sort((a, b) => b - a);
  const missing = checkLength(source.size, (tables[0] ?? -tableLength) + tableLength, "tables");
  if (missing.length > 0) return missing;
  const ends = await Promise.all(
    tables
      .slice(0, maximumTablesChecked)
      .map(async (table) => endOfTable(header, await source.read(table, tableLength))),
  );
  return checkLength(source.size, Math.max(0, ...ends), "data");
}

function endOfTable(header: VmdkHeader, table: Buffer): number {
  let highest = 0;
  for (let at = 0; at < table.length; at += 4) highest = Math.max(highest, uint32le(table, at));
  if (highest === 0 || (highest === 1 && header.zeroedGrains)) return 0;
  // Writers fill a grain, but nobody says that they do so with the last one of a disk that ends within it.
  const isWhole = !header.compressed && header.capacity % header.grainSize === 0;
  const least = header.compressed ? grainMarkerLength : vmdkSectorSize;
  return highest * vmdkSectorSize + (isWhole ? header.grainSize : least);
}
