import { hasText, uint8, uint16le, uint32le } from "../source/byte-fields.ts";

const sectorSize = 512;
const gptHeader = 512;
const gptEntries = 1024;
const gptEntryLength = 128;
const protective = 0xee;

/**
 * The first byte behind all partitions, as far as the first 4096 bytes of a disk tell; 0 where they name none. Only
 * for the question whether a disk is whole: partitions proper are read elsewhere.
 */
export function partitionsEnd(head: Buffer): number {
  return hasText(head, gptHeader, "EFI PART") ? gptEnd(head) : mbrEnd(head);
}

function gptEnd(head: Buffer): number {
  const startsBehindHeader = uint32le(head, gptHeader + 72) === 2 && uint32le(head, gptHeader + 76) === 0;
  if (!startsBehindHeader || uint32le(head, gptHeader + 84) !== gptEntryLength) return 0;
  let end = 0;
  for (let at = gptEntries; at + gptEntryLength <= head.length; at += gptEntryLength) {
    const isUsed = head.subarray(at, at + 16).some((byte) => byte !== 0);
    if (isUsed) end = Math.max(end, (Number(head.readBigUInt64LE(at + 40)) + 1) * sectorSize);
  }
  return end;
}

/** Partitions of a master boot record; 0 when it is not surely one, e.g. the boot sector of a filesystem. */
function mbrEnd(head: Buffer): number {
  if (head.length < sectorSize || uint16le(head, 510) !== 0xaa55) return 0;
  const entries = [446, 462, 478, 494].map((at) => ({
    status: uint8(head, at),
    type: uint8(head, at + 4),
    first: uint32le(head, at + 8),
    count: uint32le(head, at + 12),
  }));
  const used = entries.filter(({ type }) => type !== 0);
  const isTable = entries.every(({ status }) => (status & 0x7f) === 0) && used.every(({ first }) => first > 0);
  if (!isTable || used.some(({ type }) => type === protective)) return 0;
  return Math.max(0, ...used.map(({ first, count }) => (first + count) * sectorSize));
}

/** Whether the first bytes of a file hold a partition table that names a partition. */
export function hasPartitionTable(head: Buffer): boolean {
  return hasText(head, gptHeader, "EFI PART") || mbrEnd(head) > 0;
}
