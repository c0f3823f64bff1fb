import { MalformedImage } from "../../source/byte-source.ts";
import type { GuestFile } from "../guest-tree.ts";

/** Large enough that few requests are made, small enough to stop early. */
const chunkBytes = 256 * 1024;

/** A place in a file that moves forward as it is read. */
export class FileCursor {
  readonly #file: GuestFile;
  #buffered: Buffer = Buffer.alloc(0);
  #position: number;

  constructor(file: GuestFile, position = 0) {
    this.#file = file;
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  get atEnd(): boolean {
    return this.#position >= this.#file.size;
  }

  /** The next bytes, as many as come cheaply; none at the end. */
  async chunk(): Promise<Buffer> {
    await this.#fill(1);
    return this.#advance(this.#buffered.length);
  }

  /** What `chunk` would give, without moving. */
  async peekChunk(): Promise<Buffer> {
    await this.#fill(1);
    return this.#buffered;
  }

  /** Exactly `count` bytes; a MalformedImage when the file ends before. */
  async take(count: number): Promise<Buffer> {
    await this.#fill(count);
    if (this.#buffered.length < count) throw new MalformedImage("the initramfs ends in the middle");
    return this.#advance(count);
  }

  /** Up to `count` bytes ahead, without moving. */
  async peek(count: number): Promise<Buffer> {
    await this.#fill(count);
    return this.#buffered.subarray(0, count);
  }

  /** Moves forward without reading. */
  skip(count: number): void {
    if (this.#position + count > this.#file.size) throw new MalformedImage("the initramfs ends in the middle");
    this.#position += count;
    this.#buffered = this.#buffered.subarray(Math.min(count, this.#buffered.length));
  }

  moveTo(position: number): void {
    this.#position = position;
    this.#buffered = Buffer.alloc(0);
  }

  async #fill(count: number): Promise<void> {
    while (this.#buffered.length < count) {
      const from = this.#position + this.#buffered.length;
      if (from >= this.#file.size) return;
      // Aligned to the chunk, as the cache below us is: no block is asked for twice.
      const length = Math.min(chunkBytes - (from % chunkBytes), this.#file.size - from);
      const more = await this.#file.read(from, length);
      if (more.length === 0) throw new MalformedImage("the initramfs is shorter than its size says");
      this.#buffered = this.#buffered.length === 0 ? more : Buffer.concat([this.#buffered, more]);
    }
  }

  #advance(count: number): Buffer {
    const bytes = this.#buffered.subarray(0, count);
    this.#buffered = this.#buffered.subarray(count);
    this.#position += count;
    return bytes;
  }
}
