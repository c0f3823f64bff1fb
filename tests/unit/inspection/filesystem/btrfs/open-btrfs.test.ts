import { crc32c } from "../../../../../shared/inspection/filesystem/btrfs/crc32c.ts";
import { openBtrfs } from "../../../../../shared/inspection/filesystem/btrfs/open-btrfs.ts";
import { CannotTell, MalformedImage } from "../../../../../shared/inspection/source/byte-source.ts";
import { volumeUuid } from "../../../../fixtures/images/fixture-tree.ts";
import { sourceOf } from "../../../../fixtures/images/open-image.ts";
import { volumeBytes, volumeFiles, volumeLinks, walkVolume } from "../../../../fixtures/images/xfs-btrfs-ntfs-tree.ts";
import { openPath } from "../by-path.ts";
import { filesystemContract, linkTarget, openBytes } from "../filesystem-contract.ts";
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

const opened = (bytes: Buffer) => openBytes(openBtrfs, bytes);

async function readFile(bytes: Buffer, offset = 0, length = 1_000_000): Promise<Buffer> {
  const fs = await opened(bytes);
  const file = await openPath(fs, "file");
  if (file === undefined) throw new Error("no file");
  return fs.read(file.node, offset, length);
}

describe("openBtrfs on a volume of mkfs.btrfs", () => {
  filesystemContract({
    open: openBtrfs,
    image: () => volumeBytes("btrfs"),
    facts: { kind: "btrfs", label: "fixture", uuid: volumeUuid, unclean: false },
    files: volumeFiles,
    links: volumeLinks,
    retarget: (image, target) => {
      const at = image.indexOf(linkTarget);
      image.write(target, at);
      const node = image.subarray(at - (at % nodeSize), at - (at % nodeSize) + nodeSize);
      node.writeUInt32LE(crc32c(node.subarray(32)));
    },
  });
});

describe("openBtrfs", () => {
  const noTrees = new Map([[5, [inodeItem(256, 0, directoryMode)]]]);

  it("reads the blocks of its trees once for many names", async () => {
    const source = sourceOf(volumeBytes("btrfs"));
    const fs = await openBtrfs(source);
    if (fs === undefined) throw new Error("not recognised");
    await walkVolume(fs);
    const blocks = source.reads.filter(({ length }) => length === nodeSize).map(({ offset }) => offset);
    expect(new Set(blocks).size).toBe(blocks.length);
  });

  it("names features that it cannot read", async () => {
    const bytes = buildBtrfs({ trees: noTrees, incompatible: (1n << 13n) | (1n << 40n) });
    await expect(opened(bytes)).rejects.toThrow(CannotTell);
    await expect(opened(bytes)).rejects.toThrow("extent tree v2, bit 40");
  });

  it("refuses a superblock with a wrong checksum when there is no copy", async () => {
    const bytes = buildBtrfs({ trees: noTrees });
    bytes.writeUInt8(1, 65_536 + 0x70);
    await expect(opened(bytes)).rejects.toThrow(MalformedImage);
  });

  it.each([
    ["tree blocks of no size", 0x94, 0],
    ["tree blocks of an odd size", 0x94, 16_385],
    ["sectors of no size", 0x90, 0],
    ["more system chunks than there is room for", 0xa0, 2049],
  ])("refuses %s", async (_what, at, value) => {
    const bytes = buildBtrfs({ trees: noTrees });
    bytes.writeUInt32LE(value, 65_536 + at);
    await expect(opened(signSuperblock(bytes))).rejects.toThrow(MalformedImage);
  });

  it("takes a volume with a log tree as unclean", async () => {
    const bytes = buildBtrfs({ trees: noTrees });
    bytes.writeUInt8(1, 65_536 + 0x60);
    expect((await opened(signSuperblock(bytes))).unclean).toBe(true);
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
    expect(await walkVolume(await opened(bytes))).toEqual(new Map());
    bytes.fill(0xee, copyStart + 2 * nodeSize, copyStart + 3 * nodeSize);
    await expect(walkVolume(await opened(bytes))).rejects.toThrow(MalformedImage);
  });

  it("reads the mirror on this device, whichever of several it is", async () => {
    const stripes = [
      { device: 2, offset: 0 },
      { device: 1, offset: chunkStart },
    ];
    const bytes = buildBtrfs({ trees: noTrees, profile: 0x10, stripes });
    expect(await walkVolume(await opened(bytes))).toEqual(new Map());
  });

  it("cannot tell when a part lies on another device, or with parity", async () => {
    const elsewhere = buildBtrfs({ trees: noTrees, stripes: [{ device: 2, offset: chunkStart }] });
    await expect(opened(elsewhere)).rejects.toThrow(CannotTell);
    const parity = buildBtrfs({ trees: noTrees, profile: 0x80 });
    await expect(opened(parity)).rejects.toThrow(CannotTell);
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
