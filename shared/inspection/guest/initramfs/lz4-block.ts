import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { FileCursor } from "./file-cursor.ts";

/** Magic of the legacy frame (lz4_Frame_format.md), the only one that the kernel's unpacker takes. */
const lz4LegacyMagic = 0x184c2102;
const blockBytes = 8 * 2 ** 20;
const maximumCompressedBytes = blockBytes + blockBytes / 255 + 16;

/** The contents of an LZ4 legacy frame, block by block; each is valid until the next is asked for. The frame ends with the file, or with zeros behind it. */
export async function* unpackLz4Legacy(cursor: FileCursor): AsyncGenerator<Buffer> {
  if ((await cursor.take(4)).readUInt32LE(0) !== lz4LegacyMagic) throw new CannotTell("this is no LZ4 legacy frame");
  const output = Buffer.alloc(blockBytes);
  while (!cursor.atEnd) {
    const size = (await cursor.peek(4)).length < 4 ? 0 : (await cursor.take(4)).readUInt32LE(0);
    if (size === 0) return;
    // Frames may follow each other.
    if (size === lz4LegacyMagic) continue;
    if (size > maximumCompressedBytes) throw new MalformedImage("an LZ4 block is larger than the format allows");
    yield unpackLz4Block(await cursor.take(size), output);
  }
}

/** Unpacks one block (lz4_Block_format.md) into `output` and answers the part of it that was filled. */
export function unpackLz4Block(input: Buffer, output: Buffer): Buffer {
  let from = 0;
  let to = 0;

  /** A length of four bits goes on in bytes of 255 when it is 15. */
  function longLength(short: number): number {
    if (short !== 15) return short;
    let length = 15;
    for (;;) {
      const more = input[from];
      if (more === undefined) throw new MalformedImage("an LZ4 block ends in the middle");
      from += 1;
      length += more;
      if (more !== 255) return length;
    }
  }

  while (from < input.length) {
    const token = input[from] ?? 0;
    from += 1;
    const literals = longLength(token >> 4);
    if (from + literals > input.length || to + literals > output.length) {
      throw new MalformedImage("an LZ4 block has more literals than bytes");
    }
    input.copy(output, to, from, from + literals);
    from += literals;
    to += literals;
    // The last sequence has literals only.
    if (from === input.length) break;
    const distance = from + 2 <= input.length ? input.readUInt16LE(from) : 0;
    from += 2;
    const length = longLength(token & 15) + 4;
    if (distance === 0 || distance > to || to + length > output.length) {
      throw new MalformedImage("an LZ4 block refers to bytes that it does not have");
    }
    if (distance >= length) output.copyWithin(to, to - distance, to - distance + length);
    else for (let index = 0; index < length; index += 1) output[to + index] = output[to + index - distance] ?? 0;
    to += length;
  }
  return output.subarray(0, to);
}
