import fc from "fast-check";
import { openBtrfs } from "../../../../../shared/inspection/filesystem/btrfs/open-btrfs.ts";
import { openPath } from "../../../../../shared/inspection/filesystem/path-walk.ts";
import { CannotTell, MalformedImage } from "../../../../../shared/inspection/source/byte-source.ts";
import { sourceOf } from "../../../../fixtures/images/open-image.ts";
import {
  volumeBytes,
  volumeFiles,
  walkDamaged,
  walkVolume,
  wholeVolume,
} from "../../../../fixtures/images/xfs-btrfs-ntfs-tree.ts";
import {
  buildBtrfs,
  chunkStart,
  dataStart,
  directoryMode,
  extentItem,
  inodeItem,
  nodeSize,
  oneFile,
  signSuperblock,
} from "./built-btrfs.ts";

async function openBytes(bytes: Buffer) {
  const fs = await openBtrfs(sourceOf(bytes));
  if (fs === undefined) throw new Error("not recognised");
  return fs;
}

async function readFile(bytes: Buffer, offset = 0, length = 1_000_000): Promise<Buffer> {
  const fs = await openBytes(bytes);
  const file = await openPath(fs, "file");
  if (file === undefined) throw new Error("no file");
  return fs.read(file.node, offset, length);
}

describe("openBtrfs on a volume of mkfs.btrfs", () => {
  const bytes = volumeBytes("btrfs");

  it("says what the superblock knows", async () => {
    const uuid = "6d8f6f0e-3c1b-4a57-9a53-0f1e2d3c4b5a";
    expect(await openBytes(bytes)).toMatchObject({ kind: "btrfs", label: "fixture", uuid, unclean: false });
  });

  it("finds every file and link with its contents", async () => {
    expect(await walkVolume(await openBytes(bytes))).toEqual(wholeVolume);
  });

  it("looks up every name", async () => {
    const fs = await openBytes(bytes);
    for (const [path, content] of volumeFiles) {
      const found = await openPath(fs, path);
      expect(found && content.equals(await fs.read(found.node, 0, content.length))).toBe(true);
    }
    expect(await fs.lookup(await fs.root(), "LARGE")).toBeUndefined();
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
    expect(await walkDamaged(openBtrfs, bytes, seeds)).toBeLessThan(2000);
  });
});

describe("openBtrfs", () => {
  const noTrees = new Map([[5, [inodeItem(256, 0, directoryMode)]]]);

  it("does not claim what is no btrfs", async () => {
    expect(await openBtrfs(sourceOf(Buffer.alloc(100_000)))).toBeUndefined();
    expect(await openBtrfs(sourceOf(Buffer.alloc(100)))).toBeUndefined();
  });

  it("names features that it cannot read", async () => {
    const bytes = buildBtrfs({ trees: noTrees, incompatible: (1n << 13n) | (1n << 40n) });
    await expect(openBytes(bytes)).rejects.toThrow(CannotTell);
    await expect(openBytes(bytes)).rejects.toThrow("extent tree v2, bit 40");
  });

  it("refuses a superblock with a wrong checksum when there is no copy", async () => {
    const bytes = buildBtrfs({ trees: noTrees });
    bytes.writeUInt8(1, 65_536 + 0x70);
    await expect(openBytes(bytes)).rejects.toThrow(MalformedImage);
  });

  it.each([
    ["tree blocks of no size", 0x94, 0],
    ["tree blocks of an odd size", 0x94, 16_385],
    ["sectors of no size", 0x90, 0],
    ["more system chunks than there is room for", 0xa0, 2049],
  ])("refuses %s", async (_what, at, value) => {
    const bytes = buildBtrfs({ trees: noTrees });
    bytes.writeUInt32LE(value, 65_536 + at);
    await expect(openBytes(signSuperblock(bytes))).rejects.toThrow(MalformedImage);
  });

  it("takes a volume with a log tree as unclean", async () => {
    const bytes = buildBtrfs({ trees: noTrees });
    bytes.writeUInt8(1, 65_536 + 0x60);
    expect((await openBytes(signSuperblock(bytes))).unclean).toBe(true);
  });

  it("reads the second copy of a tree block when the first is damaged", async () => {
    const copyStart = 3 * 2 ** 20;
    const stripes = [
      { device: 1, offset: chunkStart },
      { device: 1, offset: copyStart },
    ];
    const bytes = buildBtrfs({ trees: noTrees, profile: 0x20, stripes });
    bytes.copyWithin(copyStart, chunkStart, chunkStart + 8 * nodeSize);
    bytes.fill(0xee, chunkStart + 2 * nodeSize, chunkStart + 3 * nodeSize);
    expect(await walkVolume(await openBytes(bytes))).toEqual(new Map());
    bytes.fill(0xee, copyStart + 2 * nodeSize, copyStart + 3 * nodeSize);
    await expect(walkVolume(await openBytes(bytes))).rejects.toThrow(MalformedImage);
  });

  it("reads the mirror on this device, whichever of several it is", async () => {
    const stripes = [
      { device: 2, offset: 0 },
      { device: 1, offset: chunkStart },
    ];
    const bytes = buildBtrfs({ trees: noTrees, profile: 0x10, stripes });
    expect(await walkVolume(await openBytes(bytes))).toEqual(new Map());
  });

  it("cannot tell when a part lies on another device, or with parity", async () => {
    const elsewhere = buildBtrfs({ trees: noTrees, stripes: [{ device: 2, offset: chunkStart }] });
    await expect(openBytes(elsewhere)).rejects.toThrow(CannotTell);
    const parity = buildBtrfs({ trees: noTrees, profile: 0x80 });
    await expect(openBytes(parity)).rejects.toThrow(CannotTell);
  });

  it("joins the stripes of a volume striped over one device", async () => {
    // Stripes of 64 KiB by turns: even ones stay where they are, odd ones are kept 2 MiB further on.
    const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
    const extent = extentItem(257, 0, { length: 200_704, address: dataStart, stored: 200_704, used: 200_704 });
    const stripes = [
      { device: 1, offset: chunkStart },
      { device: 1, offset: chunkStart + 2 ** 21 },
    ];
    const plain = buildBtrfs({
      trees: oneFile(200_000, [extent]),
      profile: 0x8,
      stripes,
      data: new Map([[dataStart, content]]),
    });
    const striped = Buffer.from(plain);
    for (let stripe = 0; stripe < 32; stripe++) {
      const place = chunkStart + (stripe % 2) * 2 ** 21 + Math.floor(stripe / 2) * 65_536;
      plain.copy(striped, place, chunkStart + stripe * 65_536, chunkStart + (stripe + 1) * 65_536);
    }
    expect(content.equals(await readFile(striped))).toBe(true);
  });
});
