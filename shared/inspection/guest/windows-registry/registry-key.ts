import type { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { HiveCells } from "./hive-cells.ts";

/** A key node. */
export interface RegistryKey {
  readonly name: string;
  readonly subkeyCount: number;
  readonly subkeyList: number;
  readonly valueCount: number;
  readonly valueList: number;
}

const ASCII_NAME = 0x20;
const maxSubkeys = 65_536;
const maxListDepth = 4;

/** Names are Latin-1 where they can be, to save space, and UTF-16 otherwise. */
export function nameOf(record: ByteRecord, at: number, length: number, isLatin1: boolean): string {
  const bytes = record.slice(at, length);
  return bytes.toString(isLatin1 ? "latin1" : "utf16le", 0, isLatin1 ? length : length & ~1);
}

export async function readRegistryKey(cells: HiveCells, offset: number): Promise<RegistryKey> {
  const record = await cells.read(offset);
  if (record.text(0, 2) !== "nk") throw new MalformedImage(`${record.what} is no key`);
  return {
    name: nameOf(record, 76, record.u16(72), (record.u16(2) & ASCII_NAME) !== 0),
    subkeyCount: record.u32(20),
    subkeyList: record.u32(28),
    valueCount: record.u32(36),
    valueList: record.u32(40),
  };
}

/** Names are equal whatever their case. */
export function isSameName(a: string, b: string): boolean {
  return a.toUpperCase() === b.toUpperCase();
}

/** Hash of a key's name in lists of the kind "lh". */
function hashOf(name: string): number {
  let hash = 0;
  for (const unit of name.toUpperCase().split("")) hash = (Math.imul(hash, 37) + unit.charCodeAt(0)) >>> 0;
  return hash;
}

/** Whether a list's hint rules a name out. "lf" keeps the first four characters, or zeros where they are no bytes. */
function isRuledOut(list: ByteRecord, kind: string, at: number, name: string): boolean {
  if (kind === "lh") return list.u32(at + 4) !== hashOf(name);
  if (kind !== "lf" || list.u8(at + 4) === 0) return false;
  const hint = list.text(at + 4, 4);
  return !isSameName(hint, name.slice(0, hint.length));
}

/** Entries of lists that may still be looked at. Lists may be named any number of times, and be empty. */
interface Allowance {
  entries: number;
}

/** Cells of the subkeys in a list and the lists below it; with `name`, only of those that may have it. */
async function subkeyCells(
  cells: HiveCells,
  offset: number,
  depth: number,
  allowance: Allowance,
  name?: string,
): Promise<number[]> {
  if (depth > maxListDepth) throw new MalformedImage("Registry hive: lists of keys that contain each other");
  const list = await cells.read(offset);
  const kind = list.text(0, 2);
  const count = list.u16(2);
  allowance.entries -= count + 1;
  if (allowance.entries < 0) throw new CannotTell(`A registry key with more than ${maxSubkeys} subkeys`);
  if (kind === "ri") {
    const found: number[] = [];
    for (let index = 0; index < count; index++) {
      found.push(...(await subkeyCells(cells, list.u32(4 + index * 4), depth + 1, allowance, name)));
    }
    return found;
  }
  if (kind !== "lf" && kind !== "lh" && kind !== "li") throw new MalformedImage(`${list.what} is no list of keys`);
  const stride = kind === "li" ? 4 : 8;
  const found: number[] = [];
  for (let index = 0; index < count; index++) {
    const at = 4 + index * stride;
    if (name === undefined || !isRuledOut(list, kind, at, name)) found.push(list.u32(at));
  }
  return found;
}

/** The subkeys of a key; with `name`, at least the one of that name. Throws CannotTell beyond 65,536. */
export async function readSubkeys(cells: HiveCells, key: RegistryKey, name?: string): Promise<RegistryKey[]> {
  if (key.subkeyCount === 0) return [];
  const offsets = await subkeyCells(cells, key.subkeyList, 0, { entries: maxSubkeys }, name);
  return Promise.all(offsets.map((offset) => readRegistryKey(cells, offset)));
}
