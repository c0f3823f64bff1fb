import type { ByteSource } from "../source/byte-source.ts";
import type { Filesystem, OpenFilesystem } from "./filesystem.ts";
import { farKind, farLength, nearKind, nearLength } from "./signatures.ts";

/** Readers are loaded when an image has their format: most images have one or two. */
const readers: ReadonlyMap<string, () => Promise<OpenFilesystem>> = new Map([
  ["ext2", loadExt],
  ["ext3", loadExt],
  ["ext4", loadExt],
  ["vfat", async () => (await import("./fat/open-fat.ts")).openFat],
  ["xfs", async () => (await import("./xfs/open-xfs.ts")).openXfs],
  ["btrfs", async () => (await import("./btrfs/open-btrfs.ts")).openBtrfs],
  ["ntfs", async () => (await import("./ntfs/open-ntfs.ts")).openNtfs],
]);

async function loadExt(): Promise<OpenFilesystem> {
  return (await import("./ext/open-ext.ts")).openExt;
}

/**
 * What a partition or volume is formatted with, by its magic numbers: a filesystem (`ext4`, `xfs`, `btrfs`, `vfat`,
 * `ntfs`, …) or another use (`lvm2`, `luks`, `swap`, `mdraid`, `zfs`, `bitlocker`, …); undefined when nothing is known.
 * Reads 8 KiB, and 68 KiB only where those say nothing.
 */
export async function detectFilesystem(source: ByteSource): Promise<string | undefined> {
  if (source.size < 512) return undefined;
  const near = nearKind(await source.read(0, Math.min(nearLength, source.size)));
  if (near !== undefined || source.size <= nearLength) return near;
  return farKind(await source.read(0, Math.min(farLength, source.size)));
}

/**
 * Opens the filesystem that begins at byte 0 of a partition or volume; undefined when there is none that can be read.
 * `detected` saves a look when `detectFilesystem` has been asked already.
 */
export async function openAnyFilesystem(source: ByteSource, detected?: string): Promise<Filesystem | undefined> {
  const kind = detected ?? (await detectFilesystem(source));
  const load = kind === undefined ? undefined : readers.get(kind);
  return load && (await load())(source);
}
