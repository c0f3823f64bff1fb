/**
 * A Zstandard decoder (RFC 8878) for data that nobody vouches for: every size is checked, and each step gives at least
 * as much output as it costs. The usual library (fzstd 0.1.1) runs for minutes on a frame of twenty bytes.
 */
import { ByteRecord } from "../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../source/byte-source.ts";
import { BackwardBits, buildTable, constantTable, type FseTable, readTable } from "./fse.ts";
import { type HuffmanTable, maxBlockBytes, readLiterals } from "./literals.ts";

/** How one of the three numbers of a sequence is coded: by default, and at most. */
interface Coding {
  readonly normal: FseTable;
  readonly bits: number;
  readonly symbols: number;
}

const ones = (count: number) => Array.from({ length: count }, () => 1);
const rare = (count: number) => Array.from({ length: count }, () => -1);
const twos = (count: number) => Array.from({ length: count }, () => 2);

const literalCoding: Coding = {
  normal: buildTable([4, 3, ...twos(11), 1, 1, 1, ...twos(9), 3, 2, ...ones(5), ...rare(4)], 6),
  bits: 9,
  symbols: 36,
};
const offsetCoding: Coding = {
  normal: buildTable([...ones(6), 2, 2, 2, ...ones(15), ...rare(5)], 5),
  bits: 8,
  symbols: 32,
};
const matchCoding: Coding = {
  normal: buildTable([1, 4, 3, ...twos(6), ...ones(37), ...rare(7)], 6),
  bits: 9,
  symbols: 53,
};

/** Codes beyond the first ones stand for ranges: so many further bits choose in them. */
function widthsOf(codesOfOne: number, widths: string): number[] {
  return [...Array.from({ length: codesOfOne }, () => 0), ...widths.split(" ").map(Number)];
}
const literalWidths = widthsOf(16, "1 1 1 1 2 2 3 3 4 6 7 8 9 10 11 12 13 14 15 16");
const matchWidths = widthsOf(32, "1 1 1 1 2 2 3 3 4 4 5 7 8 9 10 11 12 13 14 15 16");

function basesOf(widths: readonly number[], first: number): number[] {
  let base = first;
  return widths.map((width) => {
    base += 2 ** width;
    return base - 2 ** width;
  });
}
const literalBases = basesOf(literalWidths, 0);
const matchBases = basesOf(matchWidths, 3);

/** Room to begin with. A frame may ask for a large window and use nothing of it: to fill that with zeros takes time. */
const firstRoom = 2 * maxBlockBytes;

/** The blocks of one frame, one after the other. What came before stays within reach as far as the window goes. */
export class ZstdBlocks {
  readonly #room: number;
  readonly #window: number;
  #output: Buffer;
  #length = 0;
  #huffman: HuffmanTable | undefined;
  #tables: (FseTable | undefined)[] = [];
  #offsets: [number, number, number] = [1, 4, 8];

  /** `room` for output: with a `window` less than that, older output gives way when it is full. */
  constructor(room: number, window: number = room) {
    this.#room = room;
    this.#window = window;
    this.#output = Buffer.alloc(Math.min(room, firstRoom));
  }

  /** All that is within reach: everything so far, as long as it fits the room. */
  get output(): Buffer {
    return this.#output.subarray(0, this.#length);
  }

  /** What a block gives, as a view until the next block. `kind` and `size` are those of its header. */
  decode(kind: number, size: number, body: Buffer): Buffer {
    if (kind > 2 || size > maxBlockBytes) throw new MalformedImage("An impossible zstd block");
    if (this.#length + maxBlockBytes > this.#room && this.#length > this.#window) {
      this.#output.copyWithin(0, this.#length - this.#window, this.#length);
      this.#length = this.#window;
    }
    const start = this.#length;
    if (kind === 0) this.#append(body);
    else if (kind === 1) this.#append(Buffer.alloc(size, body.subarray(0, 1)));
    else this.#decodeSequences(new ByteRecord(body, "little", "A zstd block"), start);
    return this.#output.subarray(start, this.#length);
  }

