import { CannotTell, MalformedImage } from "./byte-source.ts";

/** No single structure that an inspection reads is larger; more is a hostile length. */
const maximumReadInBytes = 64 * 2 ** 20;

/** Throws unless `length` bytes from `offset` lie within `size` and are few enough to allocate. */
export function checkReadBounds(size: number, offset: number, length: number): void {
  const sane = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!sane || offset + length > size) {
    throw new MalformedImage(`${length} bytes at ${offset} lie outside the ${size} bytes that there are.`);
  }
  if (length > maximumReadInBytes) throw new CannotTell(`A read of ${length} bytes at once is over the limit.`);
}
