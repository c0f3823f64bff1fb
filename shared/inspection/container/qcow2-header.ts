/** The header of QCOW2 versions 2 and 3, as described in QEMU's docs/interop/qcow2.txt. */

import { printable } from "../printable-text.ts";
import { slice, uint8, uint32be, uint64be } from "../source/byte-fields.ts";
import { MalformedImage } from "../source/byte-source.ts";

export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly clusterSize: number;
  readonly virtualSize: number;
  readonly l1: Table;
  readonly refcountTable: Table;
  readonly snapshots: { readonly count: number; readonly offset: number };
  readonly cryptMethod: number;
  readonly backingFile: { readonly offset: number; readonly length: number } | null;
  readonly incompatibleFeatures: bigint;
  readonly compression: "zlib" | "zstd";
  readonly extendedL2: boolean;
  /** Names that the image itself gives to bits of the incompatible features. */
  readonly featureNames: ReadonlyMap<number, string>;
  readonly dataFile: string | null;
}

interface Table {
  readonly offset: number;
  readonly length: number;
}

export const incompatible = { dirty: 0, corrupt: 1, dataFile: 2, compressionType: 3, extendedL2: 4 } as const;
const knownFeatures = 0b11111n;

/** QEMU refuses larger tables too; at 64 KiB clusters this is a disk of 2 PiB. */
const maximumL1InBytes = 32 * 2 ** 20;
const maximumRefcountTableInBytes = 8 * 2 ** 20;
const maximumSnapshots = 65_536;
/** The fixed part of a snapshot table entry. */
const smallestSnapshotInBytes = 40;
const version2HeaderLength = 72;
const version3HeaderLength = 104;

export function hasFeature({ incompatibleFeatures }: Pick<Qcow2Header, "incompatibleFeatures">, bit: number): boolean {
  return ((incompatibleFeatures >> BigInt(bit)) & 1n) === 1n;
}

/** Bits of the incompatible features that no published specification names. */
export function unknownFeatures(header: Qcow2Header): readonly number[] {
  const unknown = { incompatibleFeatures: header.incompatibleFeatures & ~knownFeatures };
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => hasFeature(unknown, bit));
}

/**
 * Reads the header from the first bytes of the file (up to 4096 are enough). Throws MalformedImage where it
 * contradicts itself; what is merely not supported is left to the findings.
 */
export function parseQcow2Header(head: Buffer): Qcow2Header {
  const version = uint32be(head, 4);
  if (version !== 2 && version !== 3) throw new MalformedImage(`QCOW2 has no version ${version}.`);
  const clusterBits = uint32be(head, 20);
  if (clusterBits < 9 || clusterBits > 21) {
    throw new MalformedImage(`The cluster size is 2^${clusterBits} bytes; QCOW2 allows 2^9 to 2^21.`);
  }
  const clusterSize = 2 ** clusterBits;
  const headerLength = version === 2 ? version2HeaderLength : uint32be(head, 100);
  if (headerLength < (version === 2 ? version2HeaderLength : version3HeaderLength) || headerLength > clusterSize) {
    throw new MalformedImage(`The header length ${headerLength} is not between ${version3HeaderLength} and a cluster.`);
  }
  if (headerLength % 8 !== 0) throw new MalformedImage(`The header length ${headerLength} is no multiple of 8.`);
  const incompatibleFeatures = version === 2 ? 0n : slice(head, 72, 8).readBigUInt64BE();
  const backingOffset = uint64be(head, 8);
  const backingFile = backingOffset === 0 ? null : { offset: backingOffset, length: uint32be(head, 16) };
  const header = {
    version,
    clusterBits,
    clusterSize,
    virtualSize: uint64be(head, 24),
    cryptMethod: uint32be(head, 32),
    l1: { offset: uint64be(head, 40), length: uint32be(head, 36) * 8 },
    refcountTable: { offset: uint64be(head, 48), length: uint32be(head, 56) * clusterSize },
    snapshots: { count: uint32be(head, 60), offset: uint64be(head, 64) },
    backingFile,
    incompatibleFeatures,
    compression: compressionType(
      head,
      headerLength,
      hasFeature({ incompatibleFeatures }, incompatible.compressionType),
    ),
    extendedL2: hasFeature({ incompatibleFeatures }, incompatible.extendedL2),
    ...parseExtensions(head, headerLength, backingOffset === 0 ? clusterSize : Math.min(backingOffset, clusterSize)),
  } as const;
  if (version === 3 && uint32be(head, 96) > 6) throw new MalformedImage("The refcount width is over 64 bits.");
  if (header.extendedL2 && clusterBits < 14) {
    throw new MalformedImage("Extended L2 entries need clusters of at least 16 KiB.");
  }
  checkTables(header);
  return header;
}

