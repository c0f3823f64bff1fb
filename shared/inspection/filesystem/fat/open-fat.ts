import { type ByteSource, CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { Filesystem, FsNode } from "../filesystem.ts";
import { ClusterChains } from "./cluster-chain.ts";
import { type FatEntry, parseFatDirectory } from "./directory.ts";
import { type FatGeometry, parseFatGeometry } from "./fat-geometry.ts";

/** The specification allows no more: 65,536 entries of 32 bytes. */
const maximumDirectorySize = 2 * 2 ** 20;
const maximumReadLength = 64 * 2 ** 20;
const maximumKeptDirectories = 256;
const rootId = "root";

/** Opens FAT12, FAT16 or FAT32 read-only; undefined when the first sector is no FAT boot sector. */
export async function openFat(source: ByteSource): Promise<Filesystem | undefined> {
  if (source.size < 512) return undefined;
  const geometry = parseFatGeometry(await source.read(0, 512), source.size);
  return geometry && new FatFilesystem(source, geometry);
}

/** A node's `id` is its first cluster, 0 for an empty file, or `root`. */
class FatFilesystem implements Filesystem {
  readonly kind = "vfat";
  readonly label?: string;
  readonly uuid?: string;
  /** The mark for it is unreliable on the small partitions that matter here, and there is no journal. */
  readonly unclean = false;
  readonly #source: ByteSource;
  readonly #geometry: FatGeometry;
  readonly #chains: ClusterChains;
  readonly #directories = new Map<FsNode["id"], Promise<readonly FatEntry[]>>();

  constructor(source: ByteSource, geometry: FatGeometry) {
    this.#source = source;
    this.#geometry = geometry;
    this.#chains = new ClusterChains(source, geometry);
    if (geometry.label !== "") this.label = geometry.label;
    if (geometry.uuid !== "") this.uuid = geometry.uuid;
  }

  async root(): Promise<FsNode> {
    return { id: rootId, kind: "directory", size: 0 };
  }

  async lookup(directory: FsNode, name: string): Promise<FsNode | undefined> {
    const wanted = name.toUpperCase();
    const entries = await this.#entries(directory);
    const entry = entries.find((one) => one.name.toUpperCase() === wanted || one.shortName.toUpperCase() === wanted);
    return entry && nodeOf(entry);
  }

  async list(directory: FsNode): Promise<readonly { readonly name: string; readonly node: () => Promise<FsNode> }[]> {
    const entries = await this.#entries(directory);
    return entries.map((entry) => ({ name: entry.name, node: async () => nodeOf(entry) }));
  }

  async read(file: FsNode, offset: number, length: number): Promise<Buffer> {
    const end = Math.min(file.size, offset + length);
    if (file.kind !== "file") throw new MalformedImage("Only files of a FAT filesystem have content.");
    if (!(offset >= 0) || !(length >= 0) || offset >= end) return Buffer.alloc(0);
    if (end - offset > maximumReadLength) throw new CannotTell(`More than ${maximumReadLength} bytes in one read.`);
    const bytes = await this.#chain(file.id, offset, end);
    if (bytes.length < end - offset) throw new MalformedImage("A FAT file has fewer clusters than its size needs.");
    return bytes;
  }

  async readLink(): Promise<string> {
    throw new MalformedImage("FAT has no links.");
  }

  #entries(directory: FsNode): Promise<readonly FatEntry[]> {
    const known = this.#directories.get(directory.id);
    if (known) return known;
    if (this.#directories.size >= maximumKeptDirectories) this.#directories.clear();
    const entries = this.#readDirectory(directory);
    this.#directories.set(directory.id, entries);
    entries.catch(() => this.#directories.delete(directory.id));
    return entries;
  }

  async #readDirectory(directory: FsNode): Promise<readonly FatEntry[]> {
    if (directory.kind !== "directory") throw new MalformedImage("This FAT entry is no directory.");
    const { bits, root } = this.#geometry;
    // `..` of a first-level directory names cluster 0 for the root, as do damaged entries.
    if (directory.id !== rootId && directory.id !== 0) {
      return parseFatDirectory(await this.#chain(directory.id, 0, maximumDirectorySize), bits);
    }
    const bytes =
      "cluster" in root
        ? await this.#chain(root.cluster, 0, maximumDirectorySize)
        : await this.#source.read(root.offset, root.size);
    return parseFatDirectory(bytes, bits);
  }

  /** The bytes `offset` to `end` of a chain, fewer when it is shorter. */
  async #chain(firstCluster: FsNode["id"], offset: number, end: number): Promise<Buffer> {
    if (typeof firstCluster !== "number") throw new MalformedImage("A directory has no clusters to read.");
    const { clusterSize, dataOffset } = this.#geometry;
    const runs = await this.#chains.runs(firstCluster, Math.ceil(end / clusterSize));
    const parts: Promise<Buffer>[] = [];
    let position = 0;
    for (const { first, count } of runs) {
      const from = Math.max(offset, position);
      const to = Math.min(end, position + count * clusterSize);
      const start = dataOffset + (first - 2) * clusterSize;
      if (from < to) parts.push(this.#source.read(start + (from - position), to - from));
      position += count * clusterSize;
    }
    return Buffer.concat(await Promise.all(parts));
  }
}

function nodeOf(entry: FatEntry): FsNode {
  if (entry.isDirectory) return { id: entry.firstCluster, kind: "directory", size: 0 };
  return { id: entry.firstCluster, kind: "file", size: entry.size };
}
