/** Rules on a guest's kernels: what they need to reach the disk and the network of an ECS instance. */
import { printable } from "../../printable-text.ts";
import type { Rule, Verdict } from "../rules.ts";
import { isThereEarly, type KernelDrivers, lacksVirtioDisk } from "./drivers.ts";
import { isMachineName } from "./fstab.ts";
import type { LinuxFacts } from "./linux-facts.ts";
import { whereAsked } from "./platform.ts";

const regenerate =
  "Regenerate it with the virtio drivers: `dracut --force --no-hostonly`, or add virtio_pci and virtio_blk to " +
  "/etc/initramfs-tools/modules and run `update-initramfs -u -k all`.";

export const kernelRules: readonly Rule<LinuxFacts>[] = [
  {
    code: "architecture.mixed",
    check: ({ machine, kernelMachine }) =>
      machine !== undefined && kernelMachine !== undefined && machine !== kernelMachine
        ? {
            message: `The programs are for ${machine}, the kernel is for ${kernelMachine}.`,
            fix: "Nothing, if this is what you want: the architecture of the programs is declared to ECS.",
          }
        : undefined,
  },
  {
    code: "boot.device-names",
    check: ({ rootParameter }) =>
      rootParameter !== undefined && isMachineName(rootParameter)
        ? {
            message: `The boot loader names the root filesystem ${printable(rootParameter)}, a name that changes with the machine.`,
            fix: "Use root=UUID=… in the boot loader's configuration (remove GRUB_DISABLE_LINUX_UUID and run update-grub or grub2-mkconfig).",
          }
        : undefined,
  },
  {
    code: "kernel.missing",
    check: ({ kernels, efiLoaders }) =>
      kernels?.length === 0 && efiLoaders !== undefined && !efiLoaders.hasKernel
        ? {
            message: "No kernel was found in /boot or /lib/modules.",
            fix: "Install a kernel; the filesystem of a container has none.",
          }
        : undefined,
  },
  { code: "virtio.missing", check: virtioMissing },
  {
    code: "virtio.net-missing",
    check: ({ drivers }) =>
      drivers?.[0]?.kinds.virtio_net === "n"
        ? {
            message: `Kernel ${printable(drivers[0].version)} has no virtio_net driver: an instance would have no network.`,
            fix: "Install a kernel with CONFIG_VIRTIO_NET.",
          }
        : undefined,
  },
  {
    code: "nvme.missing",
    check: ({ drivers }) =>
      drivers?.[0] !== undefined && isThereEarly(drivers[0], "nvme") === false
        ? {
            message: `Kernel ${printable(drivers[0].version)} has no NVMe driver when it looks for its disk.`,
            fix: "To use instance families with NVMe disks, add nvme to the initramfs.",
          }
        : undefined,
  },
  {
    code: "kernel.too-old",
    check: (facts) => {
      const version = facts.kernels?.[0]?.version;
      return version !== undefined && isKernelAtMost(version, 3, 6)
        ? {
            message: `Kernel ${printable(version)} is not later than 3.6: disks and filesystems cannot be resized.`,
            fix: "Install a kernel later than 3.6.",
            severity: whereAsked(facts),
          }
        : undefined;
    },
  },
  { code: "kernel.fw-cfg", check: firmwareConfiguration },
];

function virtioMissing({ kernels, drivers, unclean }: LinuxFacts): Verdict | undefined {
  const newest = drivers?.[0];
  if (kernels === undefined || drivers === undefined || newest === undefined) return undefined;
  const version = printable(newest.version);
  if (!lacksVirtioDisk(newest)) {
    const isModule = newest.kinds.virtio_blk === "m" || newest.kinds.virtio_pci === "m";
    // A kernel without a file in /boot may be part of a unified image, with its initramfs inside.
    const isAlone = kernels[0]?.imagePath !== undefined && kernels[0].initramfsPath === undefined;
    if (!isAlone || !isModule) return undefined;
    return {
      message: `Kernel ${version} has its virtio drivers as modules, and no initramfs of its own was found.`,
      fix: "Make an initramfs for it, if the boot loader does not bring one from elsewhere.",
      severity: "warning",
    };
  }
  const isEveryKernel = drivers.length === kernels.length && drivers.every(lacksVirtioDisk);
  const older = drivers.find((kernel) => !lacksVirtioDisk(kernel))?.version;
  const alternative = older === undefined ? "" : ` Kernel ${printable(older)} may have them.`;
  return {
    message: `Kernel ${version} cannot reach a disk of an ECS instance: ${absentDrivers(newest)}.${alternative}`,
    fix:
      newest.kinds.virtio_blk === "n" ? "Install a kernel with CONFIG_VIRTIO_BLK and CONFIG_VIRTIO_PCI." : regenerate,
    // What is still in a journal, e.g. a newer initramfs, was not seen.
    ...(isEveryKernel && unclean.length === 0 ? {} : { severity: "warning" as const }),
  };
}

function absentDrivers(kernel: KernelDrivers): string {
  const names = (["virtio_blk", "virtio_pci"] as const).filter((name) => isThereEarly(kernel, name) === false);
  return names
    .map(
      (name) =>
        `${name} is ${kernel.kinds[name] === "n" ? "not installed" : "a module that its initramfs does not hold"}`,
    )
    .join(", ");
}

/** The kernel's major and minor number at most these; false for a version of another form. */
export function isKernelAtMost(version: string, major: number, minor: number): boolean {
  const match = /^(\d{1,4})\.(\d{1,4})/.exec(version);
  if (match === null) return false;
  const [ofMajor, ofMinor] = [Number(match[1]), Number(match[2])];
  return ofMajor < major || (ofMajor === major && ofMinor <= minor);
}

function firmwareConfiguration(facts: LinuxFacts): Verdict | undefined {
  const newest = facts.drivers?.[0];
  const kind = newest?.kinds.qemu_fw_cfg;
  if (newest === undefined || kind === undefined || kind === "y") return undefined;
  const severity = whereAsked(facts);
  const version = printable(newest.version);
  // Debian's own cloud kernels have it as a module; systemd's udev loads it on machines that offer the device.
  if (kind === "m") {
    return {
      message: `Kernel ${version} has CONFIG_FW_CFG_SYSFS as a module (=m); ImportImage's reference asks for =y.`,
      fix: "Nothing, if qemu_fw_cfg is loaded at boot; else name it in /etc/modules-load.d/, so that passwords and key pairs can be set.",
      severity,
    };
  }
  return {
    message: `Kernel ${version} has no CONFIG_FW_CFG_SYSFS: a password or key pair may not be settable.`,
    fix: "Install a kernel built with CONFIG_FW_CFG_SYSFS (Linux 4.6 or later, CentOS 3.10.0-826.el7 or later).",
    severity,
  };
}
