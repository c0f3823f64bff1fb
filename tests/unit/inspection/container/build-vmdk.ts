/** Builds small sparse VMDK files in memory by VMware's Virtual Disk Format 1.1. */
import { deflateSync } from "node:zlib";

export interface VmdkOptions {
  readonly disk: Buffer;
  /** Compressed grains with markers, and the directory's place in a footer only. */
  readonly streamOptimized?: boolean;
  readonly descriptor?: string;
}

const grainSectors = 8;
const grainSize = grainSectors * 512;
const entriesPerTable = 512;
const dataStart = 21;

export function vmdkDescriptor(
  sectors: number,
  createType: string,
  extent = `RW ${sectors} SPARSE "disk.vmdk"`,
): string {
  return `# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType="${createType}"\n\n${extent}\n`;
}

export function buildVmdk({ disk, streamOptimized = false, descriptor }: VmdkOptions): Buffer {
  const grains = Math.ceil(disk.length / grainSize);
  const tables = Math.ceil(grains / entriesPerTable);
  const entries = Buffer.alloc(tables * entriesPerTable * 4);
  const parts: Buffer[] = [];
  let sector = dataStart;
  const append = (bytes: Buffer): number => {
    const padded = Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
    parts.push(padded);
    sector += padded.length / 512;
    return sector - padded.length / 512;
  };
  for (let grain = 0; grain < grains; grain++) {
    const data = disk.subarray(grain * grainSize, (grain + 1) * grainSize);
    if (data.every((byte) => byte === 0)) continue;
    const whole = Buffer.concat([data, Buffer.alloc(grainSize - data.length)]);
    entries.writeUInt32LE(append(streamOptimized ? compressedGrain(whole, grain * grainSectors) : whole), grain * 4);
  }
  const firstTable = append(entries);
  const directory = Buffer.alloc(tables * 4);
  for (let table = 0; table < tables; table++) directory.writeUInt32LE(firstTable + table * 4, table * 4);
  const directorySector = append(directory);
  const text =
    descriptor ?? vmdkDescriptor(disk.length / 512, streamOptimized ? "streamOptimized" : "monolithicSparse");
  const descriptorBytes = Buffer.alloc(20 * 512);
  descriptorBytes.write(text);
  const header = buildHeader(
    disk.length / 512,
    streamOptimized,
    streamOptimized ? 2n ** 64n - 1n : BigInt(directorySector),
  );
  if (streamOptimized) {
    const footerMarker = Buffer.alloc(512);
    footerMarker.writeBigUInt64LE(1n);
    footerMarker.writeUInt32LE(3, 12);
    parts.push(footerMarker, buildHeader(disk.length / 512, true, BigInt(directorySector)), Buffer.alloc(512));
  }
  return Buffer.concat([header, descriptorBytes, ...parts]);
}

function compressedGrain(data: Buffer, sector: number): Buffer {
  const bytes = deflateSync(data);
  const marker = Buffer.alloc(12);
  marker.writeBigUInt64LE(BigInt(sector));
  marker.writeUInt32LE(bytes.length, 8);
  return Buffer.concat([marker, bytes]);
}

function buildHeader(sectors: number, compressed: boolean, directorySector: bigint): Buffer {
  const header = Buffer.alloc(512);
  header.write("KDMV");
  header.writeUInt32LE(compressed ? 3 : 1, 4);
  header.writeUInt32LE(compressed ? 0x30001 : 1, 8);
  header.writeBigUInt64LE(BigInt(sectors), 12);
  header.writeBigUInt64LE(BigInt(grainSectors), 20);
  header.writeBigUInt64LE(1n, 28);
  header.writeBigUInt64LE(20n, 36);
  header.writeUInt32LE(entriesPerTable, 44);
  header.writeBigUInt64LE(directorySector, 56);
  header.writeBigUInt64LE(BigInt(dataStart), 64);
  header.write("\n \r\n", 73, "latin1");
  header.writeUInt16LE(compressed ? 1 : 0, 77);
  return header;
}
