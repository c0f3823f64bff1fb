/**
 * Numbers in headers of images. Offsets come from hostile data, so reading past the end of the bytes is a
 * MalformedImage and not a RangeError, and 64-bit numbers above 2^53 are refused instead of rounded.
 */
import { MalformedImage } from "./source/byte-source.ts";

function checkField(bytes: Uint8Array, offset: number, width: number): void {
  if (!Number.isInteger(offset) || offset < 0 || offset + width > bytes.length) {
    throw new MalformedImage(
      `A field of ${width} bytes at ${offset} lies outside its structure of ${bytes.length} bytes.`,
    );
  }
}

export function uint8(bytes: Buffer, offset: number): number {
  checkField(bytes, offset, 1);
  return bytes.readUInt8(offset);
}

export function uint16le(bytes: Buffer, offset: number): number {
  checkField(bytes, offset, 2);
  return bytes.readUInt16LE(offset);
}

export function uint16be(bytes: Buffer, offset: number): number {
  checkField(bytes, offset, 2);
  return bytes.readUInt16BE(offset);
}

export function uint32le(bytes: Buffer, offset: number): number {
  checkField(bytes, offset, 4);
  return bytes.readUInt32LE(offset);
}

export function uint32be(bytes: Buffer, offset: number): number {
  checkField(bytes, offset, 4);
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
  const value = high * 2 ** 32 + low;
  if (!Number.isSafeInteger(value))
    throw new MalformedImage("A 64-bit number is larger than any size or offset can be.");
  return value;
}

/** `length` bytes from `offset` as a view; a MalformedImage when they are not all there. */
export function slice(bytes: Buffer, offset: number, length: number): Buffer {
  if (!Number.isInteger(length) || length < 0) throw new MalformedImage(`A length of ${length} bytes is impossible.`);
  checkField(bytes, offset, length);
  return bytes.subarray(offset, offset + length);
}

/** Whether `text` (ASCII or latin1) stands at `offset`; false when the bytes end before it. */
export function hasText(bytes: Buffer, offset: number, text: string): boolean {
  return bytes.length >= offset + text.length && bytes.toString("latin1", offset, offset + text.length) === text;
}
