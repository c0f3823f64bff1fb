import { crc32c } from "../../../../../shared/inspection/filesystem/btrfs/crc32c.ts";
import { hashOfName } from "../../../../../shared/inspection/filesystem/btrfs/directory.ts";
import type { Key } from "../../../../../shared/inspection/filesystem/btrfs/tree.ts";

/** Builds small btrfs volumes by hand, for what mkfs.btrfs alone cannot make: subvolumes, compression, RAID, damage. */

export interface BuiltItem {
  readonly key: Key;
  readonly data: Buffer;
}

export const nodeSize = 16_384;
export const directoryMode = 0o040755;
export const fileMode = 0o100644;
/** All logical addresses lie in one chunk, which begins here on the device too. */
export const chunkStart = 2 ** 20;
export const dataStart = 2 * 2 ** 20;
const volumeSize = 4 * 2 ** 20;

function bytesOf(
  size: number,
  fields: readonly (readonly [at: number, width: 1 | 2 | 4 | 8, value: number | bigint])[],
): Buffer {
  const bytes = Buffer.alloc(size);
  for (const [at, width, value] of fields) {
    if (width === 8) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUIntLE(Number(value), at, width);
  }
  return bytes;
}

function keyBytes({ object, type, offset }: Key): Buffer {
  return bytesOf(17, [
    [0, 8, object],
    [8, 1, type],
    [9, 8, offset],
  ]);
}

export function key(object: number | bigint, type: number, offset: number | bigint): Key {
  return { object: BigInt(object), type, offset: BigInt(offset) };
}

export function inodeItem(inode: number, size: number, mode: number): BuiltItem {
  const data = bytesOf(160, [
    [16, 8, size],
    [52, 4, mode],
  ]);
  return { key: key(inode, 1, 0), data };
}

/** A name in a directory: the two entries in the directory, and the way back. */
export function nameItems(directory: number, index: number, name: string, location: Key): BuiltItem[] {
  const text = Buffer.from(name);
  const entry = Buffer.concat([keyBytes(location), bytesOf(13, [[10, 2, text.length]]), text]);
  const back = Buffer.concat([bytesOf(10, [[8, 2, text.length]]), text]);
  const items = [
    { key: key(directory, 84, hashOfName(name)), data: entry },
    { key: key(directory, 96, index), data: entry },
  ];
  return location.type === 1 ? [...items, { key: key(location.object, 12, directory), data: back }] : items;
}

export function rootItem(tree: number, address: number): BuiltItem {
  return { key: key(tree, 132, 0), data: bytesOf(239, [[176, 8, address]]) };
}

export function rootRef(parent: number, child: number, directory: number, name: string): BuiltItem {
  const text = Buffer.from(name);
  const head = bytesOf(18, [
    [0, 8, directory],
    [16, 2, text.length],
  ]);
  return { key: key(parent, 156, child), data: Buffer.concat([head, text]) };
}

export interface BuiltExtent {
  readonly type?: number;
  readonly compression?: number;
  /** Bytes of the whole extent once decompressed. */
  readonly length: number;
  readonly address: number;
  readonly stored: number;
  readonly offset?: number;
  readonly used: number;
}

export function extentItem(inode: number, start: number, extent: BuiltExtent): BuiltItem {
  const data = bytesOf(53, [
    [8, 8, extent.length],
    [16, 1, extent.compression ?? 0],
    [20, 1, extent.type ?? 1],
    [21, 8, extent.address],
    [29, 8, extent.stored],
    [37, 8, extent.offset ?? 0],
    [45, 8, extent.used],
  ]);
  return { key: key(inode, 108, start), data };
}

export function inlineItem(inode: number, content: Buffer, compression: number, length: number): BuiltItem {
  const head = bytesOf(21, [
    [8, 8, length],
    [16, 1, compression],
  ]);
  return { key: key(inode, 108, 0), data: Buffer.concat([head, content]) };
}

function compareKeys({ key: a }: BuiltItem, { key: b }: BuiltItem): number {
  if (a.object !== b.object) return a.object < b.object ? -1 : 1;
  if (a.type !== b.type) return a.type - b.type;
  return a.offset < b.offset ? -1 : 1;
}

