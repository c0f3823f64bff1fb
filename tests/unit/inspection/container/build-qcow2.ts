/** Builds small QCOW2 files in memory, each field at its place by QEMU's docs/interop/qcow2.txt. */
import { deflateRawSync } from "node:zlib";

export type ClusterHow =
  | { readonly kind: "plain" | "zlib" | "zstd"; readonly data: Buffer }
  /** A zero cluster, with a host cluster kept for it when `preallocated`. */
  | { readonly kind: "zero"; readonly preallocated?: boolean }
  | { readonly kind: "subclusters"; readonly data: Buffer; readonly allocated: number; readonly zeros: number };

export interface Qcow2Options {
  readonly virtualSize: number;
  readonly version?: 2 | 3;
  readonly clusterBits?: number;
  readonly extendedL2?: boolean;
  readonly compression?: "zlib" | "zstd";
  /** By guest cluster; the others are nowhere. */
  readonly clusters?: ReadonlyMap<number, ClusterHow>;
  readonly incompatible?: bigint;
  readonly extensions?: readonly { readonly type: number; readonly body: Buffer }[];
}

/** Offsets of header fields, to poke at. */
export const qcow2Field = {
  version: 4,
  backingOffset: 8,
  backingLength: 16,
  clusterBits: 20,
  virtualSize: 24,
  cryptMethod: 32,
  l1Size: 36,
  l1Offset: 40,
  refcountOffset: 48,
  refcountClusters: 56,
  snapshotCount: 60,
  snapshotOffset: 64,
  incompatible: 72,
  refcountOrder: 96,
  headerLength: 100,
  compressionType: 104,
} as const;

export function buildQcow2(options: Qcow2Options): Buffer {
  const { version = 3, clusterBits = 16, virtualSize, extendedL2 = false, clusters = new Map() } = options;
  const clusterSize = 2 ** clusterBits;
  const entrySize = extendedL2 ? 16 : 8;
  const perTable = clusterSize / entrySize;
  const l1Entries = Math.max(1, Math.ceil(virtualSize / (clusterSize * perTable)));
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterSize);
  const [refcountOffset, l1Offset] = [clusterSize, 2 * clusterSize];
  const l1 = Buffer.alloc(l1Clusters * clusterSize);
  const parts: Buffer[] = [];
  let end = (2 + l1Clusters) * clusterSize;
  const append = (bytes: Buffer): number => {
    const padding = (clusterSize - (end % clusterSize)) % clusterSize;
    parts.push(Buffer.alloc(padding), bytes);
    end += padding + bytes.length;
    return end - bytes.length;
  };
  const tables = new Map<number, Buffer>();
  for (const [guest, how] of clusters) {
    const tableIndex = Math.floor(guest / perTable);
    let table = tables.get(tableIndex);
    if (table === undefined) {
      table = Buffer.alloc(clusterSize);
      tables.set(tableIndex, table);
      l1.writeBigUInt64BE(BigInt(append(table)) | (1n << 63n), tableIndex * 8);
    }
    writeEntry(table, (guest % perTable) * entrySize, how, append, clusterBits, extendedL2);
  }
  const header = buildHeader(options, { version, clusterBits, l1Entries, l1Offset, refcountOffset });
  const whole = Buffer.concat([header, Buffer.alloc(clusterSize), l1, ...parts]);
  return Buffer.concat([whole, Buffer.alloc((clusterSize - (whole.length % clusterSize)) % clusterSize)]);
}

