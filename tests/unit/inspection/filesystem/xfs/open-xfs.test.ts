import { readInode } from "../../../../../shared/inspection/filesystem/xfs/inode.ts";
import { openXfs } from "../../../../../shared/inspection/filesystem/xfs/open-xfs.ts";
import { readSuperblock } from "../../../../../shared/inspection/filesystem/xfs/superblock.ts";
import { CannotTell, MalformedImage } from "../../../../../shared/inspection/source/byte-source.ts";
import { volumeUuid } from "../../../../fixtures/images/fixture-tree.ts";
import { sourceOf } from "../../../../fixtures/images/open-image.ts";
import { volumeBytes, volumeFiles, volumeLinks } from "../../../../fixtures/images/xfs-btrfs-ntfs-tree.ts";
import { openPath } from "../by-path.ts";
import { filesystemContract, openBytes } from "../filesystem-contract.ts";

const opened = (bytes: Buffer) => openBytes(openXfs, bytes);

/** Where the inode of a file lies in an image. */
async function inodeOffset(bytes: Buffer, path: string): Promise<number> {
  const source = sourceOf(bytes);
  const volume = await readSuperblock(source);
  const found = await openPath(await opened(bytes), path, { followLinks: false });
  if (volume === undefined || found === undefined) throw new Error(`no ${path}`);
  await readInode(volume, Number(found.node.id));
  return source.reads.at(-1)?.offset ?? 0;
}

const INODE_CORE = 176;

describe.each(["xfs-v5", "xfs-v4"] as const)("openXfs on %s", (name) => {
  filesystemContract({
    open: openXfs,
    image: () => volumeBytes(name),
    facts: { kind: "xfs", label: "fixture", uuid: volumeUuid, unclean: false },
    files: volumeFiles,
    links: volumeLinks,
  });
});

describe("openXfs", () => {
  it("names incompatible features that it does not know", async () => {
    const bytes = volumeBytes("xfs-v5");
    bytes.writeUInt32BE(bytes.readUInt32BE(216) | 0x1000_0200, 216);
    await expect(opened(bytes)).rejects.toThrow(CannotTell);
    await expect(opened(bytes)).rejects.toThrow("0x10000200");
  });

  it("takes a volume that asks for repair as unclean", async () => {
    const bytes = volumeBytes("xfs-v5");
    bytes.writeUInt32BE(bytes.readUInt32BE(216) | 0x10, 216);
    expect((await opened(bytes)).unclean).toBe(true);
  });

  it.each([
    ["a block size that is no power of two", 4, 4095],
    ["more blocks than there are bytes", 8, 0x7fffffff],
    ["an absurd number of allocation groups", 88, 0xffffffff],
    ["an allocation group of no blocks", 84, 0],
  ])("refuses %s", async (_what, at, value) => {
    const bytes = volumeBytes("xfs-v5");
    bytes.writeUInt32BE(value, at);
    await expect(opened(bytes)).rejects.toThrow(MalformedImage);
  });

  it("reads links whose blocks carry headers, as kernels write them", async () => {
    const bytes = volumeBytes("xfs-v5");
    const source = sourceOf(bytes);
    const fs = await openXfs(source);
    const link = fs && (await openPath(fs, "links/700", { followLinks: false }));
    if (fs === undefined || link === undefined) throw new Error("no link");
    const target = await fs.readLink(link.node);
    const block = source.reads.at(-1)?.offset ?? 0;
    bytes.copyWithin(block + 56, block, block + 700);
    bytes.write("XSLM", block);
    expect(await fs.readLink(link.node)).toBe(target);
  });

  it("follows an extent tree and gives zeros for holes and unwritten extents", async () => {
    const bytes = volumeBytes("xfs-v5");
    const inode = await inodeOffset(bytes, "large");
    const fork = inode + INODE_CORE;
    const first = Number((bytes.readBigUInt64BE(fork + 8) >> 21n) | ((bytes.readBigUInt64BE(fork) & 0x1ffn) << 43n));
    // The file's last block becomes the leaf of a tree: its first block in place, a hole, an unwritten block, its second block.
    const leaf = first + 73;
    const at = leaf * 4096;
    bytes.fill(0, at, at + 4096);
    bytes.write("BMA3", at);
    bytes.writeUInt16BE(3, at + 6);
    const record = (index: number, start: number, block: number, isUnwritten: boolean) => {
      const high = (BigInt(start) << 9n) | (BigInt(block) >> 43n) | (isUnwritten ? 1n << 63n : 0n);
      bytes.writeBigUInt64BE(high, at + 72 + index * 16);
      bytes.writeBigUInt64BE(((BigInt(block) << 21n) & 0xffff_ffff_ffff_ffffn) | 1n, at + 80 + index * 16);
    };
    record(0, 0, first, false);
    record(1, 2, first + 2, true);
    record(2, 3, first + 1, false);
    const forkSize = bytes.readUInt8(inode + 82) * 8 || 512 - INODE_CORE;
    bytes.fill(0, fork, fork + forkSize);
    bytes.writeUInt8(3, inode + 5);
    bytes.writeUInt16BE(1, fork);
    bytes.writeUInt16BE(1, fork + 2);
    bytes.writeBigUInt64BE(0n, fork + 4);
    bytes.writeBigUInt64BE(BigInt(leaf), fork + 4 + Math.floor((forkSize - 4) / 16) * 8);

    const whole = volumeFiles.get("large") ?? Buffer.alloc(0);
    const zeros = Buffer.alloc(4096);
    const expected = Buffer.concat([whole.subarray(0, 4096), zeros, zeros, whole.subarray(4096, 8192)]);
    const fs = await opened(bytes);
    const file = await openPath(fs, "large");
    expect(file && (await fs.read(file.node, 0, 16_384))).toEqual(expected);
    expect(file && (await fs.read(file.node, 12_288, 4096))).toEqual(whole.subarray(4096, 8192));

    // A tree that names itself as its own child has the wrong level there.
    bytes.writeUInt16BE(2, fork);
    await expect(file && fs.read((await openPath(fs, "large"))?.node ?? file.node, 0, 100)).rejects.toThrow(
      MalformedImage,
    );
  });

  it("cannot tell what a file on a realtime device holds", async () => {
    const bytes = volumeBytes("xfs-v5");
    bytes.writeUInt16BE(1, (await inodeOffset(bytes, "large")) + 90);
    const fs = await opened(bytes);
    const file = await openPath(fs, "large");
    await expect(file && fs.read(file.node, 0, 10)).rejects.toThrow(CannotTell);
  });

  it("reads extents counted in the wide fields", async () => {
    const bytes = volumeBytes("xfs-v5");
    const inode = await inodeOffset(bytes, "large");
    bytes.writeBigUInt64BE(BigInt(bytes.readUInt32BE(inode + 76)), inode + 24);
    bytes.writeUInt32BE(0, inode + 76);
    bytes.writeBigUInt64BE(bytes.readBigUInt64BE(inode + 120) | 16n, inode + 120);
    const fs = await opened(bytes);
    const file = await openPath(fs, "large");
    expect(file && volumeFiles.get("large")?.equals(await fs.read(file.node, 0, 300_000))).toBe(true);
  });
});