function leaf(address: number, items: readonly BuiltItem[]): Buffer {
  const bytes = bytesOf(nodeSize, [
    [48, 8, address],
    [96, 4, items.length],
  ]);
  let end = nodeSize - 101;
  items.toSorted(compareKeys).forEach(({ key: itemKey, data }, index) => {
    end -= data.length;
    const at = 101 + index * 25;
    keyBytes(itemKey).copy(bytes, at);
    bytes.writeUInt32LE(end, at + 17);
    bytes.writeUInt32LE(data.length, at + 21);
    data.copy(bytes, 101 + end);
  });
  return bytes;
}

export interface BuiltStripe {
  readonly device: number;
  readonly offset: number;
}

export interface BuiltVolume {
  /** File trees by id; 5 is the top level. */
  readonly trees: ReadonlyMap<number, readonly BuiltItem[]>;
  /** References and others in the root tree, which lists the trees by itself. */
  readonly rootItems?: readonly BuiltItem[];
  readonly defaultSubvolume?: number;
  /** Bytes at logical addresses from `dataStart`. */
  readonly data?: ReadonlyMap<number, Buffer>;
  readonly profile?: number;
  readonly stripes?: readonly BuiltStripe[];
  readonly incompatible?: bigint;
}

function chunkItem(volume: BuiltVolume): BuiltItem {
  const stripes = volume.stripes ?? [{ device: 1, offset: chunkStart }];
  const head = bytesOf(48, [
    [0, 8, volumeSize - chunkStart],
    [16, 8, 65_536],
    [24, 8, 7 | (volume.profile ?? 0)],
    [44, 2, stripes.length],
    [46, 2, 1],
  ]);
  const places = stripes.map(({ device, offset }) =>
    bytesOf(32, [
      [0, 8, device],
      [8, 8, offset],
    ]),
  );
  return { key: key(256, 228, chunkStart), data: Buffer.concat([head, ...places]) };
}

/** Signs a superblock after it was changed. */
export function signSuperblock(image: Buffer): Buffer {
  image.writeUInt32LE(crc32c(image.subarray(65_536 + 32, 65_536 + 4096)), 65_536);
  return image;
}

/** The bytes of a volume on one device; logical and physical addresses are the same. */
export function buildBtrfs(volume: BuiltVolume): Buffer {
  const image = Buffer.alloc(volumeSize);
  const chunk = chunkItem(volume);
  leaf(chunkStart, [chunk]).copy(image, chunkStart);
  const roots: BuiltItem[] = [...(volume.rootItems ?? [])];
  let address = chunkStart + 2 * nodeSize;
  for (const [id, items] of volume.trees) {
    leaf(address, items).copy(image, address);
    roots.push(rootItem(id, address));
    address += nodeSize;
  }
  if (volume.defaultSubvolume !== undefined) {
    roots.push(...nameItems(6, 2, "default", key(volume.defaultSubvolume, 132, -1n & 0xffff_ffff_ffff_ffffn)));
  }
  leaf(chunkStart + nodeSize, roots).copy(image, chunkStart + nodeSize);
  for (const [at, bytes] of volume.data ?? []) bytes.copy(image, at);
  const superblock = bytesOf(4096, [
    [0x30, 8, 65_536],
    [0x50, 8, chunkStart + nodeSize],
    [0x58, 8, chunkStart],
    [0x80, 8, 6],
    [0x88, 8, 1],
    [0x90, 4, 4096],
    [0x94, 4, nodeSize],
    [0xa0, 4, 17 + chunk.data.length],
    [0xbc, 8, volume.incompatible ?? 0n],
    [0xc9, 8, 1],
  ]);
  superblock.write("_BHRfS_M", 0x40);
  keyBytes(chunk.key).copy(superblock, 0x32b);
  chunk.data.copy(superblock, 0x32b + 17);
  superblock.copy(image, 65_536);
  return signSuperblock(image);
}

/** A top level with one file of these extents. */
export function oneFile(size: number, extents: readonly BuiltItem[]): ReadonlyMap<number, BuiltItem[]> {
  const items = [
    inodeItem(256, 0, directoryMode),
    inodeItem(257, size, fileMode),
    ...nameItems(256, 2, "file", key(257, 1, 0)),
    ...extents,
  ];
  return new Map([[5, items]]);
}
