import type { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { HiveCells } from "./hive-cells.ts";
import { isSameName, nameOf, type RegistryKey } from "./registry-key.ts";

/**
 * A value by its type: text (REG_SZ, REG_EXPAND_SZ with its variables as they stand), numbers (REG_DWORD, REG_QWORD),
 * texts (REG_MULTI_SZ), bytes (everything else).
 */
export type RegistryValue = string | number | bigint | readonly string[] | Buffer;

const LATIN1_NAME = 1;
const KEPT_IN_PLACE = 0x8000_0000;
const bigSegmentInBytes = 16_344;
const maxValueInBytes = 1024 * 1024;
const maxValues = 16_384;

function textOf(data: Buffer): string {
  return data.toString("utf16le", 0, data.length & ~1);
}

/** Types: [MS-RRP] 2.2.9 and winnt.h. A number with too few bytes is given as bytes. */
function interpret(type: number, data: Buffer): RegistryValue {
  if (type === 1 || type === 2) return textOf(data).split("\0", 1)[0] ?? "";
  if (type === 4 && data.length >= 4) return data.readUInt32LE(0);
  if (type === 5 && data.length >= 4) return data.readUInt32BE(0);
  if (type === 7)
    return textOf(data)
      .split("\0")
      .filter((text) => text !== "");
  if (type === 11 && data.length >= 8) return data.readBigUInt64LE(0);
  return data;
}

async function readData(cells: HiveCells, record: ByteRecord): Promise<Buffer> {
  const size = record.u32(4);
  if (size >= KEPT_IN_PLACE) return record.slice(8, Math.min(4, size - KEPT_IN_PLACE));
  if (size === 0) return Buffer.alloc(0);
  if (size > maxValueInBytes) throw new CannotTell(`A registry value of ${size} bytes`);
  const data = await cells.read(record.u32(8));
  if (size <= bigSegmentInBytes || cells.minorVersion < 4) return data.slice(0, size);
  // Larger data is cut into segments: a cell "db" names the cell that lists them.
  const count = data.u16(2);
  if (data.text(0, 2) !== "db" || count !== Math.ceil(size / bigSegmentInBytes)) {
    throw new MalformedImage(`${data.what}: a value of ${size} bytes cannot be put together`);
  }
  const list = await cells.read(data.u32(4));
  const offsets = Array.from({ length: count }, (_, index) => list.u32(index * 4));
  const segments = await Promise.all(offsets.map((offset) => cells.read(offset)));
  const parts = segments.map((part, index) =>
    part.slice(0, Math.min(bigSegmentInBytes, size - index * bigSegmentInBytes)),
  );
  return Buffer.concat(parts);
}

/** The value of a key with this name (empty for the default value), or undefined. */
export async function readRegistryValue(
  cells: HiveCells,
  key: RegistryKey,
  name: string,
): Promise<RegistryValue | undefined> {
  if (key.valueCount === 0) return undefined;
  if (key.valueCount > maxValues) throw new CannotTell(`A registry key with ${key.valueCount} values`);
  const list = await cells.read(key.valueList);
  const offsets = Array.from({ length: key.valueCount }, (_, index) => list.u32(index * 4));
  const records = await Promise.all(offsets.map((offset) => cells.read(offset)));
  for (const record of records) {
    if (record.text(0, 2) !== "vk") throw new MalformedImage(`${record.what} is no value`);
    const isLatin1 = (record.u16(16) & LATIN1_NAME) !== 0;
    if (!isSameName(nameOf(record, 20, record.u16(2), isLatin1), name)) continue;
    return interpret(record.u32(12), await readData(cells, record));
  }
  return undefined;
}
