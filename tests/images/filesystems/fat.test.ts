import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFat } from "../../../shared/inspection/filesystem/fat/open-fat.ts";
import { expectSameTree, fileSource } from "./xfs-btrfs-ntfs-tree.ts";

const variants: readonly [name: string, sizeInMiB: number, options: readonly string[]][] = [
  ["FAT12", 30, ["-F", "12", "-s", "16"]],
  ["FAT16", 60, ["-F", "16"]],
  ["FAT16 with clusters of one sector", 30, ["-F", "16", "-s", "1"]],
  ["FAT32", 100, ["-F", "32"]],
  ["FAT32 with clusters of one sector", 64, ["-F", "32", "-s", "1"]],
  ["FAT32 with sectors of 4096 bytes", 300, ["-F", "32", "-S", "4096", "-s", "1"]],
  ["FAT32 with one table", 100, ["-F", "32", "-f", "1"]],
];

describe("FAT filesystems of mkfs.vfat", () => {
  const folder = mkdtempSync(join(tmpdir(), "fat-"));
  const tree = join(folder, "tree");
  const image = join(folder, "image");

  beforeAll(() => {
    mkdirSync(join(tree, "many"), { recursive: true });
    for (let index = 0; index < 600; index += 1)
      writeFileSync(join(tree, "many", `Some entry with a long name ${index}`), `${index}\n`);
    writeFileSync(join(tree, "UPPER.TXT"), "upper");
    writeFileSync(join(tree, "lower.txt"), "lower");
    writeFileSync(join(tree, "Ünïcödé – 漢字.txt"), "unicode");
    cpSync("/usr/lib/python3.11/asyncio", join(tree, "asyncio"), { recursive: true });
    cpSync("/usr/lib/python3.11/encodings", join(tree, "encodings"), { recursive: true });
    cpSync("/usr/bin/git", join(tree, "large-file"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(variants)("%s give back every file", async (_, sizeInMiB, options) => {
    rmSync(image, { force: true });
    execFileSync("mkfs.vfat", [...options, "-C", image, String(sizeInMiB * 1024)], { stdio: "ignore" });
    const parts = readdirSync(tree).map((name) => join(tree, name));
    execFileSync("mcopy", ["-i", image, "-s", "-Q", ...parts, "::/"], { env: { ...process.env, LC_ALL: "C.UTF-8" } });
    await using source = await fileSource(image);
    const fs = await openFat(source);
    if (!fs) throw new Error("not opened");
    await expectSameTree(fs, tree, 700);
  });
});
