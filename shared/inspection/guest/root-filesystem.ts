/** Which of a disk's filesystems is the root of a Linux system, and what else that system mounts into it. */
import { isBtrfs } from "../filesystem/btrfs/open-btrfs.ts";
import type { Filesystem } from "../filesystem/filesystem.ts";
import { createTree, type Mount, type MountedTree } from "../filesystem/path-walk.ts";
import { CannotTell } from "../source/byte-source.ts";
import {
  attempt,
  type GuestTree,
  guestTreeOf,
  isDirectory,
  readFirstText,
  readText,
  type Unread,
} from "./guest-tree.ts";
import { type FstabEntry, isMountedAtBoot, parseFstab } from "./linux/fstab.ts";
import type { Volume } from "./volumes.ts";

/** A filesystem that looks like a root, and how much so. */
export interface RootCandidate {
  readonly volume: Volume;
  readonly mount: Mount;
  readonly score: number;
}

const unixKinds = new Set(["ext2", "ext3", "ext4", "xfs", "btrfs"]);

/** What can hold /boot beside those: the EFI system partition, where systemd-boot finds kernels. */
const bootKinds = new Set([...unixKinds, "vfat"]);

/** Where distributions put their root on btrfs, if it is not the default subvolume: Ubuntu, Debian, Fedora, SUSE. */
const btrfsRoots = ["@", "@rootfs", "root", "@/.snapshots/1/snapshot"];

/** The roots on a disk, the most likely first. */
export async function findRoots(volumes: readonly Volume[], unread: Unread[]): Promise<RootCandidate[]> {
  const found = await Promise.all(
    volumes.map(async (volume) => (await attempt(volume.name, unread, () => rootOn(volume))) ?? []),
  );
  return found.flat().sort((left, right) => right.score - left.score);
}

async function rootOn(volume: Volume): Promise<RootCandidate[]> {
  const { fs } = volume;
  if (fs === undefined || !unixKinds.has(fs.kind)) return [];
  const mounts: Mount[] = [{ at: "/", fs }];
  if (isBtrfs(fs)) {
    const nodes = await Promise.all(btrfsRoots.map((path) => fs.subvolumeRoot(path)));
    mounts.push(...nodes.flatMap((root) => (root === undefined ? [] : [{ at: "/", fs, root }])));
  }
  mounts.push(...(await ostreeDeployments(fs)));
  const scored = await Promise.all(mounts.map(async (mount) => ({ volume, mount, score: await scoreOf(mount) })));
  // Subvolumes of one filesystem are parts or snapshots of one system.
  const best = scored.sort((left, right) => right.score - left.score)[0];
  return best !== undefined && best.score > 0 ? [best] : [];
}

const maximumDeployments = 4;

/** Fedora CoreOS and its like keep their roots in `/ostree/deploy/NAME/deploy/CHECKSUM.NUMBER`. */
async function ostreeDeployments(fs: Filesystem): Promise<Mount[]> {
  const tree = createTree([{ at: "/", fs }]);
  const systems = (await tree.list("/ostree/deploy")) ?? [];
  const paths = systems.slice(0, maximumDeployments).map(async (system) => {
    const names = (await tree.list(`/ostree/deploy/${system}/deploy`)) ?? [];
    return names.filter((name) => /^[0-9a-f]{64}\.\d{1,4}$/.test(name)).map((name) => `${system}/deploy/${name}`);
  });
  const deployments = (await Promise.all(paths)).flat().slice(0, maximumDeployments);
  const roots = await Promise.all(deployments.map((path) => tree.stat(`/ostree/deploy/${path}`)));
  return roots.flatMap((root) => (root === undefined ? [] : [{ at: "/", fs, root }]));
}

async function scoreOf(mount: Mount): Promise<number> {
  const tree = guestTreeOf(createTree([mount]));
  const [release, fstab, ...directories] = await Promise.all([
    readFirstText(tree, ["/etc/os-release", "/usr/lib/os-release", "/etc/redhat-release", "/etc/debian_version"]),
    readText(tree, "/etc/fstab"),
    isDirectory(tree, "/etc"),
    isDirectory(tree, "/usr"),
  ]);
  if (directories.includes(false)) return 0;
  return 1 + (release === undefined ? 0 : 2) + (fstab === undefined ? 0 : 1);
}

export interface MountedGuest {
  readonly tree: MountedTree;
  /** The volumes in use, with where they are mounted. */
  readonly used: readonly { readonly at: string; readonly volume: Volume }[];
  /** Entries of fstab, waited for at boot, that no volume of this disk answers to. */
  readonly missing: readonly FstabEntry[];
}

const maximumMounts = 32;

/**
 * The tree of a guest as it sees it once booted. Where fstab mounts what cannot be read or found, and the root has
 * nothing of its own in that place, the place cannot be looked into: nothing must seem to be absent there.
 */
