import { ByteRecord } from "../../source/byte-record.ts";
import { type ByteSource, CannotTell, MalformedImage } from "../../source/byte-source.ts";

/** What the other readers need of an XFS superblock. Sizes in bytes unless named otherwise. */
export interface XfsVolume {
  readonly source: ByteSource;
  readonly blockSize: number;
  readonly blocks: number;
  readonly groupBlocks: number;
  readonly groups: number;
  /** Bits of a filesystem block number that count within its allocation group. */
  readonly groupBlockBits: number;
  readonly inodeSize: number;
  readonly inodesPerBlockBits: number;
  readonly directoryBlockSize: number;
  readonly rootInode: number;
  /** Version 5: metadata blocks carry checksums and therefore longer headers. */
  readonly isV5: boolean;
  /** Directory entries carry a file type byte. */
  readonly hasFileType: boolean;
  /** Names are hashed case-insensitively ("ascii-ci"): the hash index is of no use to us. */
  readonly foldsCase: boolean;
  /** The filesystem asks for xfs_repair before it may be mounted. */
  readonly needsRepair: boolean;
  /** Where the log lies; length 0 when it is on another device. */
  readonly log: { readonly offset: number; readonly length: number };
  readonly label: string;
  readonly uuid: string;
}

/** Names of the incompatible feature bits, in bit order: "XFS Algorithms & Data Structures", superblocks. */
const incompatibleFeatures = [
  "ftype",
  "sparse inodes",
  "meta_uuid",
  "bigtime",
  "needsrepair",
  "nrext64",
  "exchange-range",
  "parent pointers",
];

const NEEDS_REPAIR = 1 << 4;

function refuseUnknownFeatures(bits: number): void {
  const unknown = bits >>> incompatibleFeatures.length;
  if (unknown === 0) return;
  const hex = ((bits >>> incompatibleFeatures.length) * 2 ** incompatibleFeatures.length).toString(16);
  throw new CannotTell(`XFS with incompatible features that this reader does not know (bits 0x${hex})`);
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new MalformedImage(`XFS superblock: ${what}`);
}

/**
 * The superblock of the XFS volume that begins at byte 0, or undefined when there is none.
 * Throws MalformedImage when its sizes contradict each other, CannotTell on features unknown to us.
 */
export async function readSuperblock(source: ByteSource): Promise<XfsVolume | undefined> {
  if (source.size < 512) return undefined;
  const record = new ByteRecord(await source.read(0, 512), "big", "XFS superblock");
  if (record.text(0, 4) !== "XFSB") return undefined;

  const versionBits = record.u16(100);
  const version = versionBits & 0xf;
  if (version !== 4 && version !== 5) throw new CannotTell(`XFS version ${version} is not read`);
  const isV5 = version === 5;
  if (!isV5 && (versionBits & 0x2000) === 0) throw new CannotTell("XFS with version 1 directories is not read");
  const incompatible = isV5 ? record.u32(216) : 0;
  refuseUnknownFeatures(incompatible);
  const features2 = (versionBits & 0x8000) !== 0 ? record.u32(200) : 0;

  const blockSize = record.u32(4);
  const blockBits = record.u8(120);
  const inodeSize = record.u16(104);
  const inodeBits = record.u8(122);
  const inodesPerBlockBits = record.u8(123);
  const groupBlocks = record.u32(84);
  const groupBlockBits = record.u8(124);
  const groups = record.u32(88);
  const blocks = record.u64(8);
  const directoryBlockBits = record.u8(192);
  demand(blockBits >= 9 && blockBits <= 16 && blockSize === 2 ** blockBits, `block size ${blockSize}`);
  demand(inodeBits >= 8 && inodeBits <= 11 && inodeSize === 2 ** inodeBits, `inode size ${inodeSize}`);
  demand(inodeBits + inodesPerBlockBits === blockBits, `${2 ** inodesPerBlockBits} inodes in a block`);
  demand(groupBlockBits <= 31 && groupBlocks > 0 && groupBlocks <= 2 ** groupBlockBits, "allocation group size");
  demand(groups > 0 && blocks > (groups - 1) * groupBlocks && blocks <= groups * groupBlocks, "allocation group count");
  demand(blocks * blockSize <= source.size, `${blocks} blocks do not fit the ${source.size} bytes there are`);
  demand(blockBits + directoryBlockBits <= 16, "directory block size");

  const logBlock = record.u64(48);
  const logBlocks = record.u32(96);
  const logOffset =
    (Math.floor(logBlock / 2 ** groupBlockBits) * groupBlocks + (logBlock % 2 ** groupBlockBits)) * blockSize;
  const isLogInside = logBlock !== 0;
  demand(!isLogInside || logOffset + logBlocks * blockSize <= source.size, "the log lies outside the volume");

  return {
    source,
    blockSize,
    blocks,
    groupBlocks,
    groups,
    groupBlockBits,
    inodeSize,
    inodesPerBlockBits,
    directoryBlockSize: blockSize * 2 ** directoryBlockBits,
    rootInode: record.u64(56),
    isV5,
    hasFileType: isV5 ? (incompatible & 1) !== 0 : (features2 & 0x200) !== 0,
    foldsCase: (versionBits & 0x4000) !== 0,
    needsRepair: (incompatible & NEEDS_REPAIR) !== 0,
    log: isLogInside ? { offset: logOffset, length: logBlocks * blockSize } : { offset: 0, length: 0 },
    label: record.text(108, 12),
    uuid: record.uuid(32),
  };
}

/** First byte of a filesystem block, whose number holds the allocation group in its upper bits. */
export function blockOffset(volume: XfsVolume, block: number, count = 1): number {
  const group = Math.floor(block / 2 ** volume.groupBlockBits);
  const within = block % 2 ** volume.groupBlockBits;
  const linear = group * volume.groupBlocks + within;
  if (group >= volume.groups || within + count > volume.groupBlocks || linear + count > volume.blocks) {
    throw new MalformedImage(`XFS: ${count} blocks at ${block} lie outside the volume`);
  }
  return linear * volume.blockSize;
}
