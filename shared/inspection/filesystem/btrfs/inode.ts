import { MalformedImage } from "../../source/byte-source.ts";
import type { FsNode, NodeKind } from "../filesystem.ts";
import { kindOfMode } from "../unix-mode.ts";
import { type BtrfsTree, INODE_ITEM } from "./tree.ts";

/** A tree of files: the volume's first one (5), a subvolume or a snapshot. */
export interface FileTree {
  readonly id: bigint;
  readonly tree: BtrfsTree;
}

/** The first directory of every file tree. */
export const firstInode = 256n;

export class BtrfsInode implements FsNode {
  readonly id: string;
  readonly files: FileTree;
  readonly inode: bigint;
  readonly kind: NodeKind;
  readonly size: number;
  readonly mode: number;

  constructor(files: FileTree, inode: bigint, size: number, mode: number) {
    this.id = `${files.id}:${inode}`;
    this.files = files;
    this.inode = inode;
    this.kind = kindOfMode(mode);
    this.size = size;
    this.mode = mode & 0o7777;
  }
}

export async function readInode(files: FileTree, inode: bigint): Promise<BtrfsInode> {
  const item = await files.tree.find({ object: inode, type: INODE_ITEM, offset: 0n });
  if (item === undefined) throw new MalformedImage(`btrfs: there is no inode ${inode} in tree ${files.id}`);
  return new BtrfsInode(files, inode, item.u64(16), item.u32(52));
}
