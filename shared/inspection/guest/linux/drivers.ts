/**
 * Where a kernel has the drivers that an ECS instance needs. The kernel's configuration alone proves little:
 * distributions build virtio as modules, so what matters is whether the initramfs holds them.
 */
import { type GuestTree, isFile, readText } from "../guest-tree.ts";
import { findModulesInInitramfs } from "../initramfs/find-modules.ts";
import { parseBuiltInModules, parseKernelConfig } from "./kernel-config.ts";
import type { Kernel } from "./kernels.ts";

interface DriverSource {
  readonly option: string;
  /** Where kernels install it, below /lib/modules/VERSION/kernel. */
  readonly file: string;
}

const drivers = {
  virtio_blk: { option: "CONFIG_VIRTIO_BLK", file: "drivers/block/virtio_blk.ko" },
  virtio_pci: { option: "CONFIG_VIRTIO_PCI", file: "drivers/virtio/virtio_pci.ko" },
  virtio_net: { option: "CONFIG_VIRTIO_NET", file: "drivers/net/virtio_net.ko" },
  nvme: { option: "CONFIG_BLK_DEV_NVME", file: "drivers/nvme/host/nvme.ko" },
  qemu_fw_cfg: { option: "CONFIG_FW_CFG_SYSFS", file: "drivers/firmware/qemu_fw_cfg.ko" },
} as const satisfies Record<string, DriverSource>;

type DriverName = keyof typeof drivers;
const driverNames = Object.keys(drivers) as DriverName[];

/** `y` built in, `m` a module among the installed ones, `n` neither; absent: could not be told. */
type DriverKind = "y" | "m" | "n";

export interface KernelDrivers {
  readonly version: string;
  readonly kinds: Readonly<Partial<Record<DriverName, DriverKind>>>;
  /** True when the kernel's own configuration said so: then `n` is final. */
  readonly hasConfig: boolean;
  /** Of the drivers that matter before the root filesystem is there, those in the initramfs; absent: not read. */
  readonly inInitramfs?: ReadonlySet<string>;
  /** True when the initramfs was read to its end, so that what was not seen is not there. */
  readonly initramfsComplete: boolean;
  /** Why the initramfs could not be read to its end. */
  readonly initramfsUnread?: string;
}

/** Which of the drivers a kernel has built in or as modules. */
async function readDriverKinds(tree: GuestTree, kernel: Kernel): Promise<Pick<KernelDrivers, "kinds" | "hasConfig">> {
  const directory = `/lib/modules/${kernel.version}`;
  const options = driverNames.map((name) => drivers[name].option);
  const configPaths = [kernel.configPath, `${directory}/config`, `/usr/lib/kernel/config-${kernel.version}`];
  for (const path of configPaths.filter((candidate) => candidate !== undefined)) {
    const config = parseKernelConfig((await readText(tree, path)) ?? "", options);
    if (config === undefined) continue;
    const kinds = driverNames.map((name) => [name, config.get(drivers[name].option) ?? "n"] as const);
    return { kinds: Object.fromEntries(kinds), hasConfig: true };
  }
  const builtIn = await readText(tree, `${directory}/modules.builtin`);
  const builtInModules = builtIn === undefined ? undefined : parseBuiltInModules(builtIn);
  const kinds = await Promise.all(
    driverNames.map(async (name) => [name, await kindWithoutConfig(tree, directory, name, builtInModules)] as const),
  );
  return { kinds: Object.fromEntries(kinds.filter(([, kind]) => kind !== undefined)), hasConfig: false };
}

async function kindWithoutConfig(
  tree: GuestTree,
  directory: string,
  name: DriverName,
  builtIn: ReadonlySet<string> | undefined,
): Promise<DriverKind | undefined> {
  if (builtIn?.has(name)) return "y";
  const paths = ["", ".xz", ".zst", ".gz"].map((suffix) => `${directory}/kernel/${drivers[name].file}${suffix}`);
  const found = await Promise.all(paths.map((path) => isFile(tree, path)));
  if (found.includes(true)) return "m";
  return builtIn === undefined ? undefined : "n";
}

/** What has to be there before the root filesystem can be mounted: the disk, and NVMe for the feature of that name. */
const earlyDrivers = ["virtio_blk", "virtio_pci", "nvme"] as const satisfies readonly DriverName[];

/**
 * The drivers of one kernel, its initramfs included. The initramfs is the dearest thing to read of the whole image: it
 * is left alone when no early driver is a module, and no longer read once all that are were seen.
 */
async function readKernelDrivers(tree: GuestTree, kernel: Kernel): Promise<KernelDrivers> {
  const built = { version: kernel.version, ...(await readDriverKinds(tree, kernel)) };
  const { kinds, hasConfig } = built;
  const sought = earlyDrivers.filter((name) => kinds[name] !== "y" && !(hasConfig && kinds[name] === "n"));
  if (sought.length === 0) return { ...built, inInitramfs: new Set(), initramfsComplete: true };
  const file = kernel.initramfsPath === undefined ? undefined : await tree.open(kernel.initramfsPath);
  if (file?.kind !== "file") return { ...built, initramfsComplete: false };
  const { found, complete, why } = await findModulesInInitramfs(file, sought);
  const unread = why === undefined ? {} : { initramfsUnread: why };
  return { ...built, inInitramfs: found, initramfsComplete: complete, ...unread };
}

/** Whether a driver is there when the kernel looks for its root filesystem. Undefined: could not be told. */
export function isThereEarly(kernel: KernelDrivers, name: (typeof earlyDrivers)[number]): boolean | undefined {
  if (kernel.kinds[name] === "y" || kernel.inInitramfs?.has(name)) return true;
  // A kernel that was built without a driver has no module of it either, wherever its initramfs may be.
  if (kernel.hasConfig && kernel.kinds[name] === "n") return false;
  // Without word on what is built in, a driver that the initramfs lacks may still be in the kernel.
  return kernel.initramfsComplete && kernel.kinds[name] !== undefined ? false : undefined;
}

const maximumKernelsRead = 3;

/** True when the kernel surely cannot reach a virtio disk. */
export function lacksVirtioDisk(kernel: KernelDrivers): boolean {
  return isThereEarly(kernel, "virtio_blk") === false || isThereEarly(kernel, "virtio_pci") === false;
}

/**
 * The drivers of the newest kernel. Only when it lacks what it needs to reach its disk are older ones looked into:
 * which of them boots is the boot loader's choice.
 */
export async function readDriversOfKernels(tree: GuestTree, kernels: readonly Kernel[]): Promise<KernelDrivers[]> {
  const read: KernelDrivers[] = [];
  for (const kernel of kernels.slice(0, maximumKernelsRead)) {
    const drivers = await readKernelDrivers(tree, kernel);
    read.push(drivers);
    if (!lacksVirtioDisk(drivers)) break;
  }
  return read;
}
