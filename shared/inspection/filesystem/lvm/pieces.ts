import { type ByteSource, MalformedImage } from "../../source/byte-source.ts";

/** `size` bytes from `start` of a logical volume, which lie at `offset` of a physical one. */
export interface Piece {
  readonly source: ByteSource;
  readonly start: number;
  readonly size: number;
  readonly offset: number;
}

/** One source made of pieces, which must follow each other without a gap and lie within their own sources. */
export function sourceOfPieces(unordered: readonly Piece[]): ByteSource {
  const pieces = unordered.toSorted((one, other) => one.start - other.start);
  let size = 0;
  for (const piece of pieces) {
    const isInside = Number.isSafeInteger(piece.offset + piece.size) && piece.offset + piece.size <= piece.source.size;
    if (piece.start !== size || piece.size === 0 || !isInside) {
      throw new MalformedImage("The segments of an LVM volume do not fit together, or lie outside their partition.");
    }
    size += piece.size;
  }
  return {
    size,
    async read(offset, length) {
      const end = offset + length;
      if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0 || end > size) {
        throw new MalformedImage(`${length} bytes at ${offset} lie outside a volume of ${size} bytes.`);
      }
      const touched = pieces.filter((piece) => piece.start < end && piece.start + piece.size > offset);
      const parts = touched.map((piece) => {
        const from = Math.max(offset, piece.start);
        const to = Math.min(end, piece.start + piece.size);
        return piece.source.read(piece.offset + (from - piece.start), to - from);
      });
      const [only = Buffer.alloc(0), ...more] = await Promise.all(parts);
      return more.length === 0 ? only : Buffer.concat([only, ...more]);
    },
  };
}

/** A volume that is there but cannot be read: every look at it says why. */
export function unreadableSource(size: number, reason: Error): ByteSource {
  return {
    size,
    async read() {
      throw reason;
    },
  };
}
