/** What a disk is divided into: partitions and LVM volumes, and the filesystems on them. */
import type { Filesystem } from "../filesystem/filesystem.ts";
import { openVolumeGroup } from "../filesystem/lvm/open-volume-group.ts";
import { detectFilesystem, openAnyFilesystem } from "../filesystem/open-filesystem.ts";
import type { Partition, PartitionTable } from "../partition/partition-table.ts";
import { readPartitionTable } from "../partition/read-partition-table.ts";
import { window } from "../partition/window.ts";
import { printable } from "../printable-text.ts";
import type { PartitionSummary } from "../report.ts";
import type { ByteSource } from "../source/byte-source.ts";
import { attempt, type Unread } from "./guest-tree.ts";

export interface Volume {
  /** For people: `partition 1`, `vg/root`. */
  readonly name: string;
  readonly source: ByteSource;
  /** Of the partition; absent for LVM volumes and for a disk without a table. */
  readonly partition?: Partition;
  /** Of the LVM volume. */
  readonly lvm?: { readonly group: string; readonly name: string };
  /** What it is formatted with, e.g. `ext4`, `lvm2`, `luks`; absent when nothing is known. */
  readonly kind?: string;
  /** Absent when it cannot be read. */
  readonly fs?: Filesystem;
}

export interface Disk {
  readonly table: PartitionTable;
  readonly volumes: readonly Volume[];
}

/** As many as a GPT has room for unless it was made for more. */
const maximumPartitions = 128;

/** Opens everything on the disk, in parallel. `unread` gets a sentence for each thing that could not be. */
export async function openDisk(disk: ByteSource, unread: Unread[]): Promise<Disk> {
  const table = await readPartitionTable(disk);
  const rest = table.partitions.length - maximumPartitions;
  if (rest > 0) unread.push({ what: `${rest} partitions`, why: `only the first ${maximumPartitions} are looked into` });
  const bare: Volume[] =
    table.partitions.length > 0
      ? table.partitions.slice(0, maximumPartitions).map((partition) => ({
          name: `partition ${partition.index}`,
          source: window(disk, partition.offset, partition.size),
          partition,
        }))
      : table.kind === "none"
        ? [{ name: "the whole disk", source: disk }]
        : [];
  const partitions = await Promise.all(bare.map((volume) => openVolume(volume, unread)));
  const physical = partitions.filter(({ kind }) => kind === "lvm2").map(({ source }) => source);
  const logical = physical.length === 0 ? [] : ((await attempt("LVM", unread, () => openVolumeGroup(physical))) ?? []);
  const volumes = await Promise.all(
    logical.map(({ group, name, source }) =>
      openVolume({ name: `${group}/${name}`, source, lvm: { group, name } }, unread),
    ),
  );
  return { table, volumes: [...partitions, ...volumes] };
}

async function openVolume(volume: Volume, unread: Unread[]): Promise<Volume> {
  const opened = await attempt(volume.name, unread, async () => {
    const kind = await detectFilesystem(volume.source);
    if (kind === undefined) return volume;
    const fs = await attempt(`${kind} on ${volume.name}`, unread, () => openAnyFilesystem(volume.source, kind));
    // The reader knows better than the signature, e.g. which of the ext family it is.
    return { ...volume, kind: fs?.kind ?? kind, ...(fs === undefined ? {} : { fs }) };
  });
  return opened ?? volume;
}

/** One line for each partition, in the order of the table. */
export function summariesOf({ table, volumes }: Disk): PartitionSummary[] {
  return table.partitions.map((partition) => {
    const volume = volumes.find((candidate) => candidate.partition === partition);
    const label = volume?.fs?.label || partition.name;
    return {
      index: partition.index,
      offset: partition.offset,
      size: partition.size,
      type: partition.typeName,
      ...(volume?.kind === undefined ? {} : { filesystem: volume.kind }),
      ...(label ? { label: printable(label, 64) } : {}),
    };
  });
}
