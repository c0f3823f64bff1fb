/** A cache that forgets what was used longest ago, limited by the bytes it holds and not by their number. */
export class ByteLru<Key> {
  readonly #entries = new Map<Key, Buffer>();
  readonly #capacityInBytes: number;
  #bytes = 0;

  constructor(capacityInBytes: number) {
    this.#capacityInBytes = capacityInBytes;
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  get(key: Key): Buffer | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: Key, value: Buffer): void {
    this.#drop(key);
    this.#entries.set(key, value);
    this.#bytes += value.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#capacityInBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: Key): void {
    this.#bytes -= this.#entries.get(key)?.length ?? 0;
    this.#entries.delete(key);
  }
}
