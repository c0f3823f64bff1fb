/** Which kernels a guest has, and what belongs to each. */
import type { GuestTree } from "../guest-tree.ts";

/** A kernel that the boot loader can choose. Paths are absolute in the guest. */
export interface Kernel {
  /** e.g. `6.1.0-31-cloud-amd64`: the name of its modules' directory, or what its file's name says. */
  readonly version: string;
  readonly imagePath?: string;
  readonly initramfsPath?: string;
  readonly configPath?: string;
}

/** Compares kernel versions as people do: runs of digits as numbers, `5.9` before `5.10`. */
export function compareVersions(left: string, right: string): number {
  const leftParts = left.match(/\d+|[a-zA-Z]+/g) ?? [];
  const rightParts = right.match(/\d+|[a-zA-Z]+/g) ?? [];
  for (let index = 0; index < Math.max(leftParts.length, rightParts.length); index += 1) {
    const order = comparePart(leftParts[index], rightParts[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function comparePart(left: string | undefined, right: string | undefined): number {
  if (left === undefined || right === undefined) return (left === undefined ? 0 : 1) - (right === undefined ? 0 : 1);
  const [leftNumber, rightNumber] = [Number(left), Number(right)];
  if (Number.isNaN(leftNumber) || Number.isNaN(rightNumber)) return left < right ? -1 : left > right ? 1 : 0;
  return leftNumber - rightNumber;
}

const kernelFile = /^(?:vmlinuz|vmlinux|Image|zImage|kernel)-(.{1,100})$/;

/** A directory can hold hundreds of thousands of names, and each kernel is compared with all modules. */
const maximumKernels = 256;

/** What lies beside kernels under their names: checksums, signatures, SUSE's vmlinux-….gz for debuggers, leftovers. */
const noKernel = /\.(?:hmac|old|sig|sha\d+hmac|gz|xz|zst|bz2|signed|bak|rpm\w+|dpkg-\w+)$/;

/** dracut's rescue kernel is a copy of the first one installed, and never boots unless a person chooses it. */
const rescueKernel = /^0-rescue-/;

/**
 * The kernels among the files of /boot and the directories of /lib/modules, newest first. Where /boot names kernels by
 * flavour only (Alpine: `vmlinuz-virt`), the modules' directory ending in that flavour gives the version.
 */
export function kernelsAmong(bootNames: readonly string[], moduleVersions: readonly string[]): Kernel[] {
  const names = new Set(bootNames);
  const modules = moduleVersions.filter((version) => /^\d+\.\d+/.test(version)).slice(0, maximumKernels);
  const files = bootNames.flatMap((name) => {
    const suffix = kernelFile.exec(name)?.[1];
    return suffix === undefined || rescueKernel.test(suffix) || noKernel.test(suffix) ? [] : [{ name, suffix }];
  });
  const kernels = files.slice(0, maximumKernels).map(({ name, suffix }) => kernelOf(name, suffix, names, modules));
  const known = kernels.length > 0 ? kernels : modules.map((version) => ({ version }));
  return known.sort((left, right) => compareVersions(right.version, left.version)).slice(0, 32);
}

function kernelOf(name: string, suffix: string, names: ReadonlySet<string>, modules: readonly string[]): Kernel {
  const version = /^\d/.test(suffix) ? suffix : (versionOfFlavour(suffix, modules) ?? suffix);
  const initramfs = [
    `initrd.img-${suffix}`,
    `initramfs-${suffix}.img`,
    `initrd-${suffix}`,
    `initramfs-${suffix}`,
    `initrd-${suffix}.img`,
  ].find((candidate) => names.has(candidate));
  const config = [`config-${version}`, `config-${suffix}`].find((candidate) => names.has(candidate));
  return {
    version,
    imagePath: `/boot/${name}`,
    ...(initramfs === undefined ? {} : { initramfsPath: `/boot/${initramfs}` }),
    ...(config === undefined ? {} : { configPath: `/boot/${config}` }),
  };
}

/** The version of `vmlinuz-virt` or `vmlinuz-linux`: by the modules' ending, or because there are no other modules. */
function versionOfFlavour(flavour: string, modules: readonly string[]): string | undefined {
  const matching = modules.filter((version) => version.endsWith(`-${flavour}`)).sort(compareVersions);
  return matching.at(-1) ?? (modules.length === 1 ? modules[0] : undefined);
}

/** The kernels of a guest, newest first; empty when it has none (a container's filesystem). */
export async function readKernels(tree: GuestTree): Promise<Kernel[]> {
  const [boot, modules] = await Promise.all([tree.list("/boot"), tree.list("/lib/modules")]);
  return kernelsAmong(boot ?? [], modules ?? []);
}
