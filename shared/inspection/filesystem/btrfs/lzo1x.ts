import { MalformedImage } from "../../source/byte-source.ts";

/** Where the decoder stands: input and output with their positions. */
interface Progress {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  from: number;
  to: number;
}

function next(progress: Progress): number {
  const byte = progress.input[progress.from++];
  if (byte === undefined) throw new MalformedImage("LZO data ends too early");
  return byte;
}

/** A length whose low bits are all zero goes on in further bytes: 255 for each zero byte, then the last byte. */
function longLength(progress: Progress, base: number): number {
  let length = base;
  let byte = next(progress);
  while (byte === 0) {
    length += 255;
    byte = next(progress);
  }
  return length + byte;
}

function copyLiterals(progress: Progress, length: number): void {
  const { input, output, from, to } = progress;
  if (from + length > input.length || to + length > output.length) throw new MalformedImage("LZO literals do not fit");
  output.set(input.subarray(from, from + length), to);
  progress.from += length;
  progress.to += length;
}

/** May overlap with what it writes, byte by byte. */
function copyMatch(progress: Progress, distance: number, length: number): void {
  const { output, to } = progress;
  if (distance > to || to + length > output.length) throw new MalformedImage("An LZO match lies outside its data");
  for (let at = to; at < to + length; at++) output[at] = output[at - distance] ?? 0;
  progress.to += length;
}

/**
 * Decodes one LZO1X stream into `output` and says how many bytes it gave. Written from the description of the stream in
 * the Linux kernel's documentation ("LZO stream format as understood by Linux' LZO decompressor").
 * Throws MalformedImage rather than read or write outside the two arrays.
 */
export function decodeLzo1x(input: Uint8Array, output: Uint8Array): number {
  const progress: Progress = { input, output, from: 0, to: 0 };
  /** Literals copied by the last instruction; 4 stands for a whole run of them. */
  let state = 0;
  if ((input[0] ?? 0) > 17) {
    const length = next(progress) - 17;
    copyLiterals(progress, length);
    state = Math.min(length, 4);
  }
  for (;;) {
    const code = next(progress);
    if (code < 16 && state === 0) {
      copyLiterals(progress, (code === 0 ? longLength(progress, 15) : code) + 3);
      state = 4;
      continue;
    }
    let distance: number;
    let length: number;
    let trailing = code & 3;
    if (code >= 64) {
      distance = ((next(progress) << 3) | ((code >> 2) & 7)) + 1;
      length = (code >> 5) + 1;
    } else if (code >= 16) {
      const lengthBits = code >= 32 ? 31 : 7;
      length = ((code & lengthBits) === 0 ? longLength(progress, lengthBits) : code & lengthBits) + 2;
      const word = next(progress) | (next(progress) << 8);
      trailing = word & 3;
      distance = code >= 32 ? (word >> 2) + 1 : ((code & 8) << 11) + (word >> 2);
      if (code < 32) {
        if (distance === 0) return progress.to;
        distance += 0x4000;
      }
    } else {
      distance = (next(progress) << 2) + (code >> 2) + (state === 4 ? 0x801 : 1);
      length = state === 4 ? 3 : 2;
    }
    copyMatch(progress, distance, length);
    copyLiterals(progress, trailing);
    state = trailing;
  }
}
