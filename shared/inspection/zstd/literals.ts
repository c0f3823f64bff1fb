/** The literals of a Zstandard block (RFC 8878, 3.1.1.3.1 and 4.2). */
import type { ByteRecord } from "../source/byte-record.ts";
import { MalformedImage } from "../source/byte-source.ts";
import { BackwardBits, readTable } from "./fse.ts";

/** By the next `bits` bits of a stream: the symbol they begin with, and how many of them it takes. */
export interface HuffmanTable {
  readonly bits: number;
  readonly symbols: Uint8Array;
  readonly widths: Uint8Array;
}

const maxHuffmanBits = 11;
export const maxBlockBytes = 128 * 1024;

/** Weights packed with two states that take turns, until the bits are used up. */
function unpackWeights(bytes: Uint8Array): number[] {
  const { table, next } = readTable(bytes, 0, { bits: 6, symbols: maxHuffmanBits + 2 });
  const stream = new BackwardBits(bytes.subarray(next));
  const weights: number[] = [];
  let state = stream.read(table.bits);
  let other = stream.read(table.bits);
  for (;;) {
    if (weights.length > 254) throw new MalformedImage("A Huffman tree of zstd is too large");
    weights.push(table.symbols[state] ?? 0);
    const width = table.widths[state] ?? 0;
    if (width > stream.left) {
      weights.push(table.symbols[other] ?? 0);
      return weights;
    }
    const following = (table.bases[state] ?? 0) + stream.read(width);
    state = other;
    other = following;
  }
}

function readTree(record: ByteRecord): { readonly table: HuffmanTable; readonly next: number } {
  const head = record.u8(0);
  const size = head < 128 ? head : Math.ceil((head - 127) / 2);
  const bytes = record.slice(1, size);
  const weights =
    head < 128
      ? unpackWeights(bytes)
      : Array.from({ length: head - 127 }, (_, index) => ((bytes[index >> 1] ?? 0) >> (index % 2 === 0 ? 4 : 0)) & 15);
  return { table: buildTree(weights), next: 1 + size };
}

/** The weight of the last symbol is what is missing to a power of two. */
function buildTree(weights: readonly number[]): HuffmanTable {
  const sum = weights.reduce((total, weight) => total + (weight === 0 ? 0 : 2 ** (weight - 1)), 0);
  const bits = sum === 0 ? 0 : 32 - Math.clz32(sum);
  const missing = 2 ** bits - sum;
  if (bits === 0 || bits > maxHuffmanBits || (missing & (missing - 1)) !== 0) {
    throw new MalformedImage("A Huffman tree of zstd does not add up");
  }
  const all = [...weights, 32 - Math.clz32(missing)];
  const symbols = new Uint8Array(2 ** bits);
  const widths = new Uint8Array(2 ** bits);
  let at = 0;
  for (let weight = 1; weight <= bits; weight++) {
    const places = 2 ** (weight - 1);
    all.forEach((candidate, symbol) => {
      if (candidate !== weight) return;
      symbols.fill(symbol, at, at + places);
      widths.fill(bits + 1 - weight, at, at + places);
      at += places;
    });
  }
  return { bits, symbols, widths };
}

function decodeStream(table: HuffmanTable, bytes: Uint8Array, output: Uint8Array): void {
  const stream = new BackwardBits(bytes);
  for (let to = 0; to < output.length; to++) {
    const code = stream.peek(table.bits);
    output[to] = table.symbols[code] ?? 0;
    stream.left -= table.widths[code] ?? 0;
    if (stream.left < 0) throw new MalformedImage("Literals of zstd end too early");
  }
  if (stream.left !== 0) throw new MalformedImage("Literals of zstd are longer than they say");
}

/** One stream, or four of equal length behind a table of the sizes of the first three. */
function decodeStreams(
  table: HuffmanTable,
  record: ByteRecord,
  at: number,
  size: number,
  output: Uint8Array,
  isFour: boolean,
): void {
  if (!isFour) {
    decodeStream(table, record.slice(at, size), output);
    return;
  }
  const part = Math.ceil(output.length / 4);
  let from = at + 6;
  for (let index = 0; index < 4; index++) {
    const length = index < 3 ? record.u16(at + index * 2) : at + size - from;
    if (length < 0 || from + length > at + size) throw new MalformedImage("Literals of zstd do not fit their block");
    decodeStream(
      table,
      record.slice(from, length),
      output.subarray(index * part, index < 3 ? (index + 1) * part : undefined),
    );
    from += length;
  }
}

/** Sizes in the header take 5 to 20 bits each, as its first bits say. */
function readHeader(record: ByteRecord): { kind: number; size: number; stored: number; next: number; isFour: boolean } {
  const first = record.u8(0);
  const kind = first & 3;
  const format = (first >> 2) & 3;
  if (kind < 2) {
    const bytes = (format & 1) === 0 ? 1 : format === 1 ? 2 : 3;
    const value = record.slice(0, bytes).readUIntLE(0, bytes);
    const size = bytes === 1 ? value >> 3 : value >> 4;
    return { kind, size, stored: kind === 0 ? size : 1, next: bytes, isFour: false };
  }
  const width = [10, 10, 14, 18][format] ?? 0;
  const bytes = [3, 3, 4, 5][format] ?? 0;
  const value = Math.floor(record.slice(0, bytes).readUIntLE(0, bytes) / 16);
  return { kind, size: value % 2 ** width, stored: Math.floor(value / 2 ** width), next: bytes, isFour: format !== 0 };
}

/** The literals at the head of a block, where its sequences begin, and the tree to use when the next block has none. */
export function readLiterals(
  record: ByteRecord,
  previous: HuffmanTable | undefined,
): { readonly literals: Uint8Array; readonly next: number; readonly table: HuffmanTable | undefined } {
  const { kind, size, stored, next, isFour } = readHeader(record);
  if (size > maxBlockBytes) throw new MalformedImage(`A zstd block with ${size} literals`);
  const body = record.part(next, stored);
  const end = next + stored;
  if (kind === 0) return { literals: body.bytes, next: end, table: previous };
  if (kind === 1) return { literals: new Uint8Array(size).fill(body.u8(0)), next: end, table: previous };
  const tree = kind === 2 ? readTree(body) : { table: previous, next: 0 };
  if (tree.table === undefined) throw new MalformedImage("A zstd block relies on a Huffman tree that was not there");
  const literals = new Uint8Array(size);
  decodeStreams(tree.table, body, tree.next, stored - tree.next, literals, isFour);
  return { literals, next: end, table: tree.table };
}
