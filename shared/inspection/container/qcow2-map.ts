/** The two-level map of a QCOW2: where each guest cluster lies. QEMU docs/interop/qcow2.txt, "Cluster mapping". */
import { uint32be } from "../source/byte-fields.ts";
import { type ByteSource, MalformedImage } from "../source/byte-source.ts";
import type { Qcow2Header } from "./qcow2-header.ts";

/** Where the bytes of one guest cluster come from. */
export type ClusterPlace =
  | { readonly kind: "zero" }
  | { readonly kind: "plain"; readonly offset: number }
  /** Extended L2: bit n of `allocated` says that sub-cluster n (a 32nd) is there; all others are zeros. */
  | { readonly kind: "subclusters"; readonly offset: number; readonly allocated: number }
  /** `length` is the most that the compressed data can take: whole sectors. */
  | { readonly kind: "compressed"; readonly offset: number; readonly length: number };

const zeroPlace: ClusterPlace = { kind: "zero" };
const compressedBit = 0x4000_0000;

export function l2EntrySize(header: Qcow2Header): number {
  return header.extendedL2 ? 16 : 8;
}

/** Guest clusters that one L2 table maps. */
export function clustersPerL2(header: Qcow2Header): number {
  return header.clusterSize / l2EntrySize(header);
}

/** Offset of an L2 table from an L1 entry, 0 where there is none. */
export function parseL1Entry(header: Qcow2Header, entry: Buffer, at: number): number {
  const offset = offsetField(entry, at);
  if (offset === 0) return 0;
  if (offset % header.clusterSize !== 0) throw new MalformedImage("An L2 table is not aligned to a cluster.");
  const { l1 } = header;
  if (offset < header.clusterSize) throw new MalformedImage("An L2 table overlaps the header.");
  if (offset < l1.offset + l1.length && l1.offset < offset + header.clusterSize) {
    throw new MalformedImage("An L2 table overlaps the L1 table.");
  }
  return offset;
}

/** Place of the guest cluster whose L2 entry is at `at`. */
export function parseL2Entry(header: Qcow2Header, table: Buffer, at: number): ClusterPlace {
  const [high, low] = [uint32be(table, at), uint32be(table, at + 4)];
  if ((high & compressedBit) !== 0) return compressedPlace(header, high, low);
  const offset = offsetField(table, at);
  if (offset % header.clusterSize !== 0) throw new MalformedImage("A data cluster is not aligned to a cluster.");
  if (header.extendedL2) {
    const [zeros, allocated] = [uint32be(table, at + 8), uint32be(table, at + 12)];
    if ((zeros & allocated) !== 0) throw new MalformedImage("A sub-cluster is both allocated and zero.");
    if (allocated === 0) return zeroPlace;
    if (offset === 0) throw new MalformedImage("A sub-cluster is allocated, but its cluster is nowhere.");
    return { kind: "subclusters", offset, allocated };
  }
  // Bit 0 says "reads as zeros" from version 3 on; it is reserved in version 2.
  if (offset === 0 || (header.version === 3 && (low & 1) === 1)) return zeroPlace;
  return { kind: "plain", offset };
}

/** Bits 0 to x-1 are an offset in bytes, x to 61 the further sectors; x = 62 - (cluster bits - 8). */
function compressedPlace(header: Qcow2Header, high: number, low: number): ClusterPlace {
  const offsetBitsInHigh = 70 - header.clusterBits - 32;
  const offset = (high & (2 ** offsetBitsInHigh - 1)) * 2 ** 32 + low;
  const sectors = ((high & 0x3fff_ffff) >>> offsetBitsInHigh) + 1;
  return { kind: "compressed", offset, length: sectors * 512 - (offset % 512) };
}

/** Bits 9 to 55. Above 2^53 it is no longer exact, but then far past the end of every file. */
function offsetField(bytes: Buffer, at: number): number {
  const [high, low] = [uint32be(bytes, at), uint32be(bytes, at + 4)];
  return (high & 0x00ff_ffff) * 2 ** 32 + ((low & 0xffff_fe00) >>> 0);
}

/** Places of up to `count` guest clusters from `first`, all in one L2 table; fewer at the table's end. */
export async function readPlaces(
  source: ByteSource,
  header: Qcow2Header,
  first: number,
  count: number,
): Promise<readonly ClusterPlace[]> {
  const perTable = clustersPerL2(header);
  const tableIndex = Math.floor(first / perTable);
  const start = first % perTable;
  const present = Math.min(count, perTable - start);
  const l2 = parseL1Entry(header, await source.read(header.l1.offset + tableIndex * 8, 8), 0);
  if (l2 === 0) return Array.from({ length: present }, () => zeroPlace);
  const entrySize = l2EntrySize(header);
  const entries = await source.read(l2 + start * entrySize, present * entrySize);
  return Array.from({ length: present }, (_, index) => parseL2Entry(header, entries, index * entrySize));
}
