import { slice, uint8, uint16le, uint32le } from "../../source/byte-fields.ts";

/** One entry of a FAT directory. */
export interface FatEntry {
  readonly name: string;
  /** The 8.3 name, by which the entry is found as well. */
  readonly shortName: string;
  readonly isDirectory: boolean;
  readonly firstCluster: number;
  readonly size: number;
}

const entrySize = 32;
const attributeLongName = 0x0f;
const attributeVolumeLabel = 0x08;
const attributeDirectory = 0x10;
const unitsPerPart = 13;
const maximumParts = 20;

/** The entries in the bytes of a directory, but `.`, `..`, deleted ones and the volume label. */
export function parseFatDirectory(bytes: Buffer, bits: 12 | 16 | 32): FatEntry[] {
  const entries: FatEntry[] = [];
  let long = new LongName();
  for (let at = 0; at + entrySize <= bytes.length; at += entrySize) {
    const entry = slice(bytes, at, entrySize);
    const first = uint8(entry, 0);
    if (first === 0) break;
    const attributes = uint8(entry, 11);
    if (first !== 0xe5 && (attributes & 0x3f) === attributeLongName) {
      long.add(entry);
      continue;
    }
    const longName = long.nameFor(entry);
    long = new LongName();
    if (first === 0xe5 || attributes & attributeVolumeLabel) continue;
    const shortName = shortNameOf(entry);
    const name = longName ?? shortName;
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) continue;
    entries.push({
      name,
      shortName,
      isDirectory: (attributes & attributeDirectory) !== 0,
      firstCluster: uint16le(entry, 26) + (bits === 32 ? uint16le(entry, 20) * 65536 : 0),
      size: uint32le(entry, 28),
    });
  }
  return entries;
}

/** Gathers the parts of a long name, which come last part first, before the short entry that they belong to. */
class LongName {
  readonly #parts = new Map<number, string>();
  #checksum = -1;
  #count = 0;

  add(entry: Buffer): void {
    const sequence = uint8(entry, 0);
    const number = sequence & 0x3f;
    if (sequence & 0x40) {
      this.#parts.clear();
      this.#count = number;
      this.#checksum = uint8(entry, 13);
    }
    if (number < 1 || number > maximumParts || uint8(entry, 13) !== this.#checksum) {
      this.#count = 0;
      return;
    }
    const units = Buffer.concat([slice(entry, 1, 10), slice(entry, 14, 12), slice(entry, 28, 4)]);
    this.#parts.set(number, units.toString("utf16le", 0, unitsPerPart * 2));
  }

  /** The whole name, when every part is there and the checksum is that of the short name. */
  nameFor(shortEntry: Buffer): string | undefined {
    if (this.#count === 0 || this.#parts.size !== this.#count) return undefined;
    if (checksumOf(slice(shortEntry, 0, 11)) !== this.#checksum) return undefined;
    let name = "";
    for (let number = 1; number <= this.#count; number += 1) name += this.#parts.get(number) ?? "";
    const end = name.indexOf("\0");
    return end < 0 ? name : name.slice(0, end);
  }
}

function checksumOf(shortName: Buffer): number {
  let sum = 0;
  for (const byte of shortName) sum = (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff;
  return sum;
}

function shortNameOf(entry: Buffer): string {
  // Byte 12 says that the base (0x08) or the extension (0x10) stands for its lower case, as Windows and Linux write it.
  const folding = uint8(entry, 12);
  const raw = Buffer.from(slice(entry, 0, 11));
  if (raw[0] === 0x05) raw[0] = 0xe5;
  const base = raw.toString("latin1", 0, 8).trimEnd();
  const extension = raw.toString("latin1", 8, 11).trimEnd();
  const shownBase = folding & 0x08 ? base.toLowerCase() : base;
  const shownExtension = folding & 0x10 ? extension.toLowerCase() : extension;
  return shownExtension === "" ? shownBase : `${shownBase}.${shownExtension}`;
}
