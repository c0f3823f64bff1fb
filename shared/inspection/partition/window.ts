import { type ByteSource, MalformedImage } from "../source/byte-source.ts";

/** A view of `size` bytes of `disk` from `offset`, e.g. one partition. It must lie within the disk: MalformedImage. */
export function window(disk: ByteSource, offset: number, size: number): ByteSource {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(size) || offset < 0 || size < 0) {
    throw new MalformedImage(`A region of ${size} bytes at ${offset} cannot exist.`);
  }
  if (offset + size > disk.size) {
    throw new MalformedImage(`A region of ${size} bytes at ${offset} ends beyond the ${disk.size} bytes of the disk.`);
  }
  return {
    size,
    async read(at, length) {
      if (!Number.isSafeInteger(at) || !Number.isSafeInteger(length) || at < 0 || length < 0 || at + length > size) {
        throw new MalformedImage(`${length} bytes at ${at} lie outside a region of ${size} bytes.`);
      }
      return disk.read(offset + at, length);
    },
  };
}
