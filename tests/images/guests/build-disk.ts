/** Disks built without loop devices: filesystems from trees of files, put where a partition table says. */
import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { metadataText, physicalVolume, uuids } from "../../unit/inspection/filesystem/lvm-disk.ts";

/** Contents by absolute path; a content of `{ link }` is a symlink. */
export type Files = Readonly<Record<string, string | Buffer | { readonly link: string }>>;

export interface VolumeRecipe {
  readonly format: "ext4" | "xfs" | "btrfs" | "vfat" | "raw";
  readonly sizeInMiB: number;
  readonly files?: Files;
  /** Instead of `files`: a directory of this machine. */
  readonly directory?: string;
  /** Of `raw`: the first bytes. */
  readonly bytes?: Buffer;
  readonly uuid?: string;
  readonly label?: string;
}

export interface PartitionRecipe {
  /** sgdisk's code: `ef00` EFI system, `ef02` BIOS boot, `8300` Linux, `8e00` LVM. */
  readonly type: string;
  /** For `8e00` the volume `root` of the group `vg-root`. */
  readonly volume: VolumeRecipe;
}

export interface DiskRecipe {
  readonly table: "gpt" | "mbr";
  readonly partitions: readonly PartitionRecipe[];
  /** Writes a boot sector of GRUB's and, where it points to, something that is not empty: with GPT into partition 1. */
  readonly hasGrub?: boolean;
}

const mebibyte = 2 ** 20;
const groupHeadInMiB = 1;

/** Writes a raw disk to `path`. */
export function buildDisk(path: string, { table, partitions, hasGrub }: DiskRecipe): void {
  const work = mkdtempSync(join(tmpdir(), "disk-"));
  try {
    const sizes = partitions.map(({ type, volume }) => volume.sizeInMiB + (type === "8e00" ? groupHeadInMiB : 0));
    const total = 2 + sizes.reduce((sum, size) => sum + size, 0);
    writeFileSync(path, "");
    truncateSync(path, total * mebibyte);
    let start = 1;
    const starts = sizes.map((size) => {
      start += size;
      return start - size;
    });
    if (table === "gpt") {
      const options = partitions.flatMap(({ type }, index) => {
        const [number, first] = [index + 1, (starts[index] ?? 0) * 2048];
        return [`-n${number}:${first}:+${sizes[index] ?? 0}M`, `-t${number}:${type}`];
      });
      run("sgdisk", [...options, path]);
    } else {
      const lines = partitions.map(
        ({ type }, index) =>
          `${(starts[index] ?? 0) * 2048},${(sizes[index] ?? 0) * 2048},${type.slice(0, 2)}${index === 0 ? ",*" : ""}`,
      );
      run("sfdisk", ["-q", path], `label: dos\n${lines.join("\n")}\n`);
    }
    for (const [index, { type, volume }] of partitions.entries()) {
      const at = starts[index] ?? 0;
      if (type === "8e00") put(path, groupHead(work, volume.sizeInMiB), at);
      put(path, buildVolume(work, volume), at + (type === "8e00" ? groupHeadInMiB : 0));
    }
    if (hasGrub) writeBootSector(path, work, table === "gpt" ? 2048 : 1);
  } finally {
    rmSync(work, { recursive: true });
  }
}

function put(disk: string, image: string, atMiB: number): void {
  run("dd", [`if=${image}`, `of=${disk}`, "bs=1M", `seek=${atMiB}`, "conv=notrunc,sparse", "status=none"]);
}

function groupHead(work: string, sizeInMiB: number): string {
  const metadata = metadataText({ root: [{ start: 0, count: sizeInMiB * 16 }] });
  const size = (groupHeadInMiB + sizeInMiB) * mebibyte;
  const head = physicalVolume({ uuid: uuids[0], size, metadata }).subarray(0, groupHeadInMiB * mebibyte);
  const image = join(work, "group");
  writeFileSync(image, head);
  return image;
}

