import { MalformedImage } from "../../source/byte-source.ts";
import type { FsNode, OpenFilesystem } from "../filesystem.ts";
import { findEntry, listEntries } from "./directory.ts";
import { readFork } from "./extents.ts";
import { readInode, XfsInode } from "./inode.ts";
import { isLogClean } from "./log.ts";
import { readSuperblock, type XfsVolume } from "./superblock.ts";

const maxLinkInBytes = 1024;
const linkHeaderSize = 56;

function inodeOf(node: FsNode, kind: FsNode["kind"]): XfsInode {
  if (node instanceof XfsInode && node.kind === kind) return node;
  throw new MalformedImage(`XFS: inode ${node.id} is a ${node.kind}, not a ${kind}`);
}

/**
 * In the inode, or in blocks of its own; those of version 5 begin with a header each. mkfs.xfs 6.1 leaves the header out
 * in links that it makes from a prototype file, so its absence is no fault.
 */
async function readTarget(volume: XfsVolume, link: XfsInode): Promise<string> {
  if (link.size > maxLinkInBytes) throw new MalformedImage(`XFS inode ${link.id}: a link of ${link.size} bytes`);
  if (link.format === "local") return link.fork.slice(0, link.size).toString("utf8");
  const payload = volume.blockSize - linkHeaderSize;
  const blocks = Math.ceil(link.size / payload);
  const bytes = await readFork(volume, link, 0, blocks * volume.blockSize);
  if (!volume.isV5 || bytes.toString("latin1", 0, 4) !== "XSLM") return bytes.toString("utf8", 0, link.size);
  const parts: Buffer[] = [];
  for (let index = 0; index < blocks; index++) {
    const at = index * volume.blockSize + linkHeaderSize;
    parts.push(bytes.subarray(at, at + Math.min(payload, link.size - index * payload)));
  }
  return Buffer.concat(parts).toString("utf8");
}

/** XFS version 4 and 5. Not read: files on a realtime device, and version 1 directories (before 2002). */
export const openXfs: OpenFilesystem = async (source) => {
  const volume = await readSuperblock(source);
  if (volume === undefined) return undefined;
  const node = (id: number): Promise<FsNode> => readInode(volume, id);
  return {
    kind: "xfs",
    ...(volume.label === "" ? {} : { label: volume.label }),
    uuid: volume.uuid,
    unclean: volume.needsRepair || !(await isLogClean(volume)),
    root: () => node(volume.rootInode),
    lookup: async (directory, name) => {
      const id = await findEntry(volume, inodeOf(directory, "directory"), name);
      return id === undefined ? undefined : node(id);
    },
    list: async (directory) => {
      const entries = await listEntries(volume, inodeOf(directory, "directory"));
      return entries.map(({ name, inode }) => ({ name, node: () => node(inode) }));
    },
    read: async (file, offset, length) => {
      const inode = inodeOf(file, "file");
      return readFork(volume, inode, offset, Math.max(0, Math.min(length, inode.size - offset)));
    },
    readLink: async (link) => readTarget(volume, inodeOf(link, "symlink")),
  };
};
