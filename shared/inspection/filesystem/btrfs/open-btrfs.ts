import { type ByteSource, MalformedImage } from "../../source/byte-source.ts";
import type { Filesystem, FsNode } from "../filesystem.ts";
import { ChunkMap, parseChunk } from "./chunk-map.ts";
import { readContents } from "./contents.ts";
import { findEntry, listEntries } from "./directory.ts";
import { BtrfsInode } from "./inode.ts";
import {
  defaultSubvolumeId,
  type Forest,
  follow,
  listSubvolumes,
  type Subvolume,
  subvolumeRoot,
  topLevelId,
} from "./subvolumes.ts";
import { type BtrfsSuperblock, readSuperblock } from "./superblock.ts";
import { BtrfsTree, CHUNK_ITEM, exact, maxOffset, readKey } from "./tree.ts";
import { TreeBlocks } from "./tree-blocks.ts";

/** A btrfs volume. `root()` is that of the default subvolume, as when it is mounted without options. */
export interface BtrfsFilesystem extends Filesystem {
  readonly kind: "btrfs";
  /** All subvolumes and snapshots but the top level. */
  listSubvolumes(): Promise<readonly Subvolume[]>;
  /** First directory of a subvolume, by id (5: top level) or by its path from the top level; undefined if there is none. */
  subvolumeRoot(idOrPath: number | string): Promise<FsNode | undefined>;
}

export function isBtrfs(fs: Filesystem): fs is BtrfsFilesystem {
  return fs.kind === "btrfs";
}

const firstChunkTree = 256n;
const maxLinkInBytes = 4096;
const KEY_SIZE = 17;

/** The superblock tells where the chunk tree lies, and the chunk tree where everything else does. */
async function readChunks(source: ByteSource, superblock: BtrfsSuperblock): Promise<ChunkMap> {
  const chunks = new ChunkMap(source, superblock.deviceId);
  const { systemChunks: record } = superblock;
  for (let at = 0; at < record.length; ) {
    const chunk = parseChunk(record, at + KEY_SIZE, exact(readKey(record, at).offset));
    chunks.add([chunk]);
    at += KEY_SIZE + chunk.itemSize;
  }
  const tree = new BtrfsTree(new TreeBlocks(chunks, superblock.nodeSize), superblock.chunkTree);
  const min = { object: firstChunkTree, type: CHUNK_ITEM, offset: 0n };
  const items = await tree.range(min, { ...min, offset: maxOffset });
  chunks.add(items.map(({ key, data }) => parseChunk(data, 0, exact(key.offset))));
  return chunks;
}

function inodeOf(node: FsNode, kind: FsNode["kind"]): BtrfsInode {
  if (node instanceof BtrfsInode && node.kind === kind) return node;
  throw new MalformedImage(`btrfs: inode ${node.id} is a ${node.kind}, not a ${kind}`);
}

/**
 * btrfs with one device, or the copies on this one of several. The log tree is not replayed; `unclean` says that there
 * is one. Throws CannotTell on incompatible features unknown to us.
 */
export async function openBtrfs(source: ByteSource): Promise<BtrfsFilesystem | undefined> {
  const superblock = await readSuperblock(source);
  if (superblock === undefined) return undefined;
  const { nodeSize, sectorSize } = superblock;
  const chunks = await readChunks(source, superblock);
  const blocks = new TreeBlocks(chunks, nodeSize);
  const plant: Forest["plant"] = (root) => new BtrfsTree(blocks, root);
  const forest = { plant, rootTree: plant(superblock.rootTree), rootDirectory: superblock.rootDirectory };
  const contents = (node: BtrfsInode, offset: number, length: number) =>
    readContents(chunks, sectorSize, node, offset, length);
  return {
    kind: "btrfs",
    ...(superblock.label === "" ? {} : { label: superblock.label }),
    uuid: superblock.uuid,
    unclean: superblock.hasLog,
    root: async () => {
      const id = Number(await defaultSubvolumeId(forest));
      const root = (await subvolumeRoot(forest, id)) ?? (await subvolumeRoot(forest, Number(topLevelId)));
      if (root === undefined) throw new MalformedImage("btrfs: there is no tree of files");
      return root;
    },
    lookup: async (node, name) => {
      const directory = inodeOf(node, "directory");
      const entry = await findEntry(directory, name);
      return entry && follow(forest, directory.files, entry.location);
    },
    list: async (node) => {
      const directory = inodeOf(node, "directory");
      const entries = await listEntries(directory);
      return entries.map(({ name, location }) => ({ name, node: () => follow(forest, directory.files, location) }));
    },
    read: async (file, offset, length) => contents(inodeOf(file, "file"), offset, length),
    readLink: async (node) => {
      const link = inodeOf(node, "symlink");
      if (link.size > maxLinkInBytes) throw new MalformedImage(`btrfs: a link of ${link.size} bytes`);
      return (await contents(link, 0, link.size)).toString("utf8");
    },
    listSubvolumes: () => listSubvolumes(forest),
    subvolumeRoot: (idOrPath) => subvolumeRoot(forest, idOrPath),
  };
}
