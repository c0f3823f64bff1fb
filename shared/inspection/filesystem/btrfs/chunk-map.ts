import type { ByteRecord } from "../../source/byte-record.ts";
import { type ByteSource, CannotTell, MalformedImage } from "../../source/byte-source.ts";

/** Logical addresses `start` to `start + length`, and where they lie on devices. */
export interface Chunk {
  readonly start: number;
  readonly length: number;
  readonly profile: number;
  readonly stripeLength: number;
  readonly subStripes: number;
  readonly stripes: readonly { readonly deviceId: bigint; readonly offset: number }[];
}

const RAID0 = 0x8;
const RAID10 = 0x40;
const RAID56 = 0x180;
const CHUNK_HEADER_SIZE = 48;
const STRIPE_SIZE = 32;
const maxStripes = 1024;

/** A chunk item at `at`, with the logical address from its key; and how long the item is. */
export function parseChunk(record: ByteRecord, at: number, start: number): Chunk & { readonly itemSize: number } {
  const count = record.u16(at + 44);
  if (count === 0 || count > maxStripes) throw new MalformedImage(`btrfs: a chunk of ${count} stripes`);
  const stripes = Array.from({ length: count }, (_, index) => {
    const stripe = at + CHUNK_HEADER_SIZE + index * STRIPE_SIZE;
    return { deviceId: record.big(stripe), offset: record.u64(stripe + 8) };
  });
  return {
    start,
    length: record.u64(at),
    stripeLength: record.u64(at + 16),
    profile: Number(record.big(at + 24) & 0x7f8n),
    subStripes: Math.max(1, record.u16(at + 46)),
    stripes,
    itemSize: CHUNK_HEADER_SIZE + count * STRIPE_SIZE,
  };
}

/** Turns logical addresses into bytes of the one device that there is. */
export class ChunkMap {
  readonly #source: ByteSource;
  readonly #deviceId: bigint;
  readonly #chunks = new Map<number, Chunk>();
  #sorted: Chunk[] = [];

  constructor(source: ByteSource, deviceId: bigint) {
    this.#source = source;
    this.#deviceId = deviceId;
  }

  add(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) this.#chunks.set(chunk.start, chunk);
    this.#sorted = [...this.#chunks.values()].sort((a, b) => a.start - b.start);
  }

  /** Bytes at a logical address, from the copy of that number; undefined when there are fewer copies on this device. */
  async read(address: number, length: number, copy = 0): Promise<Buffer | undefined> {
    const pieces: { offset: number; size: number }[] = [];
    for (let at = address; at < address + length; ) {
      const chunk = this.#find(at);
      const { offsets, length: room } = this.#place(chunk, at - chunk.start);
      const offset = offsets[copy];
      if (offset === undefined) {
        if (copy > 0) return undefined;
        throw new CannotTell("btrfs: a part of the volume lies on another device");
      }
      const size = Math.min(room, address + length - at);
      pieces.push({ offset, size });
      at += size;
    }
    const parts = await Promise.all(pieces.map(({ offset, size }) => this.#source.read(offset, size)));
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  #find(address: number): Chunk {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const chunk = this.#sorted[low - 1];
    if (chunk === undefined || address >= chunk.start + chunk.length) {
      throw new MalformedImage(`btrfs: no chunk holds the address ${address}`);
    }
    return chunk;
  }

  /** The copies of one byte of a chunk on this device, and how many bytes from there lie in one piece. */
  #place(chunk: Chunk, within: number): { offsets: number[]; length: number } {
    const { profile, stripes, stripeLength } = chunk;
    const offsetsHere = (candidates: Chunk["stripes"], extra: number) =>
      candidates.filter(({ deviceId }) => deviceId === this.#deviceId).map(({ offset }) => offset + extra);
    if ((profile & RAID56) !== 0) throw new CannotTell("btrfs: RAID5 and RAID6 are not read");
    if ((profile & (RAID0 | RAID10)) === 0)
      return { offsets: offsetsHere(stripes, within), length: chunk.length - within };
    if (stripeLength < 4096) throw new MalformedImage(`btrfs: stripes of ${stripeLength} bytes`);
    const subStripes = (profile & RAID10) === 0 ? 1 : chunk.subStripes;
    const groups = Math.max(1, Math.floor(stripes.length / subStripes));
    const stripe = Math.floor(within / stripeLength);
    const first = (stripe % groups) * subStripes;
    const extra = Math.floor(stripe / groups) * stripeLength + (within % stripeLength);
    return {
      offsets: offsetsHere(stripes.slice(first, first + subStripes), extra),
      length: stripeLength - (within % stripeLength),
    };
  }
}
