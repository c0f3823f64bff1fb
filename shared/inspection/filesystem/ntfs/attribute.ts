import { ByteRecord } from "../../source/byte-record.ts";
import { MalformedImage } from "../../source/byte-source.ts";

/** Types of attributes that this reader asks for. */
export const ATTRIBUTE_LIST = 0x20;
export const VOLUME_NAME = 0x60;
export const VOLUME_INFORMATION = 0x70;
export const DATA = 0x80;
export const INDEX_ROOT = 0x90;
export const INDEX_ALLOCATION = 0xa0;
export const BITMAP = 0xb0;
export const REPARSE_POINT = 0xc0;

const END = 0xffffffff;
const BLOCK_SIZE = 512;

/** An attribute, or the piece of it that one file record holds. */
export interface Attribute {
  readonly type: number;
  readonly name: string;
  readonly flags: number;
  /** Contents kept in the record; undefined for those in clusters. */
  readonly resident?: ByteRecord;
  readonly nonResident?: {
    readonly firstCluster: number;
    readonly runs: ByteRecord;
    /** Clusters in a compression unit as a power of two; 0 when not compressed. */
    readonly compressionUnit: number;
    readonly size: number;
    readonly initializedSize: number;
  };
}

export function utf16(bytes: Buffer): string {
  return bytes.toString("utf16le", 0, bytes.length & ~1);
}

/**
 * Undoes the update sequence: the last two bytes of each 512 are kept in an array at the head of the record, and the
 * same number stands in their places. Where it does not, the record was half written.
 */
export function withoutFixups(bytes: Buffer, signature: string, what: string): ByteRecord {
  const record = new ByteRecord(Buffer.from(bytes), "little", what);
  if (record.text(0, 4) !== signature) throw new MalformedImage(`${what} does not begin with ${signature}`);
  const at = record.u16(4);
  const count = record.u16(6);
  if ((count - 1) * BLOCK_SIZE > bytes.length) throw new MalformedImage(`${what}: ${count} fixups`);
  const number = record.u16(at);
  for (let index = 1; index < count; index++) {
    const place = index * BLOCK_SIZE - 2;
    if (record.u16(place) !== number) throw new MalformedImage(`${what} was written only in part`);
    record.slice(at + index * 2, 2).copy(record.bytes, place);
  }
  return record;
}

/** The attributes of a file record, from the offset that its header names. */
export function parseAttributes(record: ByteRecord): Attribute[] {
  const attributes: Attribute[] = [];
  for (let at = record.u16(20); at + 8 <= record.length && record.u32(at) !== END; ) {
    const length = record.u32(at + 4);
    if (length < 24) throw new MalformedImage(`${record.what}: an attribute of ${length} bytes`);
    attributes.push(parseAttribute(record.part(at, length)));
    at += length;
  }
  return attributes;
}

function parseAttribute(record: ByteRecord): Attribute {
  const common = {
    type: record.u32(0),
    name: utf16(record.slice(record.u16(10), record.u8(9) * 2)),
    flags: record.u16(12),
  };
  if (record.u8(8) === 0) return { ...common, resident: record.part(record.u16(20), record.u32(16)) };
  const runsAt = record.u16(32);
  const firstCluster = record.u64(16);
  // Only the first piece of an attribute carries sizes; in others these fields may hold anything.
  const sizeAt = (at: number) => (firstCluster === 0 ? record.u64(at) : 0);
  return {
    ...common,
    nonResident: {
      firstCluster,
      runs: record.part(runsAt, record.length - runsAt),
      compressionUnit: firstCluster === 0 ? record.u16(34) : 0,
      size: sizeAt(48),
      initializedSize: sizeAt(56),
    },
  };
}