function compressionType(head: Buffer, headerLength: number, declared: boolean): "zlib" | "zstd" {
  const type = headerLength > version3HeaderLength ? uint8(head, 104) : 0;
  if (declared !== (type !== 0)) {
    throw new MalformedImage(`The compression type is ${type}, and its feature bit says otherwise.`);
  }
  if (type > 1) throw new MalformedImage(`The compression type ${type} is unknown.`);
  return type === 1 ? "zstd" : "zlib";
}

function checkTables(
  header: Pick<Qcow2Header, "clusterSize" | "virtualSize" | "l1" | "refcountTable" | "snapshots" | "extendedL2">,
) {
  const { clusterSize, l1, refcountTable, snapshots } = header;
  if (l1.length > maximumL1InBytes) throw new MalformedImage(`The L1 table has ${l1.length} bytes, over 32 MiB.`);
  if (refcountTable.length > maximumRefcountTableInBytes) throw new MalformedImage("The refcount table is over 8 MiB.");
  if (snapshots.count > maximumSnapshots) throw new MalformedImage(`It claims ${snapshots.count} snapshots.`);
  if (refcountTable.length === 0) throw new MalformedImage("It has no refcount table.");
  const l2Entries = clusterSize / (header.extendedL2 ? 16 : 8);
  const neededL1 = Math.ceil(header.virtualSize / (clusterSize * l2Entries)) * 8;
  if (l1.length < neededL1) {
    throw new MalformedImage(`The L1 table has ${l1.length} bytes where the disk size needs ${neededL1}.`);
  }
  const tables = [
    { name: "L1 table", ...l1 },
    { name: "refcount table", ...refcountTable },
    { name: "snapshot table", offset: snapshots.offset, length: snapshots.count * smallestSnapshotInBytes },
  ].filter((table) => table.length > 0);
  for (const table of tables) {
    if (table.offset % clusterSize !== 0) throw new MalformedImage(`The ${table.name} is not aligned to a cluster.`);
    if (table.offset < clusterSize) throw new MalformedImage(`The ${table.name} overlaps the header.`);
    for (const other of tables) {
      const overlap = table.offset < other.offset + other.length && other.offset < table.offset + table.length;
      if (other !== table && overlap) throw new MalformedImage(`The ${table.name} overlaps the ${other.name}.`);
    }
  }
}

const extension = { end: 0, featureNames: 0x6803f857, dataFile: 0x44415441 } as const;

/** Header extensions, as far as they lie in `head`; `end` is where they must stop. */
function parseExtensions(head: Buffer, start: number, end: number): Pick<Qcow2Header, "featureNames" | "dataFile"> {
  const featureNames = new Map<number, string>();
  let dataFile: string | null = null;
  for (let at = start; at + 8 <= Math.min(end, head.length); ) {
    const [type, length] = [uint32be(head, at), uint32be(head, at + 4)];
    if (type === extension.end) break;
    if (at + 8 + length > end) throw new MalformedImage(`A header extension of ${length} bytes runs past its space.`);
    const body = head.subarray(at + 8, at + 8 + length);
    if (type === extension.dataFile) dataFile = printable(body);
    if (type === extension.featureNames) {
      for (let entry = 0; entry + 48 <= body.length; entry += 48) {
        // Type 0: an incompatible feature; then its bit and its name.
        if (body[entry] === 0)
          featureNames.set(uint8(body, entry + 1), printable(body.subarray(entry + 2, entry + 48)));
      }
    }
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return { featureNames, dataFile };
}

/** What it is encrypted with, `LUKS` or `AES`; null when with nothing. */
export function encryptionName(header: Qcow2Header): string | null {
  const names = new Map([
    [0, null],
    [1, "AES"],
    [2, "LUKS"],
  ]);
  const name = names.get(header.cryptMethod);
  if (name === undefined) throw new MalformedImage(`The encryption method ${header.cryptMethod} is unknown.`);
  return name;
}