export async function mountGuest(
  root: RootCandidate,
  volumes: readonly Volume[],
  unread: Unread[],
): Promise<MountedGuest> {
  const rootTree = guestTreeOf(createTree([root.mount]));
  const fstab = await attempt("fstab", unread, () => readText(rootTree, "/etc/fstab"));
  const entries = parseFstab(fstab ?? "").filter(({ mountPoint }) => mountPoint.startsWith("/"));
  const used: Used[] = [{ at: "/", volume: root.volume, mount: root.mount }];
  const open: FstabEntry[] = [];
  const missing: FstabEntry[] = [];
  for (const entry of entries.slice(0, maximumMounts)) {
    const volume = volumes.find((candidate) => answersTo(candidate, entry.device));
    const mount = volume && (await attempt(entry.mountPoint, unread, () => mountOf(entry, volume)));
    if (volume === undefined && isMountedAtBoot(entry) && namesFilesystem(entry.device)) missing.push(entry);
    if (entry.mountPoint === "/") continue;
    if (volume !== undefined && mount !== undefined) used.push({ at: entry.mountPoint, volume, mount });
    else if (/^(UUID=|LABEL=|PARTUUID=|PARTLABEL=|\/dev\/)/.test(entry.device)) open.push(entry);
  }
  const unused = volumes.filter((volume) => !used.some((one) => one.volume === volume));
  const guessed = (await attempt("mounts", unread, () => guessMounts(rootTree, unused))) ?? [];
  used.push(...guessed.filter(({ at }) => !used.some((one) => one.at === at)));
  const unmounted = open.map(({ mountPoint }) => mountPoint).filter((path) => !used.some(({ at }) => at === path));
  const closed = await Promise.all(
    unmounted.map(async (path) => {
      const names = await attempt(path, unread, () => rootTree.list(path));
      return names !== undefined && names.length > 0 ? [] : [closedMount(path)];
    }),
  );
  return { tree: createTree([...used.map(({ mount }) => mount), ...closed.flat()]), used, missing };
}

interface Used {
  readonly at: string;
  readonly volume: Volume;
  readonly mount: Mount;
}

/** A mount that says of everything in it that it cannot be told. */
function closedMount(at: string): Mount {
  const cannotTell = async (): Promise<never> => {
    throw new CannotTell(`${at} is a filesystem that was not found or cannot be read`);
  };
  const fs = { kind: "unknown", unclean: false, root: cannotTell, lookup: cannotTell, list: cannotTell };
  return { at, fs: { ...fs, read: cannotTell, readLink: cannotTell } };
}

/** The mount of an fstab entry; with btrfs, of the subvolume that it names. Undefined when there is none of that name. */
async function mountOf(entry: FstabEntry, { fs }: Volume): Promise<Mount | undefined> {
  if (fs === undefined) return undefined;
  const subvolume = entry.options.find((option) => option.startsWith("subvol="))?.slice("subvol=".length);
  if (!isBtrfs(fs) || subvolume === undefined) return { at: entry.mountPoint, fs };
  const root = await fs.subvolumeRoot(subvolume);
  return root === undefined ? undefined : { at: entry.mountPoint, fs, root };
}

/** udev's links by what is on the disk say the same as a tag (fstab(5)). */
function asTag(device: string): string {
  return device.replace(
    /^\/dev\/disk\/by-(uuid|label|partuuid|partlabel)\//,
    (_, key: string) => `${key.toUpperCase()}=`,
  );
}

/** Whether a volume is what fstab means by `device`. */
function answersTo({ fs, lvm, partition }: Volume, device: string): boolean {
  const [, key, value] = /^(UUID|LABEL|PARTUUID|PARTLABEL)=(.+)$/.exec(asTag(device)) ?? [];
  if (key === "UUID") return fs?.uuid?.toLowerCase() === value?.toLowerCase();
  if (key === "LABEL") return fs?.label === value;
  if (key === "PARTUUID") return partition?.uuid === value?.toLowerCase();
  if (key === "PARTLABEL") return partition?.name === value;
  if (lvm === undefined) return false;
  const mapped = [lvm.group, lvm.name].map((part) => part.replaceAll("-", "--")).join("-");
  return device === `/dev/mapper/${mapped}` || device === `/dev/${lvm.group}/${lvm.name}`;
}

/** Names that say which filesystem is meant, wherever it is. */
function namesFilesystem(device: string): boolean {
  return /^(UUID|LABEL|PARTUUID|PARTLABEL)=./.test(asTag(device));
}

/** A /boot or /usr of its own that fstab does not name in a way that can be followed. */
async function guessMounts(rootTree: GuestTree, unused: readonly Volume[]): Promise<Used[]> {
  const [boot, hasPrograms] = await Promise.all([rootTree.list("/boot"), isDirectory(rootTree, "/usr/bin")]);
  const needsBoot = !(boot ?? []).some(isKernelName);
  if (!needsBoot && hasPrograms) return [];
  const guesses = await Promise.all(
    unused.map(async (volume) => {
      const { fs } = volume;
      if (fs === undefined || !bootKinds.has(fs.kind)) return [];
      const names = await createTree([{ at: "/", fs }]).list("/");
      if (needsBoot && names?.some(isKernelName)) return [{ at: "/boot", volume, mount: { at: "/boot", fs } }];
      const isUsr = !hasPrograms && names?.includes("bin") && names.includes("lib") && !names.includes("etc");
      return isUsr ? [{ at: "/usr", volume, mount: { at: "/usr", fs } }] : [];
    }),
  );
  return guesses.flat();
}

function isKernelName(name: string): boolean {
  return name.startsWith("vmlinuz");
}
