import { ByteLru } from "../../source/byte-lru.ts";
import { ByteRecord } from "../../source/byte-record.ts";
import { MalformedImage } from "../../source/byte-source.ts";
import type { ChunkMap } from "./chunk-map.ts";

export const blockHeaderSize = 101;
/** Beside its key, a leaf's entry says where the item lies, and a pointer which block comes next. */
export const leafEntrySize = 25;
export const pointerSize = 33;
/** Walks come back to the upper blocks of a tree for every name. */
const keptBytes = 2 * 1024 * 1024;

export interface TreeBlock {
  readonly record: ByteRecord;
  readonly count: number;
  readonly stride: number;
}

/** The blocks that all trees of a volume are made of. They are found through the chunk map; the last ones are kept. */
export class TreeBlocks {
  readonly #chunks: ChunkMap;
  readonly #kept = new ByteLru<number>(keptBytes);
  /** In bytes. */
  readonly size: number;

  constructor(chunks: ChunkMap, size: number) {
    this.#chunks = chunks;
    this.size = size;
  }

  /** A block must say that it is the one asked for; when it does not, its second copy may. */
  async read(address: number, level: number): Promise<TreeBlock> {
    const kept = this.#kept.get(address);
    const known = kept && parseBlock(kept, address, level);
    if (known !== undefined) return known;
    for (let copy = 0; ; copy++) {
      const bytes = await this.#chunks.read(address, this.size, copy);
      if (bytes === undefined)
        throw new MalformedImage(`btrfs: there is no tree block of level ${level} at ${address}`);
      const block = parseBlock(bytes, address, level);
      if (block === undefined) continue;
      this.#kept.set(address, bytes);
      return block;
    }
  }
}

function parseBlock(bytes: Buffer, address: number, level: number): TreeBlock | undefined {
  const record = new ByteRecord(bytes, "little", `btrfs tree block ${address}`);
  const stride = level === 0 ? leafEntrySize : pointerSize;
  const count = record.u32(96);
  const fits = blockHeaderSize + count * stride <= bytes.length;
  return record.big(48) === BigInt(address) && record.u8(100) === level && fits ? { record, count, stride } : undefined;
}