  #append(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#output.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #makeRoom(bytes: number): void {
    const end = this.#length + bytes;
    if (end > this.#room) throw new MalformedImage("zstd data give more than they may");
    if (end <= this.#output.length) return;
    const grown = Buffer.alloc(Math.min(this.#room, Math.max(end, 2 * this.#output.length)));
    this.#output.copy(grown, 0, 0, this.#length);
    this.#output = grown;
  }

  #decodeSequences(record: ByteRecord, start: number): void {
    const { literals, next, table } = readLiterals(record, this.#huffman);
    this.#huffman = table;
    let at = next;
    let count = record.u8(at++);
    if (count === 255) {
      count = record.u16(at) + 0x7f00;
      at += 2;
    } else if (count > 127) count = (count - 128) * 256 + record.u8(at++);
    if (count === 0) {
      this.#append(literals);
      return;
    }
    const modes = record.u8(at++);
    const codings = [literalCoding, offsetCoding, matchCoding];
    this.#tables = codings.map((coding, index) => {
      const mode = (modes >> (6 - index * 2)) & 3;
      const read = this.#readTable(record, at, mode, coding, this.#tables[index]);
      at = read.next;
      return read.table;
    });
    const [literalTable, offsetTable, matchTable] = this.#tables;
    if (literalTable === undefined || offsetTable === undefined || matchTable === undefined) {
      throw new MalformedImage("A zstd block relies on tables that were not there");
    }
    const bits = new BackwardBits(record.slice(at, record.length - at));
    let literalState = bits.read(literalTable.bits);
    let offsetState = bits.read(offsetTable.bits);
    let matchState = bits.read(matchTable.bits);
    let used = 0;
    for (let left = count; left > 0; left--) {
      const offsetCode = offsetTable.symbols[offsetState] ?? 0;
      const matchCode = matchTable.symbols[matchState] ?? 0;
      const literalCode = literalTable.symbols[literalState] ?? 0;
      if (matchCode > 52 || literalCode > 35 || offsetCode > 31)
        throw new MalformedImage("A zstd sequence with an unknown code");
      const offsetValue = 2 ** offsetCode + bits.read(offsetCode);
      const length = (matchBases[matchCode] ?? 0) + bits.read(matchWidths[matchCode] ?? 0);
      const run = (literalBases[literalCode] ?? 0) + bits.read(literalWidths[literalCode] ?? 0);
      if (used + run > literals.length) throw new MalformedImage("A zstd block with too few literals");
      this.#append(literals.subarray(used, used + run));
      used += run;
      this.#repeat(this.#offsetOf(offsetValue, run), length, start);
      if (left === 1) break;
      literalState = (literalTable.bases[literalState] ?? 0) + bits.read(literalTable.widths[literalState] ?? 0);
      matchState = (matchTable.bases[matchState] ?? 0) + bits.read(matchTable.widths[matchState] ?? 0);
      offsetState = (offsetTable.bases[offsetState] ?? 0) + bits.read(offsetTable.widths[offsetState] ?? 0);
    }
    this.#append(literals.subarray(used));
  }

  /** A table by its mode: the normal one, a single symbol, a description, the one of the block before. */
  #readTable(
    record: ByteRecord,
    at: number,
    mode: number,
    coding: Coding,
    previous: FseTable | undefined,
  ): { readonly table: FseTable | undefined; readonly next: number } {
    if (mode === 0) return { table: coding.normal, next: at };
    if (mode === 1) return { table: constantTable(record.u8(at)), next: at + 1 };
    return mode === 2 ? readTable(record.bytes, at, coding) : { table: previous, next: at };
  }

  /** The three latest offsets have short names, which shift by one where no literals come before. */
  #offsetOf(value: number, run: number): number {
    const [first, second, third] = this.#offsets;
    if (value > 3) {
      this.#offsets = [value - 3, first, second];
      return value - 3;
    }
    const name = value + (run === 0 ? 1 : 0);
    if (name === 1) return first;
    const offset = name === 2 ? second : name === 3 ? third : first - 1;
    this.#offsets = name === 2 ? [second, first, third] : [offset, first, second];
    return offset;
  }

  #repeat(offset: number, length: number, start: number): void {
    const from = this.#length - offset;
    const end = this.#length + length;
    if (offset < 1 || from < 0) throw new MalformedImage("A zstd sequence reaches back too far");
    if (end - start > maxBlockBytes) throw new MalformedImage("zstd data give more than they may");
    this.#makeRoom(length);
    const output = this.#output;
    if (offset >= length && length > 32) output.copyWithin(this.#length, from, from + length);
    else for (let at = this.#length; at < end; at++) output[at] = output[at - offset] ?? 0;
    this.#length = end;
  }
}

/**
 * What the zstd frame at the head of some bytes gives, at most `room` bytes; what follows the frame is ignored.
 * Throws MalformedImage on damaged data and where they give more, CannotTell where a dictionary would be needed.
 */
export function decodeZstdFrame(bytes: Buffer, room: number): Buffer {
  const record = new ByteRecord(bytes, "little", "A zstd frame");
  if (record.u32(0) !== 0xfd2fb528) throw new MalformedImage("A zstd frame does not begin as one");
  const descriptor = record.u8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 3) !== 0) throw new CannotTell("A zstd frame that needs a dictionary");
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = 5 + (isSingleSegment ? 0 : 1) + contentSizeBytes;
  const blocks = new ZstdBlocks(room);
  for (let isLast = false; !isLast; ) {
    const header = record.u16(at) | (record.u8(at + 2) << 16);
    isLast = (header & 1) === 1;
    const kind = (header >> 1) & 3;
    const stored = kind === 1 ? 1 : header >> 3;
    blocks.decode(kind, header >> 3, record.slice(at + 3, stored));
    at += 3 + stored;
  }
  return blocks.output;
}
