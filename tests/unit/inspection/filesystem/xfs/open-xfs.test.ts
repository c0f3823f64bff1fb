import fc from "fast-check";
import { openPath } from "../../../../../shared/inspection/filesystem/path-walk.ts";
import { readInode } from "../../../../../shared/inspection/filesystem/xfs/inode.ts";
import { openXfs } from "../../../../../shared/inspection/filesystem/xfs/open-xfs.ts";
import { readSuperblock } from "../../../../../shared/inspection/filesystem/xfs/superblock.ts";
import { CannotTell, MalformedImage } from "../../../../../shared/inspection/source/byte-source.ts";
import { sourceOf } from "../../../../fixtures/images/open-image.ts";
import {
  volumeBytes,
  volumeFiles,
  walkDamaged,
  walkVolume,
  wholeVolume,
} from "../../../../fixtures/images/xfs-btrfs-ntfs-tree.ts";

async function openBytes(bytes: Buffer) {
  const fs = await openXfs(sourceOf(bytes));
  if (fs === undefined) throw new Error("not recognised");
  return fs;
}

/** Where the inode of a file lies in an image. */
async function inodeOffset(bytes: Buffer, path: string): Promise<number> {
  const source = sourceOf(bytes);
  const volume = await readSuperblock(source);
  const found = await openPath(await openBytes(bytes), path, { followLinks: false });
  if (volume === undefined || found === undefined) throw new Error(`no ${path}`);
  await readInode(volume, Number(found.node.id));
  return source.reads.at(-1)?.offset ?? 0;
}

const INODE_CORE = 176;

describe.each(["xfs-v5", "xfs-v4"] as const)("openXfs on %s", (name) => {
  const bytes = volumeBytes(name);

  it("says what the superblock knows", async () => {
    expect(await openBytes(bytes)).toMatchObject({
      kind: "xfs",
      label: "fixture",
      uuid: "6d8f6f0e-3c1b-4a57-9a53-0f1e2d3c4b5a",
      unclean: false,
    });
  });

  it("finds every file and link with its contents", async () => {
    expect(await walkVolume(await openBytes(bytes))).toEqual(wholeVolume);
  });

  it("looks up each name of a directory large enough to have an index", async () => {
    const fs = await openBytes(bytes);
    for (const [path, content] of volumeFiles) {
      const found = await openPath(fs, path);
      expect(found && content.equals(await fs.read(found.node, 0, content.length))).toBe(true);
    }
    const many = await openPath(fs, "many");
    expect(many && (await fs.lookup(many.node, "a-long-name-131"))).toBeUndefined();
  });

  it("reads any range of a file, cut at its end", async () => {
    const fs = await openBytes(bytes);
    const file = await openPath(fs, "large");
    const whole = volumeFiles.get("large") ?? Buffer.alloc(0);
    if (file === undefined) throw new Error("no file");
    await fc.assert(
      fc.asyncProperty(fc.nat(310_000), fc.nat(20_000), async (offset, length) => {
        expect(whole.subarray(offset, offset + length).equals(await fs.read(file.node, offset, length))).toBe(true);
      }),
    );
  });

  it("ends in a walk or in a plain verdict however bytes are damaged", async () => {
    const seeds = fc.sample(fc.nat(2 ** 30), { numRuns: 100, seed: 7 });
    expect(await walkDamaged(openXfs, bytes, seeds)).toBeLessThan(2000);
  });
});

describe("openXfs", () => {
  it("does not claim what is no XFS", async () => {
    expect(await openXfs(sourceOf(Buffer.alloc(8192)))).toBeUndefined();
    expect(await openXfs(sourceOf(Buffer.alloc(100)))).toBeUndefined();
  });

  it("names incompatible features that it does not know", async () => {
    const bytes = volumeBytes("xfs-v5");
    bytes.writeUInt32BE(bytes.readUInt32BE(216) | 0x1000_0200, 216);
    await expect(openBytes(bytes)).rejects.toThrow(CannotTell);
    await expect(openBytes(bytes)).rejects.toThrow("0x10000200");
  });

  it("takes a volume that asks for repair as unclean", async () => {
    const bytes = volumeBytes("xfs-v5");
    bytes.writeUInt32BE(bytes.readUInt32BE(216) | 0x10, 216);
    expect((await openBytes(bytes)).unclean).toBe(true);
  });

  it.each([
    ["a block size that is no power of two", 4, 4095],
    ["more blocks than there are bytes", 8, 0x7fffffff],
    ["an absurd number of allocation groups", 88, 0xffffffff],
    ["an allocation group of no blocks", 84, 0],
  ])("refuses %s", async (_what, at, value) => {
    const bytes = volumeBytes("xfs-v5");
    bytes.writeUInt32BE(value, at);
    await expect(openBytes(bytes)).rejects.toThrow(MalformedImage);
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
    const fs = await openBytes(bytes);
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
    const fs = await openBytes(bytes);
    const file = await openPath(fs, "large");
    await expect(file && fs.read(file.node, 0, 10)).rejects.toThrow(CannotTell);
  });

  it("reads extents counted in the wide fields", async () => {
    const bytes = volumeBytes("xfs-v5");
    const inode = await inodeOffset(bytes, "large");
    bytes.writeBigUInt64BE(BigInt(bytes.readUInt32BE(inode + 76)), inode + 24);
    bytes.writeUInt32BE(0, inode + 76);
    bytes.writeBigUInt64BE(bytes.readBigUInt64BE(inode + 120) | 16n, inode + 120);
    const fs = await openBytes(bytes);
    const file = await openPath(fs, "large");
    expect(file && volumeFiles.get("large")?.equals(await fs.read(file.node, 0, 300_000))).toBe(true);
  });

  it("refuses to read a file as a directory and the other way round", async () => {
    const fs = await openBytes(volumeBytes("xfs-v5"));
    const file = await openPath(fs, "large");
    await expect(file && fs.list(file.node)).rejects.toThrow(MalformedImage);
    await expect(fs.read(await fs.root(), 0, 1)).rejects.toThrow(MalformedImage);
  });
});
