import { uint16le, uint32le } from "../../source/byte-fields.ts";
import { type ByteSource, MalformedImage } from "../../source/byte-source.ts";
import type { FatGeometry } from "./fat-geometry.ts";

/** Neighbouring clusters that are read as one. */
export interface ClusterRun {
  readonly first: number;
  readonly count: number;
}

const windowSize = 16 * 2 ** 10;
const maximumWindows = 64;

/** The file allocation table, read in pieces as chains ask for it. */
export class ClusterChains {
  readonly #source: ByteSource;
  readonly #geometry: FatGeometry;
  readonly #windows = new Map<number, Promise<Buffer>>();

  constructor(source: ByteSource, geometry: FatGeometry) {
    this.#source = source;
    this.#geometry = geometry;
  }

  /** The first `wanted` clusters of the chain from `first`, or all when it is shorter. A circle is a MalformedImage. */
  async runs(first: number, wanted: number): Promise<ClusterRun[]> {
    const { clusterCount } = this.#geometry;
    const runs: ClusterRun[] = [];
    let cluster = first;
    for (let seen = 0; seen < wanted; seen += 1) {
      if (cluster < 2 || cluster >= clusterCount + 2) throw new MalformedImage(`There is no FAT cluster ${cluster}.`);
      if (seen >= clusterCount) throw new MalformedImage("A chain of FAT clusters runs in a circle.");
      const last = runs.at(-1);
      if (last && last.first + last.count === cluster) runs[runs.length - 1] = { ...last, count: last.count + 1 };
      else runs.push({ first: cluster, count: 1 });
      const next = await this.#next(cluster);
      if (next === undefined) break;
      cluster = next;
    }
    return runs;
  }

  /** The cluster after this one; undefined at the end of a chain. */
  async #next(cluster: number): Promise<number | undefined> {
    const { bits } = this.#geometry;
    if (bits === 32) {
      const next = uint32le(await this.#field(cluster * 4, 4), 0) & 0x0fffffff;
      return next >= 0x0ffffff8 ? undefined : next;
    }
    if (bits === 16) {
      const next = uint16le(await this.#field(cluster * 2, 2), 0);
      return next >= 0xfff8 ? undefined : next;
    }
    const pair = uint16le(await this.#field(cluster + (cluster >> 1), 2), 0);
    const next = cluster & 1 ? pair >> 4 : pair & 0xfff;
    return next >= 0xff8 ? undefined : next;
  }

  /** A few bytes of the table; an entry of 12 bits may span two windows. */
  async #field(offset: number, length: number): Promise<Buffer> {
    const within = offset % windowSize;
    const window = await this.#window(offset - within);
    if (within + length <= windowSize) return window.subarray(within, within + length);
    return Buffer.concat([window.subarray(within), await this.#window(offset - within + windowSize)]);
  }

  #window(offset: number): Promise<Buffer> {
    const known = this.#windows.get(offset);
    if (known) return known;
    if (this.#windows.size >= maximumWindows) this.#windows.clear();
    const { tableOffset, tableSize } = this.#geometry;
    const window = this.#source.read(tableOffset + offset, Math.max(0, Math.min(windowSize, tableSize - offset)));
    this.#windows.set(offset, window);
    window.catch(() => this.#windows.delete(offset));
    return window;
  }
}
