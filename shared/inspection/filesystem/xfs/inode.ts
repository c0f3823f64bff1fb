import { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { FsNode, NodeKind } from "../filesystem.ts";
import { kindOfMode } from "../unix-mode.ts";
import { blockOffset, type XfsVolume } from "./superblock.ts";

/** How an inode's data fork holds its contents. */
type ForkFormat = "local" | "extents" | "btree";

const NREXT64 = 1n << 4n;
const REALTIME = 1;

/** An inode with its data fork. Layout: "XFS Algorithms & Data Structures", on-disk inode. */
export class XfsInode implements FsNode {
  readonly id: number;
  readonly kind: NodeKind;
  readonly size: number;
  readonly mode: number;
  readonly extentCount: number;
  /** The data fork: contents, extent records or the root of the extent tree. */
  readonly fork: ByteRecord;
  readonly #format: number;
  readonly #isRealtime: boolean;

  constructor(id: number, bytes: Buffer) {
    const record = new ByteRecord(bytes, "big", `XFS inode ${id}`);
    if (record.text(0, 2) !== "IN") throw new MalformedImage(`XFS: there is no inode ${id}`);
    const version = record.u8(4);
    const coreSize = version === 3 ? 176 : 100;
    const attributeOffset = record.u8(82) * 8;
    const forkSize = attributeOffset === 0 ? bytes.length - coreSize : attributeOffset;
    const isLargeCount = version === 3 && (record.big(120) & NREXT64) !== 0n;
    this.id = id;
    this.mode = record.u16(2) & 0o7777;
    this.kind = kindOfMode(record.u16(2));
    this.size = record.u64(56);
    this.extentCount = isLargeCount ? record.u64(24) : record.u32(76);
    this.fork = record.part(coreSize, forkSize);
    this.#format = record.u8(5);
    this.#isRealtime = (record.u16(90) & REALTIME) !== 0;
  }

  /** Checked here and not on reading the inode, so that an odd inode does no harm until its contents are wanted. */
  get format(): ForkFormat {
    if (this.#isRealtime) throw new CannotTell(`XFS inode ${this.id} lies on the realtime device, which is not read`);
    if (this.#format === 1) return "local";
    if (this.#format === 2) return "extents";
    if (this.#format === 3) return "btree";
    throw new MalformedImage(`XFS inode ${this.id} has a data fork of format ${this.#format}`);
  }
}

/** Reads inode `id`, whose number says where it lies: allocation group, block in it, index in the block. */
export async function readInode(volume: XfsVolume, id: number): Promise<XfsInode> {
  const perBlock = 2 ** volume.inodesPerBlockBits;
  const offset = blockOffset(volume, Math.floor(id / perBlock)) + (id % perBlock) * volume.inodeSize;
  return new XfsInode(id, await volume.source.read(offset, volume.inodeSize));
}
