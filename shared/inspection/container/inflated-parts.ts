import { ByteLru } from "../source/byte-lru.ts";

/** Decompressed clusters and grains are few and large; small reads of the same one follow one another. */
const capacityInBytes = 16 * 2 ** 20;

/**
 * Decompressed parts of a container by their offset in the file: kept for later reads, and never decompressed twice
 * at the same time.
 */
export class InflatedParts {
  readonly #parts = new ByteLru<number>(capacityInBytes);
  readonly #pending = new Map<number, Promise<Buffer>>();

  get(offset: number, inflate: () => Promise<Buffer>): Promise<Buffer> {
    const known = this.#parts.get(offset);
    if (known !== undefined) return Promise.resolve(known);
    const pending = this.#pending.get(offset) ?? this.#start(offset, inflate);
    this.#pending.set(offset, pending);
    return pending;
  }

  async #start(offset: number, inflate: () => Promise<Buffer>): Promise<Buffer> {
    try {
      const part = await inflate();
      this.#parts.set(offset, part);
      return part;
    } finally {
      this.#pending.delete(offset);
    }
  }
}
