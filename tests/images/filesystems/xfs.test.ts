import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openXfs } from "../../../shared/inspection/filesystem/xfs/open-xfs.ts";
import { blankImage, expectSameTree, fileSource } from "./xfs-btrfs-ntfs-tree.ts";

/** mkfs.xfs copies a tree that is described in a prototype file; it cannot express names with blanks or a leading colon. */
function prototypeOf(path: string, indent = ""): string {
  return readdirSync(path)
    .map((name) => {
      const at = join(path, name);
      const stat = lstatSync(at);
      if (stat.isDirectory()) return `${indent}${name} d--755 0 0\n${prototypeOf(at, `${indent} `)}${indent}$\n`;
      if (stat.isSymbolicLink()) return `${indent}${name} l--777 0 0 ${readlinkSync(at)}\n`;
      return stat.isFile() ? `${indent}${name} ---644 0 0 ${at}\n` : "";
    })
    .join("");
}

const variants: [string, string[]][] = [
  ["v5", []],
  ["v4", ["-m", "crc=0"]],
  ["v4 without file types", ["-m", "crc=0", "-n", "ftype=0"]],
  ["v5 with 1 KiB blocks", ["-b", "size=1024"]],
  ["v4 with 512-byte blocks", ["-m", "crc=0", "-b", "size=512", "-i", "size=256"]],
  ["16 KiB directory blocks", ["-n", "size=16384"]],
  ["64 KiB blocks", ["-b", "size=65536"]],
  ["2 KiB inodes", ["-i", "size=2048"]],
  ["large extent counts", ["-i", "nrext64=1"]],
  ["4096-byte sectors, many groups", ["-s", "size=4096", "-d", "agcount=7"]],
  ["reverse maps", ["-m", "rmapbt=1,reflink=1"]],
];

describe("XFS volumes of mkfs.xfs", () => {
  const folder = mkdtempSync(join(tmpdir(), "xfs-"));
  const tree = join(folder, "tree");
  const prototype = join(folder, "prototype");

  beforeAll(() => {
    mkdirSync(join(tree, "many"), { recursive: true });
    for (let index = 0; index < 3000; index++) writeFileSync(join(tree, "many", `entry-${index}`), `${index}\n`);
    mkdirSync(join(tree, "large"));
    for (let index = 0; index < 400; index++) symlinkSync("x".repeat(index + 1), join(tree, "large", `link-${index}`));
    symlinkSync("y/".repeat(500), join(tree, "long-link"));
    execFileSync("cp", ["-a", "/usr/lib/python3/dist-packages", "/usr/share/zoneinfo", tree]);
    execFileSync("find", [tree, "-name", "* *", "-delete"]);
    writeFileSync(prototype, `/\n0 0\nd--755 0 0\n${prototypeOf(tree)}`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(variants)("reads every file of a real tree: %s", async (_name, options) => {
    const image = join(folder, "image");
    blankImage(image, 1200);
    execFileSync("mkfs.xfs", ["-q", "-f", "-L", "a-label", ...options, "-p", prototype, image]);
    await using source = await fileSource(image);
    const fs = await openXfs(source);
    if (fs === undefined) throw new Error("not recognised");
    expect(fs).toMatchObject({ kind: "xfs", label: "a-label", unclean: false });
    await expectSameTree(fs, tree, 4000);
  });
});
