/** Names in cpio archives of the "newc" format (the kernel's Documentation/driver-api/early-userspace/buffer-format). */
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";

const headerBytes = 110;
const maximumNameBytes = 64 * 1024;
/** Ten times what the largest initramfs has. */
const maximumEntries = 200_000;
const trailer = "TRAILER!!!";
const zero = 0;
const firstMagicByte = "0".charCodeAt(0);

/**
 * Reads names from archives that come in pieces, one archive after the other, with zeros between them. Contents are
 * skipped: `skippable` tells a caller who can seek how far the next header is.
 */
export class CpioNames {
  readonly #onName: (name: string) => void;
  #pending: Buffer = Buffer.alloc(0);
  #needed = headerBytes;
  #dataBytes = 0;
  #skip = 0;
  #entries = 0;
  /** True before the first archive and after each trailer. */
  #between = true;

  constructor(onName: (name: string) => void) {
    this.#onName = onName;
  }

  /** Bytes of content ahead that need not be given. */
  get skippable(): number {
    return this.#skip;
  }

  /** Tells that `count` bytes of content were passed over by the caller. */
  skipped(count: number): void {
    this.#skip -= count;
  }

  /** True when there was an archive, and all that was begun was ended: the last one had its trailer. */
  get ended(): boolean {
    return this.#entries > 0 && this.#between && this.#pending.length === 0 && this.#skip === 0;
  }

  /** Takes the next bytes. Answers how many belonged to archives: fewer when something else begins after a trailer. */
  push(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, chunk.length - at);
        this.#skip -= passed;
        at += passed;
      } else if (this.#between && this.#pending.length === 0 && chunk[at] === zero) {
        at += 1;
      } else if (this.#between && this.#pending.length === 0 && chunk[at] !== firstMagicByte) {
        return at;
      } else {
        const taken = Math.min(this.#needed - this.#pending.length, chunk.length - at);
        this.#pending = Buffer.concat([this.#pending, chunk.subarray(at, at + taken)]);
        at += taken;
        if (this.#pending.length === this.#needed) this.#step();
      }
    }
    return at;
  }

  /** A header, or a header with its name, is complete. */
  #step(): void {
    if (this.#needed === headerBytes) {
      this.#between = false;
      this.#entries += 1;
      if (this.#entries > maximumEntries) throw new CannotTell(`the initramfs has more than ${maximumEntries} entries`);
      const nameBytes = this.#field(11);
      if (nameBytes === 0 || nameBytes > maximumNameBytes) {
        throw new MalformedImage(`a name in the initramfs has ${nameBytes} bytes`);
      }
      this.#dataBytes = roundUp(this.#field(6));
      this.#needed = roundUp(headerBytes + nameBytes);
      return;
    }
    const name = this.#pending.toString("latin1", headerBytes).split("\0", 1)[0] ?? "";
    this.#pending = Buffer.alloc(0);
    this.#needed = headerBytes;
    this.#skip = this.#dataBytes;
    if (name === trailer) this.#between = true;
    else this.#onName(name);
  }

  /** One of the 13 fields of eight hexadecimal digits behind the magic. */
  #field(index: number): number {
    const magic = this.#pending.toString("latin1", 0, 6);
    if (magic !== "070701" && magic !== "070702") throw new MalformedImage("the initramfs is no cpio archive");
    const digits = this.#pending.toString("latin1", 6 + 8 * index, 14 + 8 * index);
    if (!/^[0-9a-fA-F]{8}$/.test(digits)) throw new MalformedImage("a number in the initramfs is none");
    return Number.parseInt(digits, 16);
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
