/** What is installed on a disk: from its bytes to facts about the guest and the findings that follow. */
import { createTree } from "../filesystem/path-walk.ts";
import { finding } from "../findings.ts";
import { hasBiosBootCode } from "../partition/bios-boot-code.ts";
import { printable } from "../printable-text.ts";
import type { Finding, Guest, PartitionSummary } from "../report.ts";
import type { ByteSource } from "../source/byte-source.ts";
import { bootModesOf, type EfiLoaders, readEfiLoaders } from "./boot-modes.ts";
import { attempt, guestTreeOf, type Unread } from "./guest-tree.ts";
import { inspectWindows } from "./inspect-windows.ts";
import { inspectLinux } from "./linux/inspect-linux.ts";
import { architectureOf } from "./machine-code.ts";
import { partitionFindings } from "./partition-findings.ts";
import { findRoots, type RootCandidate } from "./root-filesystem.ts";
import { type Disk, openDisk, summariesOf, type Volume } from "./volumes.ts";
import { readWindowsFacts, type WindowsFacts } from "./windows-registry/windows-facts.ts";

export interface GuestInspection {
  /** Null when nothing about a guest could be told. */
  readonly guest: Guest | null;
  /** `gpt`, `mbr` or `none`; absent when not even that could be read. */
  readonly partitionTable?: string;
  readonly partitions?: readonly PartitionSummary[];
  readonly findings: readonly Finding[];
}

/**
 * Reads a virtual disk as far as it is understood. What is not (an unknown filesystem, a malformed one, a budget that
 * ran out) ends in the finding `guest.not-inspected` and leaves the other facts standing; only errors of the source
 * itself are thrown.
 */
export async function inspectGuest(disk: ByteSource): Promise<GuestInspection> {
  const unread: Unread[] = [];
  const opened = await attempt("partitions", unread, () => openDisk(disk, unread));
  if (opened === undefined) return { guest: null, findings: notInspected(unread) };
  const shape = { partitionTable: opened.table.kind, partitions: summariesOf(opened) };
  const { guest, findings } = await inspectSystem(disk, opened, unread);
  const ofDisk = [...partitionFindings(opened.table.notes), ...encryptedPartitions(opened)];
  return { guest, ...shape, findings: [...findings, ...ofDisk, ...notInspected(unread)] };
}

async function inspectSystem(
  source: ByteSource,
  disk: Disk,
  unread: Unread[],
): Promise<{ guest: Guest | null; findings: Finding[] }> {
  const [efiLoaders, hasBiosCode, roots, windows] = await Promise.all([
    attempt("EFI system partition", unread, () => readLoadersOf(disk)),
    attempt("boot code", unread, () => hasBiosBootCode(source, disk.table)),
    findRoots(disk.volumes, unread),
    findWindows(disk.volumes, unread),
  ]);
  const boot = {
    ...(efiLoaders === undefined ? {} : { efiLoaders }),
    ...(hasBiosCode === undefined ? {} : { hasBiosCode }),
  };
  const root = roots[0];
  if (root !== undefined) {
    const { guest, findings } = await inspectLinux(root, disk.volumes, boot, unread);
    return { guest, findings: [...findings, ...severalSystems(roots)] };
  }
  if (windows !== undefined) return inspectWindows(windows.facts, windows.unclean, boot);
  if (unread.length === 0) unread.push({ what: "the system", why: nothingFound(disk) });
  return { guest: guestOfBoot(efiLoaders, hasBiosCode), findings: [] };
}

async function findWindows(
  volumes: readonly Volume[],
  unread: Unread[],
): Promise<{ facts: WindowsFacts; unclean: boolean } | undefined> {
  const found = await Promise.all(
    volumes.map(async ({ name, fs }) => {
      if (fs?.kind !== "ntfs") return undefined;
      const facts = await attempt(`Windows on ${name}`, unread, () => readWindowsFacts(fs));
      return facts && { facts, unclean: fs.unclean };
    }),
  );
  return found.find((windows) => windows !== undefined);
}

