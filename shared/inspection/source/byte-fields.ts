/**
 * Numbers in headers of images. Offsets come from hostile data, so reading past the end of the bytes is a
 * MalformedImage and not a RangeError, and 64-bit numbers above 2^53 are refused instead of rounded.
 */
import { MalformedImage } from "./byte-source.ts";

/** Throws a MalformedImage that names the structure unless it has `length` bytes at `offset`. */
export function demandBytes(bytes: Uint8Array, offset: number, length: number, what = "A structure"): void {
  const isThere = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!isThere || offset + length > bytes.length) {
    throw new MalformedImage(`${what}: ${length} bytes at ${offset} lie outside its ${bytes.length} bytes.`);
  }
}

export function uint8(bytes: Buffer, offset: number): number {
  demandBytes(bytes, offset, 1);
  return bytes.readUInt8(offset);
}

export function uint16le(bytes: Buffer, offset: number): number {
  demandBytes(bytes, offset, 2);
  return bytes.readUInt16LE(offset);
}

export function uint16be(bytes: Buffer, offset: number): number {
  demandBytes(bytes, offset, 2);
  return bytes.readUInt16BE(offset);
}

export function uint32le(bytes: Buffer, offset: number): number {
  demandBytes(bytes, offset, 4);
  return bytes.readUInt32LE(offset);
}

export function uint32be(bytes: Buffer, offset: number): number {
  demandBytes(bytes, offset, 4);
  return bytes.readUInt32BE(offset);
}

/** A 64-bit number that fits a double exactly; larger ones are a MalformedImage: no size or offset needs them. */
export function uint64le(bytes: Buffer, offset: number): number {
  return exact(uint32le(bytes, offset + 4), uint32le(bytes, offset));
}

/** As `uint64le`, most significant byte first. */
export function uint64be(bytes: Buffer, offset: number): number {
  return exact(uint32be(bytes, offset), uint32be(bytes, offset + 4));
}

function exact(high: number, low: number): number {
  return demandExact(high * 2 ** 32 + low);
}

/** A number that a double holds exactly: nothing in a real disk image is larger. */
export function demandExact(value: number, what = "A structure"): number {
  if (!Number.isSafeInteger(value))
    throw new MalformedImage(`${what}: a 64-bit number is larger than anything can be.`);
  return value;
}

/** `length` bytes from `offset` as a view; a MalformedImage when they are not all there. */
export function slice(bytes: Buffer, offset: number, length: number): Buffer {
  demandBytes(bytes, offset, length);
  return bytes.subarray(offset, offset + length);
}

/** Whether `text` (ASCII or latin1) stands at `offset`; false when the bytes end before it. */
export function hasText(bytes: Buffer, offset: number, text: string): boolean {
  return bytes.length >= offset + text.length && bytes.toString("latin1", offset, offset + text.length) === text;
}

/** Whether a whole number is a power of two from `least` to `most`, as sizes of blocks are. */
export function isPowerOfTwo(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && (value & (value - 1)) === 0;
}
