/** Everything that is read of a Linux guest. An absent fact could not be told: no rule may conclude from it. */

import { bootModesOf } from "../boot-modes.ts";
import type { BootFacts } from "../boot-rules.ts";
import { attempt, type GuestTree, hasProgram, readText, type Unread } from "../guest-tree.ts";
import type { Machine } from "../machine-code.ts";
import { readRootParameter } from "./boot-parameters.ts";
import { type CloudInit, readCloudInit } from "./cloud-init.ts";
import { type KernelDrivers, readDriversOfKernels } from "./drivers.ts";
import { type FstabEntry, parseFstab } from "./fstab.ts";
import { type Kernel, readKernels } from "./kernels.ts";
import { readKernelMachine, readUserlandMachine } from "./machines.ts";
import { type Addressing, readAddressing } from "./network.ts";
import { type Distribution, readDistribution } from "./os-release.ts";
import { platformOf } from "./platform.ts";
import { readHashMethod, readIsRtcLocal, readIsSelinuxEnforcing } from "./system-settings.ts";

/** What the disk itself tells, beside the files of the guest. */
export interface DiskFacts extends Pick<BootFacts, "efiLoaders" | "hasBiosCode"> {
  /** The kind of the root filesystem: `ext4`, `xfs`. */
  readonly rootFilesystem: string;
  /** Where filesystems are mounted that were not cleanly unmounted. */
  readonly unclean: readonly string[];
  /** Entries of fstab, waited for at boot, whose filesystem is not on this disk; absent when not all could be read. */
  readonly missingMounts?: readonly FstabEntry[];
}

export interface LinuxFacts extends DiskFacts, BootFacts {
  readonly distribution?: Distribution;
  /** ECS's Platform; absent when the distribution could not be read, `Others Linux` when it is not one of ECS's. */
  readonly platform?: string;
  /** The machine that the kernel is for; it may be wider than that of the programs. */
  readonly kernelMachine?: Machine;
  /** Newest first. */
  readonly kernels?: readonly Kernel[];
  /** Of the kernels that were looked into, the newest first. */
  readonly drivers?: readonly KernelDrivers[];
  readonly cloudInit?: CloudInit;
  readonly hasGrowpart?: boolean;
  /** The program that grows the root filesystem; absent for kinds that no program is known for. */
  readonly growTool?: { readonly name: string; readonly present: boolean };
  /** e.g. `sha512`, `yescrypt`, `md5`. */
  readonly hashMethod?: string;
  readonly isRtcLocal?: boolean;
  readonly fstab?: readonly FstabEntry[];
  /** The root device that the boot loader hands to the kernel. */
  readonly rootParameter?: string;
  readonly addressing?: Addressing;
  readonly isSelinuxEnforcing?: boolean;
  readonly hasQemuGuestAgent?: boolean;
  readonly hasSshServer?: boolean;
}

/** The programs that grow a mounted filesystem, by its kind. */
const growTools: Readonly<Record<string, string>> = {
  ext2: "resize2fs",
  ext3: "resize2fs",
  ext4: "resize2fs",
  xfs: "xfs_growfs",
};

/** What a guest's files tell. `unread` gets a sentence for each fact that could not be told. */
export async function readLinuxFacts(tree: GuestTree, disk: DiskFacts, unread: Unread[]): Promise<LinuxFacts> {
  const kernels = attempt("kernels", unread, () => readKernels(tree));
  const growTool = growTools[disk.rootFilesystem];
  // All at once: each look-up is a chain of reads that wait for the network.
  const { identity, ...facts } = await collect({
    identity: attempt("distribution", unread, async () => {
      const distribution = await readDistribution(tree);
      return { platform: platformOf(distribution), ...(distribution === undefined ? {} : { distribution }) };
    }),
    machine: attempt("architecture", unread, () => readUserlandMachine(tree)),
    kernelMachine: attempt("kernel", unread, async () => readKernelMachine(tree, (await kernels)?.[0])),
    kernels,
    drivers: attempt("drivers", unread, async () => readDriversOfKernels(tree, (await kernels) ?? [])),
    cloudInit: attempt("cloud-init", unread, () => readCloudInit(tree)),
    hasGrowpart: attempt("growpart", unread, () => hasProgram(tree, "growpart")),
    growTool: attempt("resize tool", unread, async () =>
      growTool === undefined ? undefined : { name: growTool, present: await hasProgram(tree, growTool) },
    ),
    hashMethod: attempt("password hashing", unread, () => readHashMethod(tree)),
    isRtcLocal: attempt("hardware clock", unread, () => readIsRtcLocal(tree)),
    fstab: attempt("fstab", unread, async () => parseFstab((await readText(tree, "/etc/fstab")) ?? "")),
    rootParameter: attempt("boot loader", unread, () => readRootParameter(tree)),
    addressing: attempt("network", unread, () => readAddressing(tree)),
    isSelinuxEnforcing: attempt("SELinux", unread, () => readIsSelinuxEnforcing(tree)),
    hasQemuGuestAgent: attempt("qemu guest agent", unread, () => hasProgram(tree, "qemu-ga")),
    hasSshServer: attempt("sshd", unread, () => hasSshServer(tree)),
  });
  for (const { version, initramfsUnread } of facts.drivers ?? []) {
    if (initramfsUnread !== undefined) unread.push({ what: `initramfs of kernel ${version}`, why: initramfsUnread });
  }
  const machine = facts.machine ?? facts.kernelMachine;
  const bootModes = bootModesOf(disk.efiLoaders, disk.hasBiosCode, machine);
  return { ...disk, ...identity, ...facts, ...(bootModes === undefined ? {} : { bootModes }) };
}

async function hasSshServer(tree: GuestTree): Promise<boolean> {
  const found = await Promise.all(["sshd", "dropbear"].map((name) => hasProgram(tree, name)));
  return found.includes(true);
}

type Known<T> = { [Name in keyof T]?: Exclude<Awaited<T[Name]>, undefined> };

/** Waits for all, and leaves out what could not be told. */
async function collect<T extends Record<string, Promise<unknown>>>(pending: T): Promise<Known<T>> {
  const entries = await Promise.all(Object.entries(pending).map(async ([name, value]) => [name, await value] as const));
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Known<T>;
}
