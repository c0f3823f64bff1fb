/**
 * Which format the first 4096 bytes, the last 512 bytes and the sector at 32 KiB speak of. Magic numbers are those of
 * the public format specifications and of file(1).
 */
import { hasText, isPowerOfTwo, uint32be } from "../source/byte-fields.ts";

/** The parts of a file that hold signatures; all of them shorter when the file is. */
export interface FileEnds {
  /** The first 4096 bytes. */
  readonly head: Buffer;
  /** The last 512 bytes. */
  readonly tail: Buffer;
  /** The 512 bytes at 0x8000, where ISO 9660 keeps its first volume descriptor. */
  readonly volumeDescriptor: Buffer;
}

/** Containers that are read, or refused with more to say than their name. */
export const knownContainers = ["qcow2", "vhd", "vmdk", "vmdk-descriptor", "luks"] as const;
export type KnownContainer = (typeof knownContainers)[number];
export type Signature = KnownContainer | (string & {});

/** LUKS On-Disk Format Specification, versions 1 and 2. */
export const luksMagic = "LUKS\xba\xbe";

type Test = (head: Buffer) => boolean;

const startsWith =
  (...magics: readonly string[]): Test =>
  (head) =>
    magics.some((magic) => hasText(head, 0, magic));

const holds =
  (magic: string, offset: number): Test =>
  (head) =>
    hasText(head, offset, magic);

const isQcow2: Test = (head) => hasText(head, 0, "QFI\xfb") && head.length >= 8 && uint32be(head, 4) !== 1;
/** Skippable frames of zstd and lz4: sixteen magic numbers. */
const skippableFrames = Array.from({ length: 16 }, (_, index) => `${String.fromCharCode(0x50 + index)}\x2a\x4d\x18`);

const heads: readonly (readonly [Signature, Test])[] = [
  ["qcow2", isQcow2],
  ["qcow", startsWith("QFI\xfb\0\0\0\x01")],
  ["vhd", startsWith("conectix")],
  ["vmdk", startsWith("KDMV")],
  ["vmdk-cowd", startsWith("COWD")],
  ["vmdk-sesparse", startsWith("\xbe\xba\xfe\xca\0\0\0\0")],
  ["vmdk-descriptor", (head) => /^(?:#[^\n]*\n|\s)*# ?Disk DescriptorFile/i.test(head.toString("latin1", 0, 512))],
  ["luks", startsWith(luksMagic)],
  ["vhdx", startsWith("vhdxfile")],
  ["vdi", holds("\x7f\x10\xda\xbe", 0x40)],
  ["qed", startsWith("QED\0")],
  ["parallels", startsWith("WithoutFreeSpace", "WithouFreSpacExt")],
  ["bochs", startsWith("Bochs Virtual HD Image\0")],
  ["cloop", startsWith("#!/bin/sh\n#V2.0 Format\n")],
  ["gzip", startsWith("\x1f\x8b\x08")],
  ["xz", startsWith("\xfd7zXZ\0")],
  ["zstd", startsWith("\x28\xb5\x2f\xfd", ...skippableFrames)],
  ["bzip2", (head) => startsWith("BZh")(head) && (holds("1AY&SY", 4)(head) || holds("\x17rE8P\x90", 4)(head))],
  ["zip", startsWith("PK\x03\x04", "PK\x05\x06", "PK\x07\x08")],
  ["7z", startsWith("7z\xbc\xaf\x27\x1c")],
  ["rar", startsWith("Rar!\x1a\x07")],
  ["lz4", startsWith("\x04\x22\x4d\x18", "\x02\x21\x4c\x18")],
  ["lzip", startsWith("LZIP\x01")],
  ["lzma", isLzmaAlone],
  ["lzop", startsWith("\x89LZO\0\r\n\x1a\n")],
  ["wim", startsWith("MSWIM\0\0\0")],
  ["ova", (head) => isTar(head) && /\.(?:ovf|mf|cert)$/i.test(firstMemberName(head))],
  ["tar", isTar],
];

const tails: readonly (readonly [Signature, Test])[] = [
  ["vhd", startsWith("conectix")],
  ["dmg", startsWith("koly\0\0\0\x04")],
];

/** What each place says, without what says nothing. A raw disk says nothing anywhere. */
export function signatures(ends: FileEnds): { head?: Signature; tail?: Signature; iso: boolean } {
  const find = (table: typeof heads, bytes: Buffer) => table.find(([, test]) => test(bytes))?.[0];
  // A raw disk may begin with text, but no disk ends with it as well.
  const isTextFile = isText(ends.head) && isText(ends.tail);
  const head = find(heads, ends.head) ?? (isTextFile ? "text" : undefined);
  const tail = find(tails, ends.tail);
  const iso = hasText(ends.volumeDescriptor, 1, "CD001");
  return { ...(head === undefined ? {} : { head }), ...(tail === undefined ? {} : { tail }), iso };
}

function isTar(head: Buffer): boolean {
  return hasText(head, 257, "ustar");
}

/** An OVA is a tar whose first member is the OVF descriptor (DMTF DSP0243, 5.4). */
function firstMemberName(head: Buffer): string {
  return head.toString("latin1", 0, 100).replace(/\0.*$/s, "");
}

/** LZMA-alone has no magic: default properties, a dictionary of a power of two, and a size that is unknown or sane. */
function isLzmaAlone(head: Buffer): boolean {
  if (head.length < 13 || head[0] !== 0x5d) return false;
  const dictionary = head.readUInt32LE(1);
  const size = head.readBigUInt64LE(5);
  const isUsual = isPowerOfTwo(dictionary, 4096, 2 ** 31);
  return isUsual && (size === 2n ** 64n - 1n || size < 2n ** 48n) && head[13] === 0;
}

/** Nothing but text, e.g. the error page of a failed download: surely no disk. */
function isText(head: Buffer): boolean {
  return head.length > 0 && head.every((byte) => (byte >= 0x20 && byte < 0x7f) || [9, 10, 12, 13].includes(byte));
}
