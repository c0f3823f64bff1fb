/** How the disk boots: what lies on its EFI system partition, and whether it has BIOS boot code. */
import type { BootMode } from "../report.ts";
import type { GuestTree } from "./guest-tree.ts";
import { readHead } from "./guest-tree.ts";
import { type Machine, machineHeadBytes, peMachine } from "./machine-code.ts";

/** The names that firmware without boot entries looks for (UEFI specification, 3.5.1.1). */
const fallbackLoaders: readonly (readonly [string, Machine])[] = [
  ["BOOTX64.EFI", "x86_64"],
  ["BOOTAA64.EFI", "arm64"],
  ["BOOTIA32.EFI", "i386"],
];

/** Programs of a distribution's folder: all but shim's companions, firmware updates and memory tests. */
const distributionLoader = /^(?!mm|fb|fwup|mem).{1,100}\.efi$/i;
/** Windows has its loader one folder further down. */
const deeperFolders = ["/EFI/Microsoft/Boot"];

export interface EfiLoaders {
  /** Machines with a loader of the fallback name: these boot on a machine that never booted the disk before. */
  readonly fallback: readonly Machine[];
  /** A loader in a distribution's folder. It needs a boot entry in the firmware's memory, which an image has not. */
  readonly distribution: boolean;
  /** Kernels lie on this partition, where systemd-boot or the firmware starts them. */
  readonly hasKernel?: boolean;
}

const noEfiLoaders: EfiLoaders = { fallback: [], distribution: false };

/** The loaders on an EFI system partition, given as a tree of its own. FAT compares names without case. */
export async function readEfiLoaders(partition: GuestTree): Promise<EfiLoaders> {
  const folders = ((await partition.list("/EFI")) ?? []).slice(0, 32);
  if (folders.length === 0) return noEfiLoaders;
  const hasKernel = await holdsKernel(partition);
  const machines = await Promise.all(
    fallbackLoaders.map(async ([name, machine]) => {
      const head = await readHead(partition, `/EFI/BOOT/${name}`, machineHeadBytes);
      if (head === undefined || head.length === 0) return undefined;
      // The name decides, unless the program says that it is for another machine.
      return (peMachine(head) ?? machine) === machine ? machine : undefined;
    }),
  );
  const fallback = machines.filter((machine) => machine !== undefined);
  const own = folders.filter((folder) => folder.toUpperCase() !== "BOOT").map((folder) => `/EFI/${folder}`);
  const names = await Promise.all([...own, ...deeperFolders].map((folder) => partition.list(folder)));
  return { fallback, distribution: names.flat().some((name) => distributionLoader.test(name ?? "")), hasKernel };
}

/** Unified kernel images, entries of systemd-boot, or a kernel by its usual name (Boot Loader Specification). */
async function holdsKernel(partition: GuestTree): Promise<boolean> {
  const [unified, entries, top] = await Promise.all(
    ["/EFI/Linux", "/loader/entries", "/"].map(async (folder) => (await partition.list(folder)) ?? []),
  );
  const isThere = (names: readonly string[] | undefined, pattern: RegExp) => names?.some((name) => pattern.test(name));
  return Boolean(isThere(unified, /\.efi$/i) || isThere(entries, /\.conf$/i) || isThere(top, /^vmlinuz/i));
}

/**
 * The boot modes that an image surely offers; undefined when one of the two could not be looked for. arm64 machines have
 * no BIOS.
 */
export function bootModesOf(
  loaders: EfiLoaders | undefined,
  hasBiosCode: boolean | undefined,
  architecture: Machine | undefined,
): readonly BootMode[] | undefined {
  if (loaders === undefined || hasBiosCode === undefined) return undefined;
  const isArm = architecture === "arm64";
  // A kernel of 64 bits may carry programs of 32: between the two of x86 there is no telling.
  const fitting = loaders.fallback.filter((machine) => architecture === undefined || (machine === "arm64") === isArm);
  const hasUefi = fitting.length > 0 || loaders.distribution;
  return [...(hasBiosCode && !isArm ? (["BIOS"] as const) : []), ...(hasUefi ? (["UEFI"] as const) : [])];
}
