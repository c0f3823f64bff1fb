/** One region of a disk. `offset` and `size` are bytes and always lie within the disk. */
export interface Partition {
  /** As Linux counts: 1 to 4 for the primary ones of an MBR, 5 and up for logical ones, the slot for GPT. */
  readonly index: number;
  readonly offset: number;
  readonly size: number;
  /** A GUID in capitals, or `0x83`. */
  readonly typeId: string;
  /** e.g. `EFI system partition`. */
  readonly typeName: string;
  /** Marked active (MBR) or for legacy BIOS boot (GPT). */
  readonly bootable: boolean;
  /** As Linux names it in `PARTUUID=`, in lower case; empty for an MBR without a signature. */
  readonly uuid: string;
  /** The name that a GPT entry carries, else empty. */
  readonly name: string;
}

/** Something odd about a table, e.g. `gpt.primary-damaged`. */
export interface PartitionNote {
  readonly code:
    | "gpt.primary-damaged"
    | "gpt.backup-damaged"
    | "gpt.backup-moved"
    | "gpt.copies-disagree"
    | "gpt.damaged"
    | "gpt.disk-too-short"
    | "gpt.hybrid-mbr"
    | "gpt.no-protective-mbr"
    | "gpt.stale"
    | "mbr.extended-damaged"
    | "partition.out-of-range"
    | "partition.overlap";
  readonly message: string;
}

export interface PartitionTable {
  /** `none`: no table, perhaps a filesystem from the first byte on. */
  readonly kind: "gpt" | "mbr" | "none";
  readonly sectorSize: 512 | 4096;
  readonly partitions: readonly Partition[];
  readonly notes: readonly PartitionNote[];
}

/** A partition as its table claims it, in sectors and unchecked. */
export interface ClaimedPartition extends Omit<Partition, "offset" | "size"> {
  readonly firstSector: number;
  readonly sectorCount: number;
}

/** Turns claims into partitions that lie within the disk, with a note for each that had to be cut or dropped. */
export function fitToDisk(
  claims: readonly ClaimedPartition[],
  sectorSize: number,
  diskSize: number,
): { partitions: Partition[]; notes: PartitionNote[] } {
  const partitions: Partition[] = [];
  const notes: PartitionNote[] = [];
  for (const { firstSector, sectorCount, ...rest } of claims) {
    const offset = firstSector * sectorSize;
    const claimedSize = sectorCount * sectorSize;
    const fits = Number.isSafeInteger(offset + claimedSize) && offset > 0 && claimedSize > 0 && offset < diskSize;
    const size = fits ? Math.min(claimedSize, diskSize - offset) : 0;
    if (size !== claimedSize || !fits) {
      const message = `Partition ${rest.index} reaches beyond the end of the disk.`;
      notes.push({ code: "partition.out-of-range", message });
    }
    if (fits) partitions.push({ ...rest, offset, size });
  }
  return { partitions, notes: [...notes, ...overlaps(partitions)] };
}

function overlaps(partitions: readonly Partition[]): PartitionNote[] {
  const notes: PartitionNote[] = [];
  const inOrder = partitions.toSorted((one, other) => one.offset - other.offset);
  let last: Partition | undefined;
  for (const partition of inOrder) {
    if (last && partition.offset < last.offset + last.size) {
      const message = `Partitions ${last.index} and ${partition.index} overlap.`;
      notes.push({ code: "partition.overlap", message });
    }
    if (!last || partition.offset + partition.size > last.offset + last.size) last = partition;
  }
  return notes;
}
