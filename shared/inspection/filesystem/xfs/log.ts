import { ByteRecord } from "../../source/byte-record.ts";
import type { XfsVolume } from "./superblock.ts";

/** The log is written round and round in blocks of this size. */
const LOG_BLOCK = 512;
const RECORD_MAGIC = 0xfeedbabe;
const UNMOUNT = 0x20;
/** Probes of one round of the search: they do not wait for each other. */
const probesPerRound = 3;
/** No record of an unmount is longer, however the log is aligned. */
const maxRecordInBytes = 256 * 1024;

/** Every block of the log begins with the number of the round in which it was written, or a header with it behind. */
async function cycleOf(volume: XfsVolume, block: number): Promise<number> {
  const bytes = await volume.source.read(volume.log.offset + block * LOG_BLOCK, LOG_BLOCK);
  const first = bytes.readUInt32BE(0);
  return first === RECORD_MAGIC ? bytes.readUInt32BE(4) : first;
}

/** The first block that was not written in the same round as block 0: there the newest record ends. */
async function findHead(volume: XfsVolume, blocks: number, cycle: number): Promise<number> {
  let low = 0;
  let high = blocks;
  while (high - low > 1) {
    const step = Math.max(1, Math.floor((high - low) / (probesPerRound + 1)));
    const places = Array.from({ length: probesPerRound }, (_, index) => low + step * (index + 1)).filter(
      (at) => at < high,
    );
    const cycles = await Promise.all(places.map((at) => cycleOf(volume, at)));
    const other = cycles.findIndex((found) => found !== cycle);
    if (other >= 0) high = places[other] ?? high;
    low = places[(other < 0 ? places.length : other) - 1] ?? low;
  }
  return high;
}

/**
 * Whether the newest record of the log says that the volume was unmounted, as the kernel's own recovery asks first.
 * Costs about a dozen small reads. True where there is nothing to recover at all, and for a log on another device,
 * of which nothing can be said.
 */
export async function isLogClean(volume: XfsVolume): Promise<boolean> {
  const blocks = Math.floor(volume.log.length / LOG_BLOCK);
  if (blocks === 0) return true;
  const cycle = await cycleOf(volume, 0);
  if (cycle === 0) return true;
  const head = await findHead(volume, blocks, cycle);
  const from = Math.max(0, head - maxRecordInBytes / LOG_BLOCK);
  const bytes = await volume.source.read(volume.log.offset + from * LOG_BLOCK, (head - from) * LOG_BLOCK);
  const record = new ByteRecord(bytes, "big", "XFS log");
  for (let at = bytes.length - LOG_BLOCK; at >= 0; at -= LOG_BLOCK) {
    if (record.u32(at) === RECORD_MAGIC) return endsInUnmount(record, at);
  }
  return false;
}

/** A record with the one operation "unmount", and nothing behind it. Long records have a header for each 32 KiB. */
function endsInUnmount(record: ByteRecord, at: number): boolean {
  const isVersion2 = (record.u32(at + 8) & 2) !== 0;
  const headers = isVersion2 ? Math.max(1, Math.ceil(record.u32(at + 320) / 32_768)) : 1;
  const body = at + headers * LOG_BLOCK;
  const end = body + Math.ceil(record.u32(at + 12) / LOG_BLOCK) * LOG_BLOCK;
  return end === record.length && end > body && record.u32(at + 40) === 1 && (record.u8(body + 9) & UNMOUNT) !== 0;
}
