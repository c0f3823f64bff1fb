import { slice, uint32le } from "../../source/byte-fields.ts";
import { type ByteSource, CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { Filesystem, FsNode } from "../filesystem.ts";
import type { BlockStore } from "./block-run.ts";
import { type ExtDirectory, parseEntries } from "./directory.ts";
import { mapExtents } from "./extent-tree.ts";
import { mapIndirect } from "./indirect-blocks.ts";
import { type ExtInode, parseInode } from "./inode.ts";
import { descriptorOffset, type ExtGeometry, parseSuperblock } from "./superblock.ts";
import { joinHalves } from "./two-halves.ts";

const rootInode = 2;
const maximumDirectorySize = 8 * 2 ** 20;
const maximumReadLength = 64 * 2 ** 20;
const maximumLinkLength = 4096;
/** Directories are kept parsed, as a path walk comes back to them: so many bytes of them. */
const maximumKeptDirectoryBytes = 8 * 2 ** 20;
const maximumKept = 512;
/** Blocks of descriptors, inodes and block maps that are kept. */
const maximumKeptBlockBytes = 4 * 2 ** 20;
/** Runs of a fragmented file that are read at the same time. */
const parallelReads = 16;

/**
 * Opens ext2, ext3 or ext4 read-only; undefined when there is no ext superblock.
 * The journal is not replayed: `unclean` tells when that would have mattered.
 */
export async function openExt(source: ByteSource): Promise<Filesystem | undefined> {
  if (source.size < 2048) return undefined;
  const geometry = parseSuperblock(await source.read(1024, 1024));
  return geometry && new ExtFilesystem(source, geometry);
}

class ExtFilesystem implements Filesystem, BlockStore {
  readonly kind: string;
  readonly label?: string;
  readonly uuid: string;
  readonly unclean: boolean;
  readonly blockSize: number;
  readonly blockCount: number;
  readonly #source: ByteSource;
  readonly #geometry: ExtGeometry;
  readonly #blocks = new Map<number, Promise<Buffer>>();
  readonly #inodes = new Map<number, Promise<ExtInode>>();
  readonly #directories = new Map<number, Promise<ExtDirectory>>();
  #keptDirectoryBytes = 0;

  constructor(source: ByteSource, geometry: ExtGeometry) {
    this.#source = source;
    this.#geometry = geometry;
    this.kind = geometry.kind;
    if (geometry.label !== "") this.label = geometry.label;
    this.uuid = geometry.uuid;
    this.unclean = geometry.unclean;
    this.blockSize = geometry.blockSize;
    this.blockCount = geometry.blockCount;
  }

  async root(): Promise<FsNode> {
    return this.#node(rootInode);
  }

  async lookup(directory: FsNode, name: string): Promise<FsNode | undefined> {
    const inode = await this.#inode(directory.id);
    const entries = await this.#directory(inode);
    const number = entries.get(name) ?? (inode.foldsCase ? lookupFolded(entries, name) : undefined);
    return number === undefined ? undefined : this.#node(number);
  }

  async list(directory: FsNode): Promise<readonly { readonly name: string; readonly node: () => Promise<FsNode> }[]> {
    const entries = await this.#directory(await this.#inode(directory.id));
    return Array.from(entries, ([name, number]) => ({ name, node: () => this.#node(number) }));
  }

  async read(file: FsNode, offset: number, length: number): Promise<Buffer> {
    const inode = await this.#inode(file.id);
    if (inode.kind !== "file") throw new MalformedImage(`Inode ${inode.number} is no file.`);
    return this.#content(inode, offset, length);
  }

  async readLink(link: FsNode): Promise<string> {
    const inode = await this.#inode(link.id);
    if (inode.kind !== "symlink") throw new MalformedImage(`Inode ${inode.number} is no link.`);
    if (inode.size > maximumLinkLength) throw new MalformedImage(`The link in inode ${inode.number} is too long.`);
    const isShort = inode.size < inode.core.length && !inode.hasExtents && !inode.inline && !inode.encrypted;
    const target = isShort ? inode.core.subarray(0, inode.size) : await this.#content(inode, 0, inode.size);
    return target.toString("utf8");
  }

  async readBlock(block: number): Promise<Buffer> {
    const room = maximumKeptBlockBytes / this.blockSize;
    return kept(this.#blocks, room, block, () => this.#source.read(block * this.blockSize, this.blockSize));
  }

  async #node(number: number): Promise<FsNode> {
    const { kind, size, mode } = await this.#inode(number);
    return { id: number, kind, size, mode };
  }

  async #inode(number: FsNode["id"]): Promise<ExtInode> {
    if (typeof number !== "number" || !Number.isInteger(number) || number < 1 || number > this.#geometry.inodeCount) {
      throw new MalformedImage(`There is no inode ${number}.`);
    }
    return kept(this.#inodes, maximumKept, number, () => this.#readInode(number));
  }

  async #readInode(number: number): Promise<ExtInode> {
    const geometry = this.#geometry;
    const group = Math.floor((number - 1) / geometry.inodesPerGroup);
    const index = (number - 1) % geometry.inodesPerGroup;
    const descriptor = await this.#structure(descriptorOffset(geometry, group), geometry.descriptorSize);
    const table = joinHalves(uint32le(descriptor, 8), geometry.descriptorSize >= 64 ? uint32le(descriptor, 40) : 0);
    if (table === 0 || table >= geometry.blockCount)
      throw new MalformedImage(`Block group ${group} has no inode table.`);
    const bytes = await this.#structure(table * this.blockSize + index * geometry.inodeSize, geometry.inodeSize);
    return parseInode(bytes, number, geometry);
  }

  /** A descriptor or an inode: their sizes are powers of two, so none spans two blocks. */
  async #structure(offset: number, length: number): Promise<Buffer> {
    const block = await this.readBlock(Math.floor(offset / this.blockSize));
    return slice(block, offset % this.blockSize, length);
  }

  async #directory(inode: ExtInode): Promise<ExtDirectory> {
    if (inode.kind !== "directory") throw new MalformedImage(`Inode ${inode.number} is no directory.`);
    if (inode.encrypted) throw new CannotTell("The names of an encrypted directory cannot be read.");
    if (inode.size > maximumDirectorySize)
      throw new CannotTell(`A directory has more than ${maximumDirectorySize} bytes.`);
    return kept(this.#directories, maximumKept, inode.number, () => {
      this.#keptDirectoryBytes += inode.size;
      if (this.#keptDirectoryBytes > maximumKeptDirectoryBytes) {
        this.#directories.clear();
        this.#keptDirectoryBytes = inode.size;
      }
      return this.#readDirectory(inode);
    });
  }

  async #readDirectory(inode: ExtInode): Promise<ExtDirectory> {
    const entries = new Map<string, number>();
    const hasTypes = this.#geometry.entriesHaveTypes;
    if (inode.inline) {
      const [core, tail] = inode.inline;
      // The first four inline bytes are the parent's inode, in place of the entry `..`.
      if (core) parseEntries(core.subarray(4), hasTypes, entries);
      if (tail) parseEntries(tail, hasTypes, entries);
      return entries;
    }
    const bytes = await this.#content(inode, 0, inode.size);
    for (let at = 0; at + this.blockSize <= bytes.length; at += this.blockSize) {
      const block = bytes.subarray(at, at + this.blockSize);
      if (block.readUInt32LE(4) !== 0 || block.readUInt32LE(0) !== 0) parseEntries(block, hasTypes, entries);
    }
    return entries;
  }

  async #content(inode: ExtInode, offset: number, length: number): Promise<Buffer> {
    if (inode.encrypted) throw new CannotTell(`Inode ${inode.number} is encrypted.`);
    const end = Math.min(inode.size, offset + length);
    if (!(offset >= 0) || !(length >= 0) || offset >= end) return Buffer.alloc(0);
    if (end - offset > maximumReadLength) throw new CannotTell(`More than ${maximumReadLength} bytes in one read.`);
    const result = Buffer.alloc(end - offset);
    if (inode.inline) {
      Buffer.concat(inode.inline).copy(result, 0, offset, end);
      return result;
    }
    const blockSize = this.blockSize;
    const map = inode.hasExtents ? mapExtents : mapIndirect;
    const runs = await map(this, inode.core, Math.floor(offset / blockSize), Math.ceil(end / blockSize));
    const fill = async (run: (typeof runs)[number]) => {
      const from = Math.max(offset, run.logical * blockSize);
      const to = Math.min(end, (run.logical + run.count) * blockSize);
      const bytes = await this.#source.read(run.physical * blockSize + (from - run.logical * blockSize), to - from);
      bytes.copy(result, from - offset);
    };
    for (let at = 0; at < runs.length; at += parallelReads) {
      await Promise.all(runs.slice(at, at + parallelReads).map(fill));
    }
    return result;
  }
}

/** The value for `key`, made once. The map is emptied when it has no room left; failures are not kept. */
function kept<Value>(
  map: Map<number, Promise<Value>>,
  room: number,
  key: number,
  make: () => Promise<Value>,
): Promise<Value> {
  const known = map.get(key);
  if (known) return known;
  if (map.size >= room) map.clear();
  const made = make();
  map.set(key, made);
  made.catch(() => map.delete(key));
  return made;
}

/** Directories that fold case compare names normalised and in lower case. */
function lookupFolded(entries: ExtDirectory, name: string): number | undefined {
  const wanted = folded(name);
  for (const [candidate, number] of entries) if (folded(candidate) === wanted) return number;
  return undefined;
}

function folded(name: string): string {
  return name.normalize("NFD").toLowerCase();
}
