import { uint8, uint16le, uint32le } from "../source/byte-fields.ts";
import type { ByteSource } from "../source/byte-source.ts";
import type { ClaimedPartition, PartitionNote } from "./partition-table.ts";
import { mbrTypeName } from "./partition-type-names.ts";

const sectorSize = 512;
const signatureOffset = 440;
const entriesOffset = 446;
const maximumLogicalPartitions = 128;
const extendedTypes: readonly number[] = [0x05, 0x0f, 0x85];
export const protectiveType = 0xee;

interface MbrEntry {
  readonly slot: number;
  readonly active: boolean;
  readonly type: number;
  readonly firstSector: number;
  readonly sectorCount: number;
}

/**
 * The four entries of a master (or extended) boot record that are in use; undefined when the sector is none:
 * no signature, or a status byte that is neither 0x00 nor 0x80, as in the boot sector of a filesystem.
 */
export function parseBootRecord(sector: Buffer): MbrEntry[] | undefined {
  if (uint16le(sector, 510) !== 0xaa55) return undefined;
  const entries: MbrEntry[] = [];
  for (let slot = 0; slot < 4; slot += 1) {
    const at = entriesOffset + slot * 16;
    const status = uint8(sector, at);
    if (status !== 0 && status !== 0x80) return undefined;
    const type = uint8(sector, at + 4);
    const sectorCount = uint32le(sector, at + 12);
    if (type === 0 || sectorCount === 0) continue;
    entries.push({ slot, active: status === 0x80, type, firstSector: uint32le(sector, at + 8), sectorCount });
  }
  return entries;
}

/** Primary and logical partitions of the MBR in `sector`, as claimed. Reads one sector for each logical partition. */
export async function readMbrPartitions(
  disk: ByteSource,
  sector: Buffer,
  entries: readonly MbrEntry[],
): Promise<{ claims: ClaimedPartition[]; notes: PartitionNote[] }> {
  const signature = uint32le(sector, signatureOffset);
  const named = (claims: readonly ClaimedPartition[]) =>
    claims.map((one) => ({ ...one, uuid: uuidOf(signature, one.index) }));
  const claims = entries
    .filter(({ type }) => !extendedTypes.includes(type))
    .map((entry) => claim(entry, entry.slot + 1));
  const extended = entries.find(({ type }) => extendedTypes.includes(type));
  if (!extended) return { claims: named(claims), notes: [] };
  const logical = await readLogicalPartitions(disk, extended);
  return { claims: named([...claims, ...logical.claims]), notes: logical.notes };
}

/** Linux makes an identifier of the disk's signature and the partition's number, both in hexadecimal. */
function uuidOf(signature: number, index: number): string {
  return signature === 0 ? "" : `${signature.toString(16).padStart(8, "0")}-${index.toString(16).padStart(2, "0")}`;
}

/**
 * Follows the chain of extended boot records. Each names one logical partition, relative to itself, and the next
 * record, relative to the extended partition, which neither may leave.
 */
async function readLogicalPartitions(
  disk: ByteSource,
  extended: MbrEntry,
): Promise<{ claims: ClaimedPartition[]; notes: PartitionNote[] }> {
  const claims: ClaimedPartition[] = [];
  const damaged = (message: string) => ({ claims, notes: [{ code: "mbr.extended-damaged" as const, message }] });
  const end = extended.firstSector + extended.sectorCount;
  const visited = new Set<number>();
  let record = extended.firstSector;
  while (true) {
    if (visited.has(record)) return damaged("The chain of logical partitions runs in a circle.");
    if (visited.size >= maximumLogicalPartitions) return damaged("The chain of logical partitions is too long.");
    if (record >= end || (record + 1) * sectorSize > disk.size) {
      return damaged("The chain of logical partitions leaves the extended partition.");
    }
    visited.add(record);
    const links = parseBootRecord(await disk.read(record * sectorSize, sectorSize));
    if (!links) return damaged("A record in the chain of logical partitions has no signature.");
    for (const link of links) {
      if (extendedTypes.includes(link.type)) continue;
      const firstSector = record + link.firstSector;
      if (firstSector + link.sectorCount > end) return damaged("A logical partition leaves the extended partition.");
      claims.push(claim({ ...link, firstSector }, 5 + claims.length));
    }
    const next = links.find(({ type }) => extendedTypes.includes(type));
    if (!next) return { claims, notes: [] };
    record = extended.firstSector + next.firstSector;
  }
}

function claim({ type, active, firstSector, sectorCount }: MbrEntry, index: number): ClaimedPartition {
  const typeId = `0x${type.toString(16).padStart(2, "0")}`;
  return { index, firstSector, sectorCount, typeId, typeName: mbrTypeName(type), bootable: active, uuid: "", name: "" };
}
