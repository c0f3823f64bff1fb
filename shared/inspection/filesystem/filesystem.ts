/** A read-only filesystem inside an image. One implementation a format; paths and links are handled above, once. */

export type NodeKind = "file" | "directory" | "symlink" | "other";

/** A file, directory or link of a filesystem. `id` is an inode number or what plays its part. */
export interface FsNode {
  readonly id: bigint | number | string;
  readonly kind: NodeKind;
  /** Bytes of content; for a symlink, of its target. */
  readonly size: number;
  /** Permission bits, where the format has them. */
  readonly mode?: number;
}

export interface Filesystem {
  /** `ext2`, `ext3`, `ext4`, `xfs`, `btrfs`, `vfat`, `ntfs`. */
  readonly kind: string;
  readonly label?: string;
  readonly uuid?: string;
  /** True when it was not cleanly unmounted: the journal would have to be replayed first. */
  readonly unclean: boolean;
  root(): Promise<FsNode>;
  /** The entry called `name` in a directory, or undefined. Case matters, but not on vfat and ntfs. */
  lookup(directory: FsNode, name: string): Promise<FsNode | undefined>;
  /** All entries but `.` and `..`. Bounded: a directory over the limit throws CannotTell. */
  list(directory: FsNode): Promise<readonly { readonly name: string; readonly node: () => Promise<FsNode> }[]>;
  /** `length` bytes of a file from `offset`, cut short at its end. What is no file is refused, here as below. */
  read(file: FsNode, offset: number, length: number): Promise<Buffer>;
  /** Target text of a symlink. */
  readLink(link: FsNode): Promise<string>;
}

/** Opens the filesystem that begins at byte 0 of `source`; undefined when it is not of this format. */
export type OpenFilesystem = (source: import("../source/byte-source.ts").ByteSource) => Promise<Filesystem | undefined>;
