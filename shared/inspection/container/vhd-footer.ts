/** Footer and dynamic header of a VHD: Microsoft, Virtual Hard Disk Image Format Specification 1.0. */
import { hasText, slice, uint32be, uint64be } from "../source/byte-fields.ts";
import { MalformedImage } from "../source/byte-source.ts";

export const vhdFooterLength = 512;
export const vhdHeaderLength = 1024;

export interface VhdFooter {
  readonly kind: "fixed" | "dynamic" | "differencing";
  /** Bytes of the disk now. Geometry is not used: it is rounded. */
  readonly currentSize: number;
  /** Where the dynamic header is. */
  readonly dataOffset: number;
  readonly checksumIsRight: boolean;
}

export interface VhdHeader {
  readonly tableOffset: number;
  readonly maxTableEntries: number;
  readonly blockSize: number;
  readonly checksumIsRight: boolean;
}

const kinds = new Map([
  [2, "fixed"],
  [3, "dynamic"],
  [4, "differencing"],
] as const);

export function parseVhdFooter(bytes: Buffer): VhdFooter {
  const type = uint32be(bytes, 60);
  const kind = kinds.get(type as 2);
  if (kind === undefined) throw new MalformedImage(`The VHD disk type ${type} is unknown.`);
  return {
    kind,
    currentSize: uint64be(bytes, 48),
    dataOffset: kind === "fixed" ? 0 : uint64be(bytes, 16),
    checksumIsRight: checksum(slice(bytes, 0, vhdFooterLength), 64) === uint32be(bytes, 64),
  };
}

export function parseVhdHeader(bytes: Buffer): VhdHeader {
  if (!hasText(bytes, 0, "cxsparse"))
    throw new MalformedImage("The dynamic header of the VHD is not where the footer says.");
  return {
    tableOffset: uint64be(bytes, 16),
    maxTableEntries: uint32be(bytes, 28),
    blockSize: uint32be(bytes, 32),
    checksumIsRight: checksum(slice(bytes, 0, vhdHeaderLength), 36) === uint32be(bytes, 36),
  };
}

/** Ones' complement of the sum of all bytes but those of the checksum itself. */
function checksum(bytes: Buffer, at: number): number {
  let sum = 0;
  for (const [index, byte] of bytes.entries()) if (index < at || index >= at + 4) sum += byte;
  return ~sum >>> 0;
}
