import type { ByteRecord } from "../../source/byte-record.ts";
import { type ByteSource, CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { Attribute } from "./attribute.ts";
import type { NtfsGeometry } from "./boot-sector.ts";
import { decodeLznt1 } from "./lznt1.ts";

/** What an attribute holds, wherever it lies. */
export interface Stream {
  readonly size: number;
  /** `length` bytes from `offset`, cut at the end. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** `count` clusters of a stream from its cluster `start`; `at` is the first on the volume, undefined for a hole. */
interface Run {
  readonly start: number;
  readonly count: number;
  readonly at: number | undefined;
}

const COMPRESSED = 0x00ff;
const ENCRYPTED = 0x4000;
const maxReadInBytes = 64 * 1024 * 1024;
const maxUnitInBytes = 1024 * 1024;

function number(record: ByteRecord, at: number, size: number, isSigned: boolean): number {
  if (size > 8) throw new MalformedImage(`${record.what}: a number of ${size} bytes in a run list`);
  let value = 0n;
  for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(record.u8(at + index));
  const checked = Number(isSigned ? BigInt.asIntN(size * 8, value) : value);
  if (!Number.isSafeInteger(checked)) throw new MalformedImage(`${record.what}: an absurd number in a run list`);
  return checked;
}

/** Run list: per run a byte with the sizes of what follows, the count, and the distance from the run before. */
function parseRuns(geometry: NtfsGeometry, record: ByteRecord, firstCluster: number): Run[] {
  const runs: Run[] = [];
  let start = firstCluster;
  let cluster = 0;
  for (let at = 0; at < record.length && record.u8(at) !== 0; ) {
    const countSize = record.u8(at) & 0xf;
    const distanceSize = record.u8(at) >> 4;
    const count = number(record, at + 1, countSize, false);
    const isHole = distanceSize === 0;
    cluster += isHole ? 0 : number(record, at + 1 + countSize, distanceSize, true);
    if (count === 0 || !Number.isSafeInteger(start + count)) throw new MalformedImage(`${record.what}: an empty run`);
    if (!isHole && (cluster < 0 || cluster + count > geometry.clusters)) {
      throw new MalformedImage(`${record.what}: ${count} clusters at ${cluster} lie outside the volume`);
    }
    runs.push({ start, count, at: isHole ? undefined : cluster });
    start += count;
    at += 1 + countSize + distanceSize;
  }
  return runs;
}

/** The stream of an attribute from its pieces, which may come from several file records and in any order. */
export function openStream(source: ByteSource, geometry: NtfsGeometry, pieces: readonly Attribute[]): Stream {
  const sorted = pieces.toSorted((a, b) => (a.nonResident?.firstCluster ?? 0) - (b.nonResident?.firstCluster ?? 0));
  const [first] = sorted;
  if (first === undefined) throw new MalformedImage("NTFS: an attribute is missing");
  if (first.resident !== undefined) {
    const { bytes } = first.resident;
    return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
  }
  const head = first.nonResident;
  const runs = sorted.flatMap(({ nonResident }) =>
    nonResident === undefined ? [] : parseRuns(geometry, nonResident.runs, nonResident.firstCluster),
  );
  let clusters = 0;
  for (const run of runs) {
    if (run.start !== clusters) throw new MalformedImage("NTFS: the pieces of a stream do not join");
    clusters += run.count;
  }
  const size = head?.size ?? 0;
  const written = Math.min(size, head?.initializedSize ?? 0);
  const unit = (first.flags & COMPRESSED) === 0 ? 0 : geometry.clusterSize * 2 ** (head?.compressionUnit ?? 0);
  const readRaw = (offset: number, length: number) => readRuns(source, geometry, runs, offset, length);
  return {
    size,
    read: async (offset, length) => {
      if ((first.flags & ENCRYPTED) !== 0) throw new CannotTell("NTFS: a file encrypted by EFS");
      const end = Math.min(offset + length, size);
      if (end <= offset) return Buffer.alloc(0);
      if (end - offset > maxReadInBytes) throw new CannotTell(`NTFS: ${end - offset} bytes at once are too many`);
      const out = Buffer.alloc(end - offset);
      const known = Math.min(end, written);
      if (known <= offset) return out;
      if (unit > maxUnitInBytes) throw new MalformedImage(`NTFS: compression units of ${unit} bytes`);
      const bytes =
        unit === 0
          ? await readRaw(offset, known - offset)
          : await readUnits(geometry, runs, unit, readRaw, offset, known);
      bytes.copy(out);
      return out;
    },
  };
}

/** Runs that overlap `length` bytes from `offset`. Runs join, so the first of them is found by halving. */
function overlapping(geometry: NtfsGeometry, runs: readonly Run[], offset: number, length: number): Run[] {
  const from = Math.floor(offset / geometry.clusterSize);
  const to = (offset + length) / geometry.clusterSize;
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const run = runs[middle];
    if (run !== undefined && run.start + run.count <= from) low = middle + 1;
    else high = middle;
  }
  const found: Run[] = [];
  for (let run = runs[low]; run !== undefined && run.start < to; run = runs[++low]) found.push(run);
  return found;
}

async function readRuns(
  source: ByteSource,
  geometry: NtfsGeometry,
  runs: readonly Run[],
  offset: number,
  length: number,
): Promise<Buffer> {
  const { clusterSize } = geometry;
  const pieces = overlapping(geometry, runs, offset, length).flatMap(({ start, count, at }) => {
    if (at === undefined) return [];
    const from = Math.max(offset, start * clusterSize);
    const to = Math.min(offset + length, (start + count) * clusterSize);
    return [{ to: from - offset, at: at * clusterSize + from - start * clusterSize, length: to - from }];
  });
  const [only] = pieces;
  if (only !== undefined && only.length === length) return source.read(only.at, length);
  const out = Buffer.alloc(length);
  await Promise.all(pieces.map(async (piece) => (await source.read(piece.at, piece.length)).copy(out, piece.to)));
  return out;
}

/** A unit with all its clusters is stored as it is, one with none is zeros, and else its first clusters are LZNT1. */
async function readUnits(
  geometry: NtfsGeometry,
  runs: readonly Run[],
  unit: number,
  readRaw: (offset: number, length: number) => Promise<Buffer>,
  offset: number,
  end: number,
): Promise<Buffer> {
  const first = Math.floor(offset / unit);
  const count = Math.ceil(end / unit) - first;
  const units = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const start = (first + index) * unit;
      const from = start / geometry.clusterSize;
      const to = from + unit / geometry.clusterSize;
      let stored = 0;
      for (const run of overlapping(geometry, runs, start, unit)) {
        if (run.at !== undefined) stored += Math.min(to, run.start + run.count) - Math.max(from, run.start);
      }
      const size = stored * geometry.clusterSize;
      if (size === 0) return Buffer.alloc(unit);
      const raw = await readRaw(start, size);
      return size === unit ? raw : decodeLznt1(raw, unit);
    }),
  );
  return Buffer.concat(units).subarray(offset - first * unit, end - first * unit);
}