/** All loaders on the disk's FAT filesystems. A partition for EFI that cannot be read leaves the question open. */
async function readLoadersOf({ volumes }: Disk): Promise<EfiLoaders | undefined> {
  const isUnreadable = volumes.some(({ partition, fs }) => partition?.typeName === "EFI system partition" && !fs);
  const fats = volumes.flatMap(({ fs }) => (fs?.kind === "vfat" ? [fs] : []));
  const loaders = await Promise.all(fats.map((fs) => readEfiLoaders(guestTreeOf(createTree([{ at: "/", fs }])))));
  const fallback = [...new Set(loaders.flatMap((one) => one.fallback))];
  const distribution = loaders.some((one) => one.distribution);
  const hasKernel = loaders.some((one) => one.hasKernel);
  return isUnreadable && fallback.length === 0 ? undefined : { fallback, distribution, hasKernel };
}

function nothingFound({ table, volumes }: Disk): string {
  const kinds = [...new Set(volumes.flatMap(({ kind }) => kind ?? []))];
  if (table.kind === "none" && kinds.length === 0) return "the disk has no partitions and no filesystem that is known";
  return `none was found on ${kinds.length === 0 ? "the disk" : kinds.join(", ")}`;
}

/** One finding for all that could not be told: each reason once, with what it kept from being read. */
function notInspected(unread: readonly Unread[]): Finding[] {
  if (unread.length === 0) return [];
  const reasons = [...new Set(unread.map(({ why }) => why))];
  const shown = reasons.slice(0, 3).map((why) => {
    const names = [...new Set(unread.filter((one) => one.why === why).map(({ what }) => what))];
    const rest = names.length > 3 ? ` and ${names.length - 3} more` : "";
    return `${printable(names.slice(0, 3).join(", "))}${rest} (${printable(why.replace(/\.$/, ""), 200)})`;
  });
  return [
    finding(
      "guest.not-inspected",
      `Not everything in the image could be read: ${shown.join("; ")}.`,
      "Nothing has to be done; declare in the manifest what you know (platform, architecture, bootMode).",
    ),
  ];
}

const encryptions: ReadonlyMap<string, string> = new Map([
  ["luks", "LUKS"],
  ["bitlocker", "BitLocker"],
]);

function encryptedPartitions({ volumes }: Disk): Finding[] {
  const names = volumes.flatMap(({ name, kind = "" }) => {
    const encryption = encryptions.get(kind);
    return encryption === undefined ? [] : [`${name} (${encryption})`];
  });
  return names.length === 0
    ? []
    : [
        finding(
          "partition.encrypted",
          `Encrypted: ${printable(names.join(", "))}; what is there is not inspected, and an instance would wait for its passphrase.`,
          "Import an image that is not encrypted, and use ECS's disk encryption instead.",
        ),
      ];
}

function severalSystems(roots: readonly RootCandidate[]): Finding[] {
  if (roots.length < 2) return [];
  const names = roots.map(({ volume }) => volume.name).join(", ");
  return [
    finding(
      "guest.several-systems",
      `The disk has several root filesystems (${printable(names)}); the first one was inspected.`,
      "Nothing, if the boot loader starts the right one.",
    ),
  ];
}

/** What the boot loaders alone tell, of a guest that could not be read. */
function guestOfBoot(efiLoaders: EfiLoaders | undefined, hasBiosCode: boolean | undefined): Guest | null {
  if (efiLoaders === undefined || efiLoaders.fallback.length === 0) return null;
  const machine = efiLoaders.fallback.length === 1 ? efiLoaders.fallback[0] : undefined;
  const architecture = architectureOf(machine);
  const bootModes = bootModesOf(efiLoaders, hasBiosCode, machine);
  return {
    ...(architecture === undefined ? {} : { architecture }),
    ...(bootModes === undefined ? {} : { bootModes }),
  };
}
