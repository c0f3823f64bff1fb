import { openExt } from "../../../../shared/inspection/filesystem/ext/open-ext.ts";
import { createTree } from "../../../../shared/inspection/filesystem/path-walk.ts";
import { CannotTell, MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { osRelease, treeFiles, treeLinks, volumeUuid } from "../../../fixtures/images/fixture-tree.ts";
import { imageBytes, sourceOf } from "../../../fixtures/images/open-image.ts";
import { openPath } from "./by-path.ts";
import { filesystemContract, openBytes } from "./filesystem-contract.ts";

const images = [
  ["ext2-1k", "ext2"],
  ["ext3-1k", "ext3"],
  ["ext4", "ext4"],
  ["ext4-inline-data", "ext4"],
  ["ext4-meta-bg-1k", "ext4"],
  ["ext4-bigalloc-1k", "ext4"],
] as const;

const superblock = 1024;

const opened = (bytes: Buffer) => openBytes(openExt, bytes);

/** Where the inode of a path lies in an image of one group, whose inode table is found through its only descriptor. */
async function inodeOffset(bytes: Buffer, path: string): Promise<number> {
  const found = await openPath(await opened(bytes), path, { followLinks: false });
  const blockSize = 1024 << bytes.readUInt32LE(superblock + 24);
  const descriptor = blockSize === 1024 ? 2048 : blockSize;
  return (
    bytes.readUInt32LE(descriptor + 8) * blockSize + (Number(found?.node.id) - 1) * bytes.readUInt16LE(superblock + 88)
  );
}

describe.each(images)("an ext filesystem made as %s", (name, kind) => {
  filesystemContract({
    open: openExt,
    image: () => imageBytes(name),
    facts: { kind, label: "fixture", uuid: volumeUuid, unclean: false },
    files: treeFiles,
    links: treeLinks,
  });
});

describe("an ext filesystem", () => {
  it("reads a path through links with few reads", async () => {
    const source = sourceOf(imageBytes("ext4"));
    const fs = await openExt(source);
    if (!fs) throw new Error("not opened");
    const content = await createTree([{ at: "/", fs }]).read("/etc/os-release");
    expect(content?.toString()).toBe(osRelease);
    // Superblock, descriptors, inode blocks, the directories /, etc, usr, usr/lib, and the file.
    expect(source.reads.length).toBeLessThanOrEqual(12);
  });

  it("reads a file of many blocks that lie together in one go", async () => {
    const source = sourceOf(imageBytes("ext4"));
    const fs = await openExt(source);
    const large = fs && (await openPath(fs, "large"));
    if (!fs || !large) throw new Error("not opened");
    const before = source.reads.length;
    await fs.read(large.node, 0, large.node.size);
    expect(source.reads.length - before).toBe(1);
  });

  it.each([
    ["a journal that must be replayed", 96, 0x4],
    ["no mark of a clean unmount", 58, undefined],
  ])("is unclean with %s", async (_, offset, bit) => {
    const bytes = imageBytes("ext3-1k");
    if (bit === undefined) bytes.writeUInt16LE(0, superblock + offset);
    else bytes.writeUInt32LE(bytes.readUInt32LE(superblock + offset) | bit, superblock + offset);
    expect((await opened(bytes)).unclean).toBe(true);
  });

  it.each([
    ["unknown features by their bits", 0x80000000, /0x80000000/],
    ["compression", 0x1, /0x1\b/],
    ["an external journal", 0x8, /journal/],
  ])("cannot tell about %s", async (_, bit, message) => {
    const bytes = imageBytes("ext4");
    bytes.writeUInt32LE((bytes.readUInt32LE(superblock + 96) | bit) >>> 0, superblock + 96);
    const opening = openExt(sourceOf(bytes));
    await expect(opening).rejects.toThrow(CannotTell);
    await expect(opening).rejects.toThrow(message);
  });

  it.each([
    ["block size", 24, 7],
    ["block count", 4, 0],
    ["blocks per group", 32, 0],
    ["inodes per group", 40, 0],
    ["inodes per group", 40, 0xffffffff],
    ["inode size", 88, 200],
    ["inode count", 0, 0xffffffff],
  ])("is malformed with an impossible %s", async (_, offset, value) => {
    const bytes = imageBytes("ext4");
    if (offset === 88) bytes.writeUInt16LE(value, superblock + offset);
    else bytes.writeUInt32LE(value, superblock + offset);
    await expect(openExt(sourceOf(bytes))).rejects.toThrow(MalformedImage);
  });

  it("cannot tell what an encrypted directory or file holds", async () => {
    const bytes = imageBytes("ext4");
    for (const path of ["/etc", "/large"]) {
      const at = (await inodeOffset(bytes, path)) + 32;
      bytes.writeUInt32LE(bytes.readUInt32LE(at) | 0x800, at);
    }
    const fs = await opened(bytes);
    await expect(openPath(fs, "/etc/os-release")).rejects.toThrow(CannotTell);
    const large = await openPath(fs, "/large");
    if (!large) throw new Error("not found");
    await expect(fs.read(large.node, 0, 10)).rejects.toThrow(CannotTell);
  });

  it("finds names whatever their case in a directory that folds it", async () => {
    const bytes = imageBytes("ext4");
    const at = (await inodeOffset(bytes, "/names")) + 32;
    bytes.writeUInt32LE((bytes.readUInt32LE(at) | 0x40000000) >>> 0, at);
    const path = "/names/GRÜßE AUS KÖLN – ÜBERAUS LANG.TXT";
    expect(await openPath(await opened(bytes), path)).toBeDefined();
    expect(await openPath(await opened(imageBytes("ext4")), path)).toBeUndefined();
  });

  it("refuses a directory that is too large to be read", async () => {
    const bytes = imageBytes("ext4");
    bytes.writeUInt32LE(9 * 2 ** 20, (await inodeOffset(bytes, "/many")) + 4);
    await expect(openPath(await opened(bytes), "/many/x")).rejects.toThrow(CannotTell);
  });

  it("does not follow an extent tree that is too deep", async () => {
    const bytes = imageBytes("ext4");
    bytes.writeUInt16LE(6, (await inodeOffset(bytes, "/large")) + 40 + 6);
    const fs = await opened(bytes);
    const large = await openPath(fs, "/large");
    if (!large) throw new Error("not found");
    await expect(fs.read(large.node, 0, 10)).rejects.toThrow(MalformedImage);
  });

  it("reads a file that claims an absurd size without allocating it", async () => {
    const bytes = imageBytes("ext4");
    bytes.writeUInt32LE(0x1fff, (await inodeOffset(bytes, "/large")) + 108);
    const fs = await opened(bytes);
    const large = await openPath(fs, "/large");
    if (!large) throw new Error("not found");
    await expect(fs.read(large.node, 0, large.node.size)).rejects.toThrow(CannotTell);
    expect(await fs.read(large.node, 0, 100)).toHaveLength(100);
  });
});
