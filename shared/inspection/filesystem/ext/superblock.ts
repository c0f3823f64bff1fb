import { printable } from "../../printable-text.ts";
import { isPowerOfTwo, slice, uint16le, uint32le } from "../../source/byte-fields.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import { joinHalves } from "./two-halves.ts";

/** Layout of ext2, ext3 and ext4 from the kernel's documentation, "ext4 Data Structures and Algorithms". */
export interface ExtGeometry {
  readonly kind: "ext2" | "ext3" | "ext4";
  readonly label: string;
  readonly uuid: string;
  readonly unclean: boolean;
  readonly blockSize: number;
  readonly blockCount: number;
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  readonly groupCount: number;
  readonly inodeCount: number;
  readonly inodesPerGroup: number;
  readonly inodeSize: number;
  readonly descriptorSize: number;
  /** Descriptor blocks from this one on lie in their own groups; Infinity without meta_bg. */
  readonly firstMetaGroup: number;
  /** Whether a group begins with a copy of the superblock. */
  readonly hasSuperblock: (group: number) => boolean;
  readonly entriesHaveTypes: boolean;
  readonly largeDirectories: boolean;
}

const incompatible = {
  fileType: 0x2,
  needsRecovery: 0x4,
  journalDevice: 0x8,
  metaGroups: 0x10,
  extents: 0x40,
  wide: 0x80,
  multipleMountProtection: 0x100,
  flexGroups: 0x200,
  inodesForAttributes: 0x400,
  checksumSeed: 0x2000,
  largeDirectories: 0x4000,
  inlineData: 0x8000,
  encryption: 0x10000,
  caseFolding: 0x20000,
} as const;

const understood = Object.values(incompatible).reduce((bits, bit) => bits | bit, 0);
/** What ext3 knew: anything beyond makes it an ext4, as libblkid decides too. */
const ext3Incompatible = incompatible.fileType | incompatible.needsRecovery | incompatible.metaGroups;
const ext3ReadOnlyCompatible = 0x7;

const hasJournal = 0x4;
const sparseSuper2 = 0x200;
const sparseSuper = 0x1;
const wasUnmounted = 0x1;

/**
 * Geometry from the 1024 bytes at offset 1024, or undefined when they are no ext superblock.
 * CannotTell for features that change the layout in a way not known here, MalformedImage for sizes that cannot be.
 */
export function parseSuperblock(block: Buffer): ExtGeometry | undefined {
  if (block.length < 1024 || uint16le(block, 56) !== 0xef53) return undefined;
  const dynamic = uint32le(block, 76) >= 1;
  const compatible = dynamic ? uint32le(block, 92) : 0;
  const incompat = dynamic ? uint32le(block, 96) : 0;
  const readOnlyCompatible = dynamic ? uint32le(block, 100) : 0;
  if (incompat & incompatible.journalDevice) throw new CannotTell("This is the external journal of an ext filesystem.");
  const unknown = (incompat & ~understood) >>> 0;
  if (unknown !== 0) throw new CannotTell(`The ext filesystem has unknown features (bits 0x${unknown.toString(16)}).`);

  const wide = (incompat & incompatible.wide) !== 0;
  const blockBits = uint32le(block, 24);
  if (blockBits > 6) throw new MalformedImage(`Blocks of 2^${10 + blockBits} bytes are not possible in ext.`);
  const blockSize = 1024 << blockBits;
  const blockCount = joinHalves(uint32le(block, 4), wide ? uint32le(block, 336) : 0);
  const firstDataBlock = uint32le(block, 20);
  const blocksPerGroup = uint32le(block, 32);
  const inodeCount = uint32le(block, 0);
  const inodesPerGroup = uint32le(block, 40);
  const inodeSize = dynamic ? uint16le(block, 88) : 128;
  const descriptorSize = wide ? uint16le(block, 254) : 32;

  demand(firstDataBlock <= 1 && blockCount > firstDataBlock, "block count");
  demand(blocksPerGroup > 0, "blocks per group");
  demand(inodesPerGroup > 0 && inodesPerGroup <= 8 * blockSize, "inodes per group");
  demand(isPowerOfTwo(inodeSize, 128, blockSize), "inode size");
  demand(isPowerOfTwo(descriptorSize, 32, blockSize), "descriptor size");
  const groupCount = Math.ceil((blockCount - firstDataBlock) / blocksPerGroup);
  demand(inodeCount > 0 && inodeCount <= groupCount * inodesPerGroup, "inode count");

  const isExt4 = (incompat & ~ext3Incompatible) !== 0 || (readOnlyCompatible & ~ext3ReadOnlyCompatible) !== 0;
  const backupGroups = [uint32le(block, 588), uint32le(block, 592)];
  return {
    kind: isExt4 ? "ext4" : compatible & hasJournal ? "ext3" : "ext2",
    label: printable(slice(block, 120, 16)),
    uuid: formatUuid(slice(block, 104, 16)),
    unclean: (incompat & incompatible.needsRecovery) !== 0 || (uint16le(block, 58) & wasUnmounted) === 0,
    blockSize,
    blockCount,
    firstDataBlock,
    blocksPerGroup,
    groupCount,
    inodeCount,
    inodesPerGroup,
    inodeSize,
    descriptorSize,
    firstMetaGroup: incompat & incompatible.metaGroups ? uint32le(block, 260) : Number.POSITIVE_INFINITY,
    hasSuperblock(group) {
      if (group === 0) return true;
      if (compatible & sparseSuper2) return backupGroups.includes(group);
      if ((readOnlyCompatible & sparseSuper) === 0 || group === 1) return true;
      return [3, 5, 7].some((base) => isPowerOf(base, group));
    },
    entriesHaveTypes: (incompat & incompatible.fileType) !== 0,
    largeDirectories: (incompat & incompatible.largeDirectories) !== 0,
  };
}

/** Where the descriptor of a block group lies, in bytes. */
export function descriptorOffset(geometry: ExtGeometry, group: number): number {
  const perBlock = geometry.blockSize / geometry.descriptorSize;
  const descriptorBlock = Math.floor(group / perBlock);
  // With 1 KiB blocks and bigalloc, block 0 is spare and the superblock is block 1, yet firstDataBlock says 0.
  const spare = geometry.blockSize === 1024 && geometry.firstDataBlock === 0 ? 1 : 0;
  let block = geometry.firstDataBlock + spare + 1 + descriptorBlock;
  if (descriptorBlock >= geometry.firstMetaGroup) {
    const home = descriptorBlock * perBlock;
    block = geometry.firstDataBlock + home * geometry.blocksPerGroup + (geometry.hasSuperblock(home) ? 1 : 0);
    if (home === 0) block += spare;
  }
  return block * geometry.blockSize + (group % perBlock) * geometry.descriptorSize;
}

function demand(condition: boolean, what: string): void {
  if (!condition) throw new MalformedImage(`The ext superblock has an impossible ${what}.`);
}

function isPowerOf(base: number, value: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}

function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