function writeBootSector(path: string, work: string, coreSector: number): void {
  const sector = Buffer.alloc(440);
  sector.writeUInt16LE(0x63eb);
  sector.write("GRUB", 0x180, "latin1");
  sector.writeBigUInt64LE(BigInt(coreSector), 0x5c);
  const [image, core] = [join(work, "sector"), join(work, "core")];
  writeFileSync(image, sector);
  writeFileSync(core, Buffer.alloc(512, 0x52));
  run("dd", [`if=${image}`, `of=${path}`, "bs=440", "count=1", "conv=notrunc", "status=none"]);
  run("dd", [`if=${core}`, `of=${path}`, "bs=512", `seek=${coreSector}`, "conv=notrunc", "status=none"]);
}

function buildVolume(work: string, recipe: VolumeRecipe): string {
  const image = join(work, `volume-${Math.random()}`);
  const tree = recipe.directory ?? `${image}.tree`;
  if (recipe.directory === undefined) {
    mkdirSync(tree);
    writeTree(tree, recipe.files ?? {});
  }
  writeFileSync(image, recipe.bytes ?? "");
  truncateSync(image, recipe.sizeInMiB * mebibyte);
  const { uuid, label } = recipe;
  switch (recipe.format) {
    case "ext4":
      run("mke2fs", ["-q", "-t", "ext4", ...option("-U", uuid), ...option("-L", label), "-d", tree, image]);
      break;
    case "xfs": {
      const prototype = `${image}.proto`;
      writeFileSync(prototype, `/\n0 0\nd--755 0 0\n${prototypeOf(tree)}$\n`);
      run("mkfs.xfs", ["-q", "-p", prototype, ...(uuid ? ["-m", `uuid=${uuid}`] : []), ...option("-L", label), image]);
      break;
    }
    case "btrfs":
      run("mkfs.btrfs", ["-q", "--rootdir", tree, ...option("-U", uuid), ...option("-L", label), image]);
      break;
    case "vfat": {
      run("mkfs.vfat", [...option("-i", uuid), ...option("-n", label), image]);
      const names = readdirSync(tree).map((name) => join(tree, name));
      if (names.length > 0) run("mcopy", ["-s", "-i", image, ...names, "::/"]);
      break;
    }
    case "raw":
      break;
  }
  return image;
}

function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

function writeTree(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    const at = join(root, path);
    mkdirSync(dirname(at), { recursive: true });
    if (typeof content === "object" && "link" in content) symlinkSync(content.link, at);
    else writeFileSync(at, content);
  }
}

/** The description of a tree that mkfs.xfs copies. */
function prototypeOf(path: string): string {
  return readdirSync(path)
    .map((name) => {
      const at = join(path, name);
      const stat = lstatSync(at);
      // The format has no way to write a name with a blank.
      if (/\s/.test(name) || !(stat.isDirectory() || stat.isSymbolicLink() || stat.isFile())) return "";
      if (stat.isDirectory()) return `${name} d--755 0 0\n${prototypeOf(at)}$\n`;
      if (stat.isSymbolicLink()) return `${name} l--777 0 0 ${readlinkSync(at)}\n`;
      return `${name} ---644 0 0 ${at}\n`;
    })
    .join("");
}

/** Runs a program; its output is shown only when it fails. */
export function run(program: string, args: readonly string[], input?: string | Buffer): Buffer {
  return execFileSync(program, args, {
    ...(input === undefined ? {} : { input }),
    stdio: ["pipe", "pipe", "pipe"],
    maxBuffer: 512 * mebibyte,
  });
}

/** A copy of a disk whose ext filesystem, which begins at `offset`, is changed by debugfs's commands. */
export function changedCopy(from: string, to: string, offset: number, commands: readonly string[]): void {
  run("cp", ["--sparse=always", from, to]);
  run("debugfs", ["-w", "-f", "-", `${to}?offset=${offset}`], `${commands.join("\n")}\n`);
}
