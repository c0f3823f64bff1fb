import type { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import { blockHeaderSize, leafEntrySize, pointerSize, type TreeBlocks } from "./tree-blocks.ts";

/** All trees are sorted by these three numbers, in this order. */
export interface Key {
  readonly object: bigint;
  readonly type: number;
  readonly offset: bigint;
}

export interface Item {
  readonly key: Key;
  readonly data: ByteRecord;
}

/** Types of keys that this reader asks for. */
export const INODE_ITEM = 1;
export const INODE_REF = 12;
export const DIR_ITEM = 84;
export const DIR_INDEX = 96;
export const EXTENT_DATA = 108;
export const ROOT_ITEM = 132;
export const ROOT_REF = 156;
export const CHUNK_ITEM = 228;

export const maxOffset = 0xffff_ffff_ffff_ffffn;

const KEY_SIZE = 17;
const maxLevel = 7;
const maxBytesPerSearch = 8 * 1024 * 1024;

export function readKey(record: ByteRecord, at: number): Key {
  return { object: record.big(at), type: record.u8(at + 8), offset: record.big(at + 9) };
}

/** An offset of a key that is an address or a position in a file. */
export function exact(offset: bigint): number {
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw new MalformedImage(`btrfs: the address ${offset} is absurd`);
  return Number(offset);
}

function isAfter(a: Key, b: Key): boolean {
  if (a.object !== b.object) return a.object > b.object;
  return a.type === b.type ? a.offset > b.offset : a.type > b.type;
}

/** One B-tree of a btrfs volume. */
export class BtrfsTree {
  readonly #blocks: TreeBlocks;
  readonly #root: { readonly address: number; readonly level: number };

  constructor(blocks: TreeBlocks, root: { readonly address: number; readonly level: number }) {
    if (root.level > maxLevel) throw new MalformedImage(`btrfs: a tree of ${root.level} levels`);
    this.#blocks = blocks;
    this.#root = root;
  }

  /** The item with exactly this key. */
  async find(key: Key): Promise<ByteRecord | undefined> {
    return (await this.range(key, key))[0]?.data;
  }

  /**
   * The items from key `min` to key `max`, both included, in order; with `withPrevious` also the one just before `min`,
   * if any. Throws CannotTell when that would take more than 8 MiB.
   */
  range(min: Key, max: Key, withPrevious = false): Promise<Item[]> {
    return this.#search(
      this.#root.address,
      this.#root.level,
      { min, max, withPrevious },
      { blocks: maxBytesPerSearch / this.#blocks.size },
    );
  }

  async #search(
    address: number,
    level: number,
    wanted: { min: Key; max: Key; withPrevious: boolean },
    left: { blocks: number },
  ): Promise<Item[]> {
    if (left.blocks-- === 0) throw new CannotTell("btrfs: a search through more tree blocks than this reader follows");
    const block = await this.#blocks.read(address, level);
    const keyAt = (index: number) => readKey(block.record, blockHeaderSize + index * block.stride);
    const first = countUpTo(block.count, (index) => !isAfter(keyAt(index), wanted.min));
    const end = countUpTo(block.count, (index) => !isAfter(keyAt(index), wanted.max));
    if (level > 0) {
      const below: Promise<Item[]>[] = [];
      for (let index = Math.max(0, first - 1); index < end; index++) {
        const child = block.record.u64(blockHeaderSize + index * pointerSize + KEY_SIZE);
        below.push(this.#search(child, level - 1, wanted, left));
      }
      return (await Promise.all(below)).flat();
    }
    const items: Item[] = [];
    for (let index = Math.max(0, first - 1); index < end; index++) {
      const key = keyAt(index);
      if (isAfter(wanted.min, key) && !wanted.withPrevious) continue;
      const at = blockHeaderSize + index * leafEntrySize + KEY_SIZE;
      const data = block.record.part(blockHeaderSize + block.record.u32(at), block.record.u32(at + 4), "btrfs item");
      items.push({ key, data });
    }
    return items;
  }
}

/** How many of the first `count` places hold, when all that hold come first. */
function countUpTo(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
