import { isPowerOfTwo } from "../../source/byte-fields.ts";
import { ByteRecord } from "../../source/byte-record.ts";
import { type ByteSource, MalformedImage } from "../../source/byte-source.ts";

/** Sizes in bytes. */
export interface NtfsGeometry {
  readonly clusterSize: number;
  readonly clusters: number;
  readonly recordSize: number;
  /** First byte of the master file table. */
  readonly tableOffset: number;
  readonly serialNumber: string;
}

/** Sizes of records are in clusters, or as a negative power of two in bytes. */
function sizeOf(value: number, clusterSize: number): number {
  return value < 128 ? value * clusterSize : 2 ** (256 - value);
}

/** The boot sector of the NTFS volume at byte 0; undefined when there is none. */
export async function readBootSector(source: ByteSource): Promise<NtfsGeometry | undefined> {
  if (source.size < 512) return undefined;
  const record = new ByteRecord(await source.read(0, 512), "little", "NTFS boot sector");
  if (record.text(3, 8) !== "NTFS    ") return undefined;
  const sectorSize = record.u16(11);
  const perCluster = record.u8(13);
  const clusterSize = sectorSize * (perCluster <= 128 ? perCluster : 2 ** (256 - perCluster));
  const clusters = Math.floor((record.u64(40) * sectorSize) / clusterSize);
  const recordSize = sizeOf(record.u8(64), clusterSize);
  const tableOffset = record.u64(48) * clusterSize;
  const fits =
    isPowerOfTwo(sectorSize, 256, 4096) &&
    isPowerOfTwo(clusterSize, 512, 2 * 1024 * 1024) &&
    isPowerOfTwo(recordSize, 512, 65536) &&
    clusters * clusterSize <= source.size &&
    tableOffset + recordSize <= source.size;
  if (!fits) throw new MalformedImage("NTFS boot sector: its sizes contradict each other or the volume");
  const serialNumber = record.big(72).toString(16).toUpperCase().padStart(16, "0");
  return { clusterSize, clusters, recordSize, tableOffset, serialNumber };
}