function buildHeader(
  options: Qcow2Options,
  place: { version: number; clusterBits: number; l1Entries: number; l1Offset: number; refcountOffset: number },
): Buffer {
  const header = Buffer.alloc(2 ** place.clusterBits);
  header.write("QFI\xfb", "latin1");
  header.writeUInt32BE(place.version, qcow2Field.version);
  header.writeUInt32BE(place.clusterBits, qcow2Field.clusterBits);
  header.writeBigUInt64BE(BigInt(options.virtualSize), qcow2Field.virtualSize);
  header.writeUInt32BE(place.l1Entries, qcow2Field.l1Size);
  header.writeBigUInt64BE(BigInt(place.l1Offset), qcow2Field.l1Offset);
  header.writeBigUInt64BE(BigInt(place.refcountOffset), qcow2Field.refcountOffset);
  header.writeUInt32BE(1, qcow2Field.refcountClusters);
  const zstd = options.compression === "zstd";
  if (place.version === 3) {
    const bits = (options.incompatible ?? 0n) | (zstd ? 8n : 0n) | (options.extendedL2 === true ? 16n : 0n);
    header.writeBigUInt64BE(bits, qcow2Field.incompatible);
    header.writeUInt32BE(4, qcow2Field.refcountOrder);
    header.writeUInt32BE(112, qcow2Field.headerLength);
    header.writeUInt8(zstd ? 1 : 0, qcow2Field.compressionType);
  }
  let at = place.version === 3 ? 112 : 72;
  for (const { type, body } of options.extensions ?? []) {
    header.writeUInt32BE(type, at);
    header.writeUInt32BE(body.length, at + 4);
    header.set(body, at + 8);
    at += 8 + Math.ceil(body.length / 8) * 8;
  }
  return header;
}

function writeEntry(
  table: Buffer,
  at: number,
  how: ClusterHow,
  append: (bytes: Buffer) => number,
  clusterBits: number,
  extendedL2: boolean,
): void {
  const clusterSize = 2 ** clusterBits;
  if (how.kind === "zero") {
    const host = how.preallocated === true ? append(Buffer.alloc(clusterSize, 0xee)) : 0;
    if (extendedL2) {
      table.writeBigUInt64BE(BigInt(host), at);
      table.writeUInt32BE(0xffff_ffff, at + 8);
    } else table.writeBigUInt64BE(BigInt(host) | 1n, at);
  } else if (how.kind === "zlib" || how.kind === "zstd") {
    const bytes = how.kind === "zlib" ? deflateRawSync(how.data) : storedZstd(how.data);
    // Garbage behind the stream: the length in the entry is in whole sectors.
    const sectors = Math.ceil(bytes.length / 512);
    const offset = append(Buffer.concat([bytes, Buffer.alloc(sectors * 512 - bytes.length, 0xaa)]));
    const shift = BigInt(62 - (clusterBits - 8));
    table.writeBigUInt64BE((1n << 62n) | (BigInt(sectors - 1) << shift) | BigInt(offset), at);
  } else {
    table.writeBigUInt64BE(BigInt(append(how.data)) | (1n << 63n), at);
    if (!extendedL2) return;
    table.writeUInt32BE(how.kind === "subclusters" ? how.zeros >>> 0 : 0, at + 8);
    table.writeUInt32BE(how.kind === "subclusters" ? how.allocated >>> 0 : 0xffff_ffff, at + 12);
  }
}

/** A zstd frame of raw blocks (RFC 8878, 3.1.1): Node 20 has no zstd to compress with. */
export function storedZstd(data: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUInt32LE(0xfd2fb528, 0);
  // Single segment, content size of 4 bytes.
  header.writeUInt8(0xa0, 4);
  header.writeUInt32LE(data.length, 5);
  const blocks: Buffer[] = [header];
  const blockSize = 128 * 1024;
  for (let at = 0; at < data.length; at += blockSize) {
    const block = data.subarray(at, at + blockSize);
    const blockHeader = Buffer.alloc(3);
    blockHeader.writeUIntLE((block.length << 3) | (at + blockSize >= data.length ? 1 : 0), 0, 3);
    blocks.push(blockHeader, block);
  }
  return Buffer.concat(blocks);
}

/** A copy with other bytes at one place. */
export function poke(image: Buffer, at: number, bytes: Buffer | readonly number[]): Buffer {
  const copy = Buffer.from(image);
  copy.set(bytes, at);
  return copy;
}

export function u32be(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u64be(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
