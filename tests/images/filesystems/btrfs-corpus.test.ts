import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBtrfs } from "../../../shared/inspection/filesystem/btrfs/open-btrfs.ts";
import type { Filesystem, FsNode } from "../../../shared/inspection/filesystem/filesystem.ts";
import { CannotTell, MalformedImage } from "../../../shared/inspection/source/byte-source.ts";
import { processorTime } from "../../fixtures/images/processor-time.ts";
import { compareTree, fileSource } from "./xfs-btrfs-ntfs-tree.ts";

/** The damaged images of btrfs-progs' own tests: tests/images/fetch-corpora.sh gets them. */
const corpus = process.env["CORPORA"] ?? join(".cache", "corpora");
const folder = join(corpus, "btrfs-progs");

const images = existsSync(folder)
  ? readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".xz"))
  : [];

/** Up to 3000 entries of all subvolumes, with the first 64 KiB of each file. An entry that cannot be read is passed over. */
async function walk(fs: Filesystem, roots: FsNode[]): Promise<number> {
  const pending = [...roots];
  let count = 0;
  for (let next = pending.pop(); next !== undefined && count < 3000; next = pending.pop()) {
    const directory = next;
    const entries = (await orNothing(() => fs.list(directory))) ?? [];
    for (const { name, node } of entries.slice(0, 3000)) {
      count++;
      await orNothing(async () => {
        await fs.lookup(directory, name);
        const entry = await node();
        if (entry.kind === "directory") pending.push(entry);
        if (entry.kind === "file") await fs.read(entry, 0, 65_536);
        if (entry.kind === "symlink") await fs.readLink(entry);
      });
    }
  }
  return count;
}

async function orNothing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof MalformedImage || error instanceof CannotTell) return undefined;
    throw error;
  }
}

/** Unpacks an image, sparsely; dumps of metadata alone are made into volumes again. */
function unpack(name: string, image: string): string {
  const packed = join(folder, name);
  execFileSync("sh", [
    "-c",
    'xz -dc "$1" | dd of="$2" bs=1M iflag=fullblock conv=sparse status=none',
    "-",
    packed,
    image,
  ]);
  if (!name.endsWith(".img.xz")) return image;
  const dump = `${image}.dump`;
  renameSync(image, dump);
  try {
    execFileSync("btrfs-image", ["-r", dump, image], { stdio: "ignore" });
  } catch {
    // Some are damaged so badly that btrfs-image gives up half way: what it wrote is as good a test.
    if (!existsSync(image)) renameSync(dump, image);
  }
  rmSync(dump, { force: true });
  return image;
}

describe("btrfs-progs' own test images", () => {
  it("are there", () => expect(images.length).toBeGreaterThan(100));

  it.each(images)("%s ends in a walk or in a plain verdict, in time", async (name) => {
    const image = unpack(name, join(tmpdir(), `btrfs-corpus-${process.pid}`));
    try {
      await using source = await fileSource(image);
      const start = processorTime();
      const fs = await orNothing(() => openBtrfs(source));
      if (fs !== undefined) {
        const subvolumes = (await orNothing(() => fs.listSubvolumes())) ?? [];
        const roots = await Promise.all(
          [5, ...subvolumes.map(({ id }) => id)].map((id) => orNothing(() => fs.subvolumeRoot(id))),
        );
        await orNothing(() => fs.root());
        await walk(
          fs,
          roots.filter((root) => root !== undefined),
        );
      }
      // Half a second does for the largest; on a busy machine the same work takes more processor time, too.
      expect(processorTime() - start).toBeLessThan(2500);
    } finally {
      rmSync(image);
    }
  });
});

describe("volumes that kernels wrote", () => {
  it.each([
    ["misc-tests/025-zstd-compression/compress.raw.xz", 3],
    ["fsck-tests/040-compressed-nodatasum/compressed_extent_without_csum.raw.xz", 1],
    ["fsck-tests/020-extent-ref-cases/shared_block_ref_only.raw.xz", 8000],
  ])("%s: every file is as btrfs restore gives it, snapshots included", async (name, least) => {
    const work = mkdtempSync(join(tmpdir(), "btrfs-restore-"));
    try {
      const image = unpack(name, join(work, "image"));
      const tree = join(work, "tree");
      mkdirSync(tree);
      execFileSync("btrfs", ["restore", "-s", "-S", image, tree], { stdio: "ignore" });
      await using source = await fileSource(image);
      const fs = await openBtrfs(source);
      const root = await fs?.subvolumeRoot(5);
      if (fs === undefined || root === undefined) throw new Error("not recognised");
      const result = await compareTree(fs, root, tree);
      expect(result.differences).toEqual([]);
      expect(result.entries).toBeGreaterThanOrEqual(least);
    } finally {
      rmSync(work, { recursive: true });
    }
  });
});
