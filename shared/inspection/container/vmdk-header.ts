/** The sparse extent header and the text descriptor of a VMDK: VMware, Virtual Disk Format 1.1. */
import { hasText, isPowerOfTwo, uint16le, uint32le, uint64le } from "../source/byte-fields.ts";
import { MalformedImage } from "../source/byte-source.ts";

export const vmdkSectorSize = 512;

export interface VmdkHeader {
  /** Bytes of the virtual disk. */
  readonly capacity: number;
  readonly grainSize: number;
  readonly entriesPerTable: number;
  /** Byte offset of the grain directory; null: it is in the footer. */
  readonly directoryOffset: number | null;
  readonly descriptorOffset: number;
  readonly descriptorLength: number;
  readonly compressed: boolean;
  /** Entry 1 of a grain table means a grain of zeros. */
  readonly zeroedGrains: boolean;
}

const directoryAtEnd = 0xffff_ffff;
const maximumGrainInSectors = 32_768;
const maximumEntriesPerTable = 512;
const maximumDescriptorInBytes = 64 * 1024;
const flag = { newlineTest: 1, zeroedGrain: 4, compressed: 0x10000 } as const;

/** Throws MalformedImage when the header contradicts itself. */
export function parseVmdkHeader(bytes: Buffer): VmdkHeader {
  if (!hasText(bytes, 0, "KDMV")) throw new MalformedImage("The sparse header of the VMDK is missing.");
  const version = uint32le(bytes, 4);
  if (version < 1 || version > 3) throw new MalformedImage(`The VMDK version ${version} is unknown.`);
  const flags = uint32le(bytes, 8);
  if ((flags & flag.newlineTest) !== 0 && !hasText(bytes, 73, "\n \r\n")) {
    throw new MalformedImage("The line ends in its header were changed: the VMDK was transferred as text.");
  }
  const compressed = (flags & flag.compressed) !== 0;
  const algorithm = uint16le(bytes, 77);
  if (algorithm !== (compressed ? 1 : 0)) throw new MalformedImage(`The VMDK compression ${algorithm} is unknown.`);
  const grainSectors = uint64le(bytes, 20);
  if (!isPowerOfTwo(grainSectors, 1, maximumGrainInSectors)) {
    throw new MalformedImage(`A VMDK grain of ${grainSectors} sectors is impossible.`);
  }
  const entriesPerTable = uint32le(bytes, 44);
  if (entriesPerTable < 1 || entriesPerTable > maximumEntriesPerTable) {
    throw new MalformedImage(`A VMDK grain table of ${entriesPerTable} entries is impossible.`);
  }
  const descriptorLength = inBytes(uint64le(bytes, 36));
  if (descriptorLength > maximumDescriptorInBytes) throw new MalformedImage("The VMDK descriptor is over 64 KiB.");
  const atEnd = uint32le(bytes, 56) === directoryAtEnd && uint32le(bytes, 60) === directoryAtEnd;
  return {
    capacity: inBytes(uint64le(bytes, 12)),
    grainSize: grainSectors * vmdkSectorSize,
    entriesPerTable,
    directoryOffset: atEnd ? null : inBytes(uint64le(bytes, 56)),
    descriptorOffset: inBytes(uint64le(bytes, 28)),
    descriptorLength,
    compressed,
    zeroedGrains: (flags & flag.zeroedGrain) !== 0,
  };
}

function inBytes(sectors: number): number {
  const bytes = sectors * vmdkSectorSize;
  if (!Number.isSafeInteger(bytes)) throw new MalformedImage("A size or offset in the VMDK header is impossible.");
  return bytes;
}

export interface VmdkDescriptor {
  readonly createType: string;
  /** True when the disk is a change to another one. */
  readonly hasParent: boolean;
  readonly extents: readonly VmdkExtent[];
}

export interface VmdkExtent {
  readonly sectors: number;
  readonly type: string;
  readonly fileName: string;
}

/** Reads the text, which is hostile, line by line; what is not understood is skipped. */
export function parseVmdkDescriptor(bytes: Buffer): VmdkDescriptor {
  const end = bytes.indexOf(0);
  const text = bytes.toString("utf8", 0, Math.min(end < 0 ? bytes.length : end, maximumDescriptorInBytes));
  let createType = "";
  let hasParent = false;
  const extents: VmdkExtent[] = [];
  for (const line of text.split(/\r?\n/)) {
    const extent = /^\s*(?:RW|RDONLY|NOACCESS)\s+(\d{1,15})\s+(\w+)(?:\s+"([^"]*)")?/i.exec(line);
    if (extent !== null) {
      extents.push({ sectors: Number(extent[1]), type: (extent[2] ?? "").toUpperCase(), fileName: extent[3] ?? "" });
    }
    const setting = /^\s*(createType|parentCID|parentFileNameHint)\s*=\s*"?([^"]*)"?/i.exec(line);
    const [name, value] = [setting?.[1]?.toLowerCase(), setting?.[2]?.trim() ?? ""];
    if (name === "createtype") createType = value;
    if (name === "parentcid" && value.toLowerCase() !== "ffffffff") hasParent = true;
    if (name === "parentfilenamehint") hasParent = true;
  }
  return { createType, hasParent, extents };
}
