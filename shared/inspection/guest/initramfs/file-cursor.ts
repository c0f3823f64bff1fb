import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { GuestFile } from "../guest-tree.ts";

/** Large enough that few requests are made, small enough to stop early. */
export const chunkBytes = 256 * 1024;

/** More than an inspection may fetch. A file of holes can have any size, and reading it costs nothing but time. */
const maximumReadBytes = 256 * 2 ** 20;

/** A place in a file that moves forward as it is read. */
export class FileCursor {
  readonly #file: GuestFile;
  #buffered: Buffer = Buffer.alloc(0);
  #position: number;
  #readBytes = 0;

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
      this.#readBytes += length;
      if (this.#readBytes > maximumReadBytes) throw new CannotTell("the initramfs is larger than any");
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
