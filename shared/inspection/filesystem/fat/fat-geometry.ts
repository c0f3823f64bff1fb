import { printable } from "../../printable-text.ts";
import { isPowerOfTwo, slice, uint8, uint16le, uint32le } from "../../source/byte-fields.ts";
import { MalformedImage } from "../../source/byte-source.ts";

/** Boot sector of FAT12, FAT16 and FAT32: Microsoft's "FAT32 File System Specification", version 1.03. */
export interface FatGeometry {
  readonly bits: 12 | 16 | 32;
  readonly label: string;
  readonly uuid: string;
  readonly clusterSize: number;
  /** Clusters are numbered from 2 to `clusterCount` + 1. */
  readonly clusterCount: number;
  readonly tableOffset: number;
  readonly tableSize: number;
  readonly dataOffset: number;
  /** The root directory of FAT12 and FAT16 lies before the clusters; on FAT32 it is a chain of them. */
  readonly root: { readonly offset: number; readonly size: number } | { readonly cluster: number };
}

/** Whether a sector is the boot sector of a FAT filesystem rather than an MBR: by the fields that must be sound. */
export function looksLikeFat(sector: Buffer): boolean {
  if (sector.length < 512 || uint16le(sector, 510) !== 0xaa55) return false;
  const jump = uint8(sector, 0);
  const sectorSize = uint16le(sector, 11);
  const sectorsPerCluster = uint8(sector, 13);
  const media = uint8(sector, 21);
  return (
    (jump === 0xeb || jump === 0xe9) &&
    isPowerOfTwo(sectorSize, 512, 4096) &&
    isPowerOfTwo(sectorsPerCluster, 1, 128) &&
    uint16le(sector, 14) > 0 &&
    (uint8(sector, 16) === 1 || uint8(sector, 16) === 2) &&
    (media === 0xf0 || media >= 0xf8)
  );
}

/** Geometry from the first sector, or undefined when it is no FAT. MalformedImage when its regions cannot be. */
export function parseFatGeometry(sector: Buffer, sourceSize: number): FatGeometry | undefined {
  if (!looksLikeFat(sector)) return undefined;
  const sectorSize = uint16le(sector, 11);
  const clusterSize = uint8(sector, 13) * sectorSize;
  const rootEntries = uint16le(sector, 17);
  const sectorsPerTable = uint16le(sector, 22) || uint32le(sector, 36);
  const sectorCount = uint16le(sector, 19) || uint32le(sector, 32);
  const tableOffset = uint16le(sector, 14) * sectorSize;
  const rootOffset = tableOffset + uint8(sector, 16) * sectorsPerTable * sectorSize;
  const rootSize = Math.ceil((rootEntries * 32) / sectorSize) * sectorSize;
  const dataOffset = rootOffset + rootSize;
  const dataSize = Math.min(sectorCount * sectorSize, sourceSize) - dataOffset;
  if (sectorsPerTable === 0 || dataSize < clusterSize)
    throw new MalformedImage("The FAT boot sector has no room for data.");
  const clusterCount = Math.floor(dataSize / clusterSize);
  // The number of clusters alone decides; but a 16-bit table size of zero means FAT32 whatever the count.
  const bits =
    uint16le(sector, 22) === 0
      ? 32
      : Math.floor((sectorCount * sectorSize - dataOffset) / clusterSize) < 4085
        ? 12
        : 16;
  const extended = bits === 32 ? 64 : 36;
  const hasExtended = uint8(sector, extended + 2) === 0x29;
  const tableSize = sectorsPerTable * sectorSize;
  return {
    bits,
    label: hasExtended ? trimmed(slice(sector, extended + 7, 11)) : "",
    uuid: hasExtended ? formatSerial(uint32le(sector, extended + 3)) : "",
    clusterSize,
    clusterCount: Math.min(clusterCount, Math.floor((tableSize * 8) / bits) - 2),
    tableOffset,
    tableSize,
    dataOffset,
    root: bits === 32 ? { cluster: uint32le(sector, 44) } : { offset: rootOffset, size: rootSize },
  };
}

function trimmed(bytes: Buffer): string {
  const text = printable(bytes.toString("latin1")).trimEnd();
  return text === "NO NAME" ? "" : text;
}

function formatSerial(serial: number): string {
  const hex = serial.toString(16).padStart(8, "0").toUpperCase();
  return `${hex.slice(0, 4)}-${hex.slice(4)}`;
}
