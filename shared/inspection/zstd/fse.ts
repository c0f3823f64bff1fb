/** Finite state entropy: the tables and the backward bit stream of Zstandard (RFC 8878, 4.1). */
import { MalformedImage } from "../source/byte-source.ts";

/** By state: the symbol it stands for, and how the next state follows. */
export interface FseTable {
  /** Bits of a first state. */
  readonly bits: number;
  readonly symbols: Uint8Array;
  readonly widths: Uint8Array;
  readonly bases: Uint16Array;
}

/** Bits that are read from the end of some bytes to their beginning; a 1 bit marks where they start. */
export class BackwardBits {
  readonly bytes: Uint8Array;
  /** Bits that are left. */
  left: number;

  constructor(bytes: Uint8Array) {
    const last = bytes.at(-1) ?? 0;
    if (last === 0) throw new MalformedImage("A bit stream of zstd has no end mark");
    this.bytes = bytes;
    this.left = bytes.length * 8 - 1 - Math.clz32(last) + 24;
  }

  /** The next `width` bits (up to 31); MalformedImage when there are fewer. */
  read(width: number): number {
    if (width > 16) return this.read(width - 16) * 65_536 + this.read(16);
    this.left -= width;
    if (this.left < 0) throw new MalformedImage("A bit stream of zstd ends too early");
    return this.#at(this.left, width);
  }

  /** The next `width` bits (up to 16) without going on, filled up with zeros where there are fewer. */
  peek(width: number): number {
    if (this.left >= width) return this.#at(this.left - width, width);
    return this.#at(0, this.left) << (width - this.left);
  }

  #at(bit: number, width: number): number {
    const { bytes } = this;
    const at = bit >> 3;
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    return (word >> (bit & 7)) & ((1 << width) - 1);
  }
}

/** A table that always gives the same symbol. */
export function constantTable(symbol: number): FseTable {
  return { bits: 0, symbols: Uint8Array.of(symbol), widths: Uint8Array.of(0), bases: Uint16Array.of(0) };
}

/** Spreads symbols over the states by how often they occur, in parts of `2 ** bits`; -1 stands for "less than once". */
export function buildTable(counts: readonly number[], bits: number): FseTable {
  const size = 2 ** bits;
  const symbols = new Uint8Array(size);
  const next = counts.map((count) => Math.abs(count));
  let high = size;
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[--high] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let state = 0;
  counts.forEach((count, symbol) => {
    for (let index = 0; index < count; index++) {
      symbols[state] = symbol;
      do state = (state + step) & (size - 1);
      while (state >= high);
    }
  });
  const widths = new Uint8Array(size);
  const bases = new Uint16Array(size);
  symbols.forEach((symbol, index) => {
    const count = next[symbol] ?? 0;
    next[symbol] = count + 1;
    const width = bits - (31 - Math.clz32(count));
    widths[index] = width;
    bases[index] = count * 2 ** width - size;
  });
  return { bits, symbols, widths, bases };
}

/** Reads the description of a table at `at`: the counts of its symbols, each in as few bits as are still possible. */
export function readTable(
  bytes: Uint8Array,
  at: number,
  limits: { readonly bits: number; readonly symbols: number },
): { readonly table: FseTable; readonly next: number } {
  let bit = at * 8;
  const take = (width: number): number => {
    const from = bit >> 3;
    if (from >= bytes.length) throw new MalformedImage("A table of zstd ends too early");
    const word = (bytes[from] ?? 0) | ((bytes[from + 1] ?? 0) << 8) | ((bytes[from + 2] ?? 0) << 16);
    const value = (word >> (bit & 7)) & ((1 << width) - 1);
    bit += width;
    return value;
  };
  const bits = take(4) + 5;
  if (bits > limits.bits) throw new MalformedImage(`A table of zstd with ${bits} bits`);
  const counts: number[] = [];
  let left = 2 ** bits;
  while (left > 0 && counts.length < limits.symbols) {
    const width = 32 - Math.clz32(left + 1);
    const spare = 2 ** width - 2 - left;
    let value = take(width);
    const low = value & (2 ** (width - 1) - 1);
    if (low < spare) {
      bit--;
      value = low;
    } else if (value >= 2 ** (width - 1)) value -= spare;
    const count = value - 1;
    left -= Math.abs(count);
    counts.push(count);
    if (count !== 0) continue;
    for (let zeros = 3; zeros === 3; ) {
      zeros = take(2);
      for (let index = 0; index < zeros; index++) counts.push(0);
    }
  }
  if (left !== 0 || counts.length > limits.symbols) throw new MalformedImage("A table of zstd does not add up");
  return { table: buildTable(counts, bits), next: Math.ceil(bit / 8) };
}
