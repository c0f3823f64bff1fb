import { looksLikeFat } from "../filesystem/fat/fat-geometry.ts";
import type { ByteSource } from "../source/byte-source.ts";
import { fitToDisk, type PartitionNote, type PartitionTable } from "./partition-table.ts";
import { readGpt } from "./read-gpt.ts";
import { parseBootRecord, protectiveType, readMbrPartitions } from "./read-mbr.ts";

/**
 * Finds the partitions of a disk. GPT counts when the MBR has a protective entry (or nothing at all), as in Linux.
 * Never throws for a damaged table: what is wrong is in the notes, and partitions always lie within the disk.
 */
export async function readPartitionTable(disk: ByteSource): Promise<PartitionTable> {
  if (disk.size < 512) return { kind: "none", sectorSize: 512, partitions: [], notes: [] };
  const sector = await disk.read(0, 512);
  const isBootSector = looksLikeFat(sector) || sector.toString("latin1", 3, 11) === "NTFS    ";
  const entries = (isBootSector ? undefined : parseBootRecord(sector)) ?? [];
  const protective = entries.find(({ type }) => type === protectiveType);
  const others = entries.filter(({ type }) => type !== protectiveType);
  const protectiveEnd = protective && protective.firstSector + protective.sectorCount - 1;

  if (!isBootSector && (protective || entries.length === 0)) {
    for (const sectorSize of [512, 4096] as const) {
      const gpt = await readGpt(disk, sectorSize, protectiveEnd);
      if (!gpt) continue;
      const { partitions, notes } = fitToDisk(gpt.claims, sectorSize, disk.size);
      return { kind: "gpt", sectorSize, partitions, notes: [...gpt.notes, ...mbrNotes(), ...notes] };
    }
  }
  if (entries.length === 0) return { kind: "none", sectorSize: 512, partitions: [], notes: [] };
  const { claims, notes } = await readMbrPartitions(disk, sector, others);
  const fitted = fitToDisk(claims, 512, disk.size);
  const damaged: PartitionNote[] = protective
    ? [{ code: "gpt.damaged", message: "The disk says that it has a GPT, but neither copy of it can be read." }]
    : await staleGpt(disk);
  return {
    kind: protective && others.length === 0 ? "gpt" : "mbr",
    sectorSize: 512,
    partitions: fitted.partitions,
    notes: [...damaged, ...notes, ...fitted.notes],
  };

  function mbrNotes(): PartitionNote[] {
    if (!protective) {
      return [
        { code: "gpt.no-protective-mbr", message: "The disk has a GPT, but no protective MBR: Linux ignores it." },
      ];
    }
    if (others.length === 0) return [];
    return [{ code: "gpt.hybrid-mbr", message: "The MBR names partitions beside the GPT; the GPT was read." }];
  }
}

async function staleGpt(disk: ByteSource): Promise<PartitionNote[]> {
  if (disk.size < 1024) return [];
  const header = await disk.read(512, 8);
  if (header.toString("latin1") !== "EFI PART") return [];
  return [
    { code: "gpt.stale", message: "Remains of a GPT lie behind an MBR that does not mention it; the MBR was read." },
  ];
}
