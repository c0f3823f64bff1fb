import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBtrfs } from "../../../shared/inspection/filesystem/btrfs/open-btrfs.ts";
import { blankImage, expectSameTree, fileSource } from "./xfs-btrfs-ntfs-tree.ts";

const variants: [string, string[]][] = [
  ["as mkfs.btrfs likes it", []],
  ["single metadata", ["-m", "single"]],
  ["mixed block groups", ["--mixed"]],
  ["4 KiB tree blocks", ["-n", "4096"]],
  ["64 KiB tree blocks", ["-n", "65536"]],
  ["file extents for holes", ["-O", "^no-holes"]],
  ["xxhash", ["--csum", "xxhash"]],
  ["sha256", ["--csum", "sha256"]],
  ["blake2", ["--csum", "blake2"]],
  ["shrunk", ["--shrink"]],
  ["old features", ["-O", "^extref,^skinny-metadata", "-R", "^free-space-tree"]],
];

describe("btrfs volumes of mkfs.btrfs", () => {
  const folder = mkdtempSync(join(tmpdir(), "btrfs-"));
  const tree = join(folder, "tree");

  beforeAll(() => {
    mkdirSync(join(tree, "many"), { recursive: true });
    for (let index = 0; index < 3000; index++) writeFileSync(join(tree, "many", `entry-${index}`), `${index}\n`);
    mkdirSync(join(tree, "links"));
    for (let index = 0; index < 400; index++) symlinkSync("x".repeat(index + 1), join(tree, "links", `link-${index}`));
    for (let size = 1; size < 200_000; size = size * 2 + 1) {
      const content = Buffer.concat(
        Array.from({ length: Math.ceil(size / 32) }, (_, n) => createHash("sha256").update(`${n}`).digest()),
      );
      writeFileSync(join(tree, `${size} bytes`), content.subarray(0, size));
    }
    execFileSync("cp", ["-a", "/usr/lib/python3/dist-packages", "/usr/share/zoneinfo", tree]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(variants)("reads every file of a real tree: %s", async (_name, options) => {
    const image = join(folder, "image");
    blankImage(image, 700);
    execFileSync("mkfs.btrfs", ["-q", "-f", "-L", "a-label", ...options, "--rootdir", tree, image]);
    await using source = await fileSource(image);
    const fs = await openBtrfs(source);
    if (fs === undefined) throw new Error("not recognised");
    expect(fs).toMatchObject({ kind: "btrfs", label: "a-label", unclean: false });
    await expectSameTree(fs, tree, 4000);
    expect(await fs.listSubvolumes()).toEqual([]);
  });
});
