import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import { findEntry, hashOfName, parseEntries } from "./directory.ts";
import { BtrfsInode, type FileTree, firstInode, readInode } from "./inode.ts";
import type { BtrfsTree } from "./tree.ts";
import { DIR_ITEM, INODE_REF, type Key, maxOffset, ROOT_ITEM, ROOT_REF } from "./tree.ts";

/** A subvolume or snapshot. */
export interface Subvolume {
  readonly id: number;
  readonly parentId: number;
  /** From the top of the volume, e.g. `@/.snapshots/1/snapshot`. */
  readonly path: string;
  readonly isReadOnly: boolean;
  readonly isDefault: boolean;
}

export const topLevelId = 5n;
const maxSubvolumes = 10_000;
const maxDepth = 64;

/** What opens trees: the root tree, where every other tree is listed, and how to make a tree of an address. */
export interface Forest {
  readonly rootTree: BtrfsTree;
  readonly rootDirectory: bigint;
  readonly plant: (root: { readonly address: number; readonly level: number }) => BtrfsTree;
}

/** The newest root item of a file tree. Undefined when there is none. */
async function findRootItem(forest: Forest, id: bigint) {
  const items = await forest.rootTree.range(
    { object: id, type: ROOT_ITEM, offset: 0n },
    { object: id, type: ROOT_ITEM, offset: maxOffset },
  );
  return items.at(-1)?.data;
}

async function openFileTree(forest: Forest, id: bigint): Promise<FileTree | undefined> {
  const item = await findRootItem(forest, id);
  if (item === undefined) return undefined;
  return { id, tree: forest.plant({ address: item.u64(176), level: item.u8(238) }) };
}

/** What is mounted when nobody names a subvolume: the entry "default" of the root tree, else the top level. */
export async function defaultSubvolumeId(forest: Forest): Promise<bigint> {
  const item = await forest.rootTree.find({
    object: forest.rootDirectory,
    type: DIR_ITEM,
    offset: hashOfName("default"),
  });
  if (item === undefined) return topLevelId;
  const entry = parseEntries(item).find(({ name }) => name === "default");
  return entry?.location.type === ROOT_ITEM ? entry.location.object : topLevelId;
}

/**
 * The inode that an entry of a directory stands for. A subvolume counts where the root tree says that it hangs;
 * the same entry in a snapshot of its parent is an empty directory, as in the kernel.
 */
export async function follow(forest: Forest, parent: FileTree, location: Key): Promise<BtrfsInode> {
  if (location.type !== ROOT_ITEM) return readInode(parent, location.object);
  const id = location.object;
  const [reference, files] = await Promise.all([
    forest.rootTree.find({ object: parent.id, type: ROOT_REF, offset: id }),
    openFileTree(forest, id),
  ]);
  if (reference !== undefined && files !== undefined) return readInode(files, firstInode);
  return new BtrfsInode(parent, maxOffset, 0, 0o040755);
}

/** The first directory of the subvolume of this id, or at this path from the top of the volume (`@/boot/grub2`). */
export async function subvolumeRoot(forest: Forest, idOrPath: number | string): Promise<BtrfsInode | undefined> {
  if (typeof idOrPath === "number" && !(Number.isSafeInteger(idOrPath) && idOrPath > 0)) return undefined;
  const id = typeof idOrPath === "number" ? BigInt(idOrPath) : topLevelId;
  const files = await openFileTree(forest, id);
  if (files === undefined) return undefined;
  let inode = await readInode(files, firstInode);
  const names = typeof idOrPath === "string" ? idOrPath.split("/").filter((name) => name !== "" && name !== ".") : [];
  if (names.length > maxDepth) throw new CannotTell("btrfs: a subvolume path too deep to follow");
  for (const name of names) {
    const entry = await findEntry(inode, name);
    if (entry === undefined) return undefined;
    inode = await follow(forest, inode.files, entry.location);
  }
  return inode.inode === firstInode && inode.kind === "directory" ? inode : undefined;
}

/** Path of a directory inside its tree, by the names under which parents know it. */
async function pathInTree(files: FileTree, inode: bigint): Promise<string[]> {
  const names: string[] = [];
  for (let at = inode; at !== firstInode; ) {
    if (names.length === maxDepth) throw new MalformedImage("btrfs: directories that contain each other");
    const min = { object: at, type: INODE_REF, offset: 0n };
    const [reference] = await files.tree.range(min, { ...min, offset: maxOffset });
    if (reference === undefined) throw new MalformedImage(`btrfs: inode ${at} has no parent`);
    names.unshift(reference.data.slice(10, reference.data.u16(8)).toString("utf8"));
    at = reference.key.offset;
  }
  return names;
}

interface Reference {
  readonly parent: bigint;
  readonly child: bigint;
  readonly directory: bigint;
  readonly name: string;
}

/** All subvolumes and snapshots but the top level, in the order of their ids. */
export async function listSubvolumes(forest: Forest): Promise<Subvolume[]> {
  const items = await forest.rootTree.range(
    { object: topLevelId, type: 0, offset: 0n },
    { object: maxOffset >> 1n, type: 0xff, offset: maxOffset },
  );
  const references = new Map<bigint, Reference>();
  for (const { key, data } of items) {
    if (key.type !== ROOT_REF) continue;
    const name = data.slice(18, data.u16(16)).toString("utf8");
    references.set(key.offset, { parent: key.object, child: key.offset, directory: data.big(0), name });
  }
  if (references.size > maxSubvolumes) throw new CannotTell(`btrfs: ${references.size} subvolumes`);
  const defaultId = await defaultSubvolumeId(forest);
  const described = [...references.values()].map(async ({ parent, child }): Promise<Subvolume | undefined> => {
    const [root, path] = await Promise.all([findRootItem(forest, child), pathFromTop(forest, references, child)]);
    if (root === undefined || child > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
    const isReadOnly = (root.big(208) & 1n) === 1n;
    return { id: Number(child), parentId: Number(parent), path, isReadOnly, isDefault: child === defaultId };
  });
  const found = (await Promise.all(described)).filter((subvolume) => subvolume !== undefined);
  return found.sort((a, b) => a.id - b.id);
}

async function pathFromTop(forest: Forest, references: ReadonlyMap<bigint, Reference>, id: bigint): Promise<string> {
  const names: string[] = [];
  let depth = 0;
  for (let at = references.get(id); at !== undefined; at = references.get(at.parent)) {
    if (depth++ === maxDepth) throw new MalformedImage("btrfs: subvolumes that contain each other");
    const files = await openFileTree(forest, at.parent);
    if (files === undefined) throw new MalformedImage(`btrfs: subvolume ${at.child} hangs in a tree that is not there`);
    names.unshift(...(await pathInTree(files, at.directory)), at.name);
  }
  return names.join("/");
}
