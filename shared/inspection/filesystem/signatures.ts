import { hasText, uint32le } from "../source/byte-fields.ts";
import { parseSuperblock } from "./ext/superblock.ts";
import { looksLikeFat } from "./fat/fat-geometry.ts";

/** Signatures as libblkid knows them: name, offset, and the text or the little-endian number that stands there. */
type Signature = readonly [name: string, offset: number, mark: string | number];

const nearSignatures: readonly Signature[] = [
  ["luks", 0, "LUKS\xba\xbe"],
  ["lvm2", 0, "LABELONE"],
  ["lvm2", 512, "LABELONE"],
  ["lvm2", 1024, "LABELONE"],
  ["lvm2", 1536, "LABELONE"],
  ["xfs", 0, "XFSB"],
  ["ntfs", 3, "NTFS    "],
  ["bitlocker", 3, "-FVE-FS-"],
  ["exfat", 3, "EXFAT   "],
  ["refs", 3, "ReFS\0\0\0\0"],
  ["squashfs", 0, "hsqs"],
  ["apfs", 32, "NXSB"],
  ["f2fs", 1024, 0xf2f52010],
  ["erofs", 1024, 0xe0f5e1e2],
  ["hfsplus", 1024, "H+\0\x04"],
  ["mdraid", 0, 0xa92b4efc],
  ["mdraid", 4096, 0xa92b4efc],
  ["swap", 4086, "SWAPSPACE2"],
];

const farSignatures: readonly Signature[] = [
  ["btrfs", 65600, "_BHRfS_M"],
  ["iso9660", 32769, "CD001"],
  ["jfs", 32768, "JFS1"],
  ["reiserfs", 65588, "ReIsEr"],
  ["swap", 8182, "SWAPSPACE2"],
  ["swap", 16374, "SWAPSPACE2"],
  ["swap", 65526, "SWAPSPACE2"],
];

/** How much of a partition each list of signatures needs. */
export const nearLength = 8192;
export const farLength = 68 * 2 ** 10;
/** Where the name-value list of a ZFS label begins, and how much of it is searched. */
const zfsListOffset = 16384;
const zfsListLength = 4096;

/** The format by the first 8 KiB, or undefined. */
export function nearKind(bytes: Buffer): string | undefined {
  return match(nearSignatures, bytes) ?? extKind(bytes) ?? (looksLikeFat(bytes) ? "vfat" : undefined);
}

/** The format by the first 68 KiB, where the first 8 say nothing. */
export function farKind(bytes: Buffer): string | undefined {
  return match(farSignatures, bytes) ?? (looksLikeZfs(bytes) ? "zfs" : undefined);
}

function match(signatures: readonly Signature[], bytes: Buffer): string | undefined {
  const found = signatures.find(([, offset, mark]) =>
    typeof mark === "string"
      ? hasText(bytes, offset, mark)
      : bytes.length >= offset + 4 && uint32le(bytes, offset) === mark,
  );
  return found?.[0];
}

function extKind(bytes: Buffer): string | undefined {
  if (!hasText(bytes, 1080, "\x53\xef")) return undefined;
  try {
    return parseSuperblock(bytes.subarray(1024, 2048))?.kind;
  } catch {
    // Damaged, or with features not known here; opening it says which.
    return "ext4";
  }
}

function looksLikeZfs(bytes: Buffer): boolean {
  return bytes.subarray(zfsListOffset, zfsListOffset + zfsListLength).includes("pool_guid");
}
