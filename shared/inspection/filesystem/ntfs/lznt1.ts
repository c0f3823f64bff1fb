import { MalformedImage } from "../../source/byte-source.ts";

const CHUNK_SIZE = 4096;

/** How many of a token's 16 bits are its length: fewer the further back it may point. */
function lengthBits(position: number): number {
  let bits = 12;
  for (let reach = position - 1; reach >= 16; reach >>= 1) bits--;
  return bits;
}

/** One chunk: flag bytes for eight items each, which are literal bytes or two-byte references within the chunk. */
function decodeChunk(input: Buffer, output: Buffer): void {
  let to = 0;
  for (let at = 0; at < input.length; ) {
    let flags = input.readUInt8(at++);
    for (let item = 0; item < 8 && at < input.length; item++, flags >>= 1) {
      if ((flags & 1) === 0) {
        if (to === output.length) throw new MalformedImage("LZNT1 data is longer than its chunk");
        output[to++] = input.readUInt8(at++);
        continue;
      }
      if (at + 2 > input.length) throw new MalformedImage("LZNT1 data ends too early");
      const token = input.readUInt16LE(at);
      at += 2;
      const bits = lengthBits(to);
      const distance = (token >> bits) + 1;
      const length = (token & (2 ** bits - 1)) + 3;
      if (distance > to || to + length > output.length) throw new MalformedImage("An LZNT1 reference leads outside");
      for (const end = to + length; to < end; to++) output[to] = output[to - distance] ?? 0;
    }
  }
}

/**
 * Decompresses one compression unit of NTFS ([MS-XCA] 2.5, LZNT1) to exactly `length` bytes; what the data does not
 * give is zeros. Throws MalformedImage instead of reading or writing outside.
 */
export function decodeLznt1(input: Buffer, length: number): Buffer {
  const output = Buffer.alloc(length);
  let at = 0;
  for (let to = 0; to < length && at + 2 <= input.length; to += CHUNK_SIZE) {
    const header = input.readUInt16LE(at);
    if (header === 0) break;
    const size = (header & 0xfff) + 1;
    if (at + 2 + size > input.length) throw new MalformedImage("An LZNT1 chunk is longer than its unit");
    const chunk = input.subarray(at + 2, at + 2 + size);
    const target = output.subarray(to, to + CHUNK_SIZE);
    if ((header & 0x8000) === 0) chunk.copy(target);
    else decodeChunk(chunk, target);
    at += 2 + size;
  }
  return output;
}
