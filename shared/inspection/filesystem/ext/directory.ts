import { slice, uint8, uint16le, uint32le } from "../../source/byte-fields.ts";
import { MalformedImage } from "../../source/byte-source.ts";

/** Names of a directory with the inodes they stand for. */
export type ExtDirectory = ReadonlyMap<string, number>;

/** Size of an entry without its name. */
const entryHeader = 8;

/**
 * Adds the entries of one piece of a directory: a block, or one of the two inline pieces.
 * The index blocks of hashed directories look like blocks with nothing in use, so a plain scan passes over them.
 */
export function parseEntries(piece: Buffer, hasTypes: boolean, into: Map<string, number>): void {
  let at = 0;
  while (at + entryHeader <= piece.length) {
    const inode = uint32le(piece, at);
    const length = recordLength(uint16le(piece, at + 4), piece.length);
    // Without the file type feature the byte of the type is the high half of the name's length.
    const nameLength = hasTypes ? uint8(piece, at + 6) : uint16le(piece, at + 6);
    if (length < entryHeader || at + length > piece.length) {
      throw new MalformedImage("A directory entry is longer than its block.");
    }
    if (inode !== 0) {
      if (nameLength > length - entryHeader || nameLength > 255) {
        throw new MalformedImage("A name in a directory is longer than its entry.");
      }
      const name = slice(piece, at + entryHeader, nameLength).toString("utf8");
      if (isPlainName(name)) into.set(name, inode);
    }
    at += length;
  }
}

/** Lengths of 64 KiB do not fit 16 bits: the two lowest bits, free as entries are aligned, stand for the highest. */
function recordLength(stored: number, blockSize: number): number {
  if (blockSize < 65536) return stored;
  if (stored === 0 || stored === 65535) return blockSize;
  return (stored & 0xfffc) | ((stored & 3) << 16);
}

function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0");
}
