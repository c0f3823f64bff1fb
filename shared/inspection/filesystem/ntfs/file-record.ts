import { ByteRecord } from "../../source/byte-record.ts";
import { type ByteSource, CannotTell, MalformedImage } from "../../source/byte-source.ts";
import { ATTRIBUTE_LIST, type Attribute, DATA, parseAttributes, withoutFixups } from "./attribute.ts";
import { type NtfsGeometry, readBootSector } from "./boot-sector.ts";
import { openStream, type Stream } from "./stream.ts";

export interface NtfsVolume {
  readonly source: ByteSource;
  readonly geometry: NtfsGeometry;
  /** The master file table as a file: record `n` begins at `n` times the size of a record. */
  readonly table: Stream;
}

/** A file record with the attributes of its extension records. */
export interface FileRecord {
  readonly number: number;
  readonly isDirectory: boolean;
  readonly attributes: readonly Attribute[];
}

const IN_USE = 1;
const DIRECTORY = 2;
const maxListInBytes = 256 * 1024;
const maxExtensions = 1024;
/** The upper 16 bits of a reference count how often the record was reused. */
const NUMBER_BITS = 48n;

export function recordNumber(reference: bigint): number {
  return Number(BigInt.asUintN(Number(NUMBER_BITS), reference));
}

async function readRecord(volume: NtfsVolume, number: number): Promise<ByteRecord> {
  const { recordSize } = volume.geometry;
  const bytes = await volume.table.read(number * recordSize, recordSize);
  if (bytes.length < recordSize) throw new MalformedImage(`NTFS: there is no file record ${number}`);
  return withoutFixups(bytes, "FILE", `NTFS file record ${number}`);
}

/** Numbers of the records that an attribute list names beside the base record, in the order of the list. */
async function extensionsOf(volume: NtfsVolume, number: number, attributes: readonly Attribute[]): Promise<number[]> {
  const pieces = attributes.filter(({ type }) => type === ATTRIBUTE_LIST);
  if (pieces.length === 0) return [];
  const stream = openStream(volume.source, volume.geometry, pieces);
  if (stream.size > maxListInBytes) throw new MalformedImage(`NTFS: an attribute list of ${stream.size} bytes`);
  const list = new ByteRecord(await stream.read(0, stream.size), "little", `NTFS attribute list of ${number}`);
  const numbers = new Set<number>();
  for (let at = 0; at + 26 <= list.length; ) {
    const length = list.u16(at + 4);
    if (length < 26) throw new MalformedImage(`${list.what}: an entry of ${length} bytes`);
    numbers.add(recordNumber(list.big(at + 16)));
    at += length;
  }
  numbers.delete(number);
  if (numbers.size > maxExtensions) throw new CannotTell(`${list.what}: ${numbers.size} extension records`);
  return [...numbers];
}

async function attributesOfExtension(volume: NtfsVolume, number: number, base: number): Promise<Attribute[]> {
  const record = await readRecord(volume, number);
  if (recordNumber(record.big(32)) !== base) throw new MalformedImage(`${record.what} does not belong to ${base}`);
  return parseAttributes(record);
}

export async function readFileRecord(volume: NtfsVolume, number: number): Promise<FileRecord> {
  const record = await readRecord(volume, number);
  const flags = record.u16(22);
  if ((flags & IN_USE) === 0) throw new MalformedImage(`${record.what} is not in use`);
  const own = parseAttributes(record);
  const numbers = await extensionsOf(volume, number, own);
  const others = await Promise.all(numbers.map((extension) => attributesOfExtension(volume, extension, number)));
  return { number, isDirectory: (flags & DIRECTORY) !== 0, attributes: [...own, ...others.flat()] };
}

/** The stream of an attribute of a file; undefined when the file has none of this type and name. */
export function streamOf(volume: NtfsVolume, file: FileRecord, type: number, name = ""): Stream | undefined {
  const pieces = file.attributes.filter((attribute) => attribute.type === type && attribute.name === name);
  return pieces.length === 0 ? undefined : openStream(volume.source, volume.geometry, pieces);
}

/** Finds the master file table, whose own first record says where all of it lies. Undefined when this is no NTFS. */
export async function openVolume(source: ByteSource): Promise<NtfsVolume | undefined> {
  const geometry = await readBootSector(source);
  if (geometry === undefined) return undefined;
  const first = await source.read(geometry.tableOffset, geometry.recordSize);
  const isTable = ({ type, name }: Attribute) => type === DATA && name === "";
  let pieces = parseAttributes(withoutFixups(first, "FILE", "NTFS file record 0"));
  const table = () => openStream(source, geometry, pieces.filter(isTable));
  // A fragmented table names further records of its own, each of which lies in a part that the ones before describe.
  for (const extension of await extensionsOf({ source, geometry, table: table() }, 0, pieces)) {
    const more = await attributesOfExtension({ source, geometry, table: table() }, extension, 0);
    pieces = [...pieces, ...more];
  }
  return { source, geometry, table: table() };
}
