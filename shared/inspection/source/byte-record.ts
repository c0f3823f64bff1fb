import { demandBytes, demandExact } from "./byte-fields.ts";

/**
 * A structure of an image, held in memory. Every access is checked against its length, so that a wrong offset or count
 * ends in a MalformedImage that names the structure, and never in a RangeError.
 */
export class ByteRecord {
  readonly bytes: Buffer;
  readonly what: string;
  readonly #littleEndian: boolean;

  constructor(bytes: Buffer, endian: "little" | "big", what: string) {
    this.bytes = bytes;
    this.what = what;
    this.#littleEndian = endian === "little";
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(at: number): number {
    this.#demand(at, 1);
    return this.bytes.readUInt8(at);
  }

  u16(at: number): number {
    this.#demand(at, 2);
    return this.#littleEndian ? this.bytes.readUInt16LE(at) : this.bytes.readUInt16BE(at);
  }

  u32(at: number): number {
    this.#demand(at, 4);
    return this.#littleEndian ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }

  /** An unsigned 64-bit value that must fit a JavaScript number exactly: nothing in a real disk image is larger. */
  u64(at: number): number {
    return demandExact(Number(this.big(at)), this.what);
  }

  /** An unsigned 64-bit value as it is, for bit fields and object ids. */
  big(at: number): bigint {
    this.#demand(at, 8);
    return this.#littleEndian ? this.bytes.readBigUInt64LE(at) : this.bytes.readBigUInt64BE(at);
  }

  slice(at: number, length: number): Buffer {
    this.#demand(at, length);
    return this.bytes.subarray(at, at + length);
  }

  /** A structure inside this one. */
  part(at: number, length: number, what: string = this.what): ByteRecord {
    return new ByteRecord(this.slice(at, length), this.#littleEndian ? "little" : "big", what);
  }

  /** Bytes up to the first NUL, as UTF-8. */
  text(at: number, length: number): string {
    const bytes = this.slice(at, length);
    const end = bytes.indexOf(0);
    return bytes.toString("utf8", 0, end < 0 ? length : end);
  }

  /** A UUID in its usual spelling, from 16 bytes in that order. */
  uuid(at: number): string {
    return this.slice(at, 16)
      .toString("hex")
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  #demand(at: number, length: number): void {
    demandBytes(this.bytes, at, length, this.what);
  }
}
