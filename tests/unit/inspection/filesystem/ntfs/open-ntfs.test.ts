import { openNtfs } from "../../../../../shared/inspection/filesystem/ntfs/open-ntfs.ts";
import { CannotTell, MalformedImage } from "../../../../../shared/inspection/source/byte-source.ts";
import { sourceOf } from "../../../../fixtures/images/open-image.ts";
import { volumeBytes, volumeFiles, volumeLinks } from "../../../../fixtures/images/xfs-btrfs-ntfs-tree.ts";
import { openPath } from "../by-path.ts";
import { filesystemContract, linkTarget, openBytes } from "../filesystem-contract.ts";

const opened = (bytes: Buffer) => openBytes(openNtfs, bytes);

const RECORD_SIZE = 1024;

/** Offset of a file's record in the image, by the last read of it. */
async function recordOffset(bytes: Buffer, path: string): Promise<number> {
  const source = sourceOf(bytes);
  const fs = await openNtfs(source);
  const found = fs && (await openPath(fs, path, { followLinks: false }));
  const read = source.reads.findLast(({ length }) => length === RECORD_SIZE);
  if (found === undefined || read === undefined) throw new Error(`no ${path}`);
  return read.offset;
}

/** Offset of an attribute in a record. */
function attributeOffset(bytes: Buffer, record: number, type: number): number {
  let at = record + bytes.readUInt16LE(record + 20);
  while (bytes.readUInt32LE(at) !== type) at += bytes.readUInt32LE(at + 4);
  return at;
}

/** Windows' own way of writing a path. */
const windowsText = (path: string) => Buffer.from(path.replaceAll("/", "\\"), "utf16le");

describe.each(["ntfs", "ntfs-compressed"] as const)("openNtfs on %s", (name) => {
  filesystemContract({
    open: openNtfs,
    image: () => volumeBytes(name),
    facts: { kind: "ntfs", label: "fixture", uuid: expect.stringMatching(/^[0-9A-F]{16}$/), unclean: false },
    files: volumeFiles,
    links: volumeLinks,
    ignoresCase: true,
    retarget: (image, target) => {
      // It stands there twice: to be followed, and to be shown.
      const own = windowsText(linkTarget);
      for (let at = image.indexOf(own); at >= 0; at = image.indexOf(own, at)) windowsText(target).copy(image, at);
    },
  });
});

describe("openNtfs", () => {
  it.each([
    ["sectors of no size", 11, 2, 0],
    ["clusters of no size", 13, 1, 0],
    ["clusters larger than any", 13, 1, 0x90],
    ["more sectors than there are bytes", 40, 4, 0x7fffffff],
    ["a file table outside the volume", 48, 4, 0x7fffffff],
    ["file records of no size", 64, 1, 0],
    ["file records larger than any", 64, 1, 0xe0],
  ])("refuses %s", async (_what, at, width, value) => {
    const bytes = volumeBytes("ntfs");
    bytes.writeUIntLE(value, at, width);
    await expect(opened(bytes)).rejects.toThrow(MalformedImage);
  });

  it("takes a volume marked dirty as unclean", async () => {
    const bytes = volumeBytes("ntfs");
    const record = bytes.readUIntLE(48, 6) * 4096 + 3 * RECORD_SIZE;
    const attribute = attributeOffset(bytes, record, 0x70);
    bytes.writeUInt16LE(1, attribute + bytes.readUInt16LE(attribute + 20) + 10);
    expect((await opened(bytes)).unclean).toBe(true);
  });

  it("refuses a record that was written only in part", async () => {
    const bytes = volumeBytes("ntfs");
    const at = await recordOffset(bytes, "large");
    bytes.writeUInt16LE(bytes.readUInt16LE(at + 510) ^ 1, at + 510);
    await expect(openPath(await opened(bytes), "large")).rejects.toThrow(MalformedImage);
  });

  it("cannot tell what an encrypted file holds", async () => {
    const bytes = volumeBytes("ntfs");
    const at = attributeOffset(bytes, await recordOffset(bytes, "large"), 0x80);
    bytes.writeUInt16LE(0x4000, at + 12);
    const fs = await opened(bytes);
    const file = await openPath(fs, "large");
    await expect(file && fs.read(file.node, 0, 1)).rejects.toThrow(CannotTell);
  });

  it.each([
    ["files compressed by the Windows Overlay Filter", 0x80000017],
    ["files that another driver keeps elsewhere", 0x9000001a],
  ])("cannot tell what is in %s, yet lists them", async (_what, tag) => {
    const bytes = volumeBytes("ntfs");
    const at = attributeOffset(bytes, await recordOffset(bytes, "bin"), 0xc0);
    bytes.writeUInt32LE(tag, at + bytes.readUInt16LE(at + 20));
    const fs = await opened(bytes);
    const file = await openPath(fs, "bin");
    expect(file?.node.kind).toBe("file");
    await expect(file && fs.read(file.node, 0, 1)).rejects.toThrow(CannotTell);
  });

  it("gives junctions as links whose target is a path from the root", async () => {
    const bytes = volumeBytes("ntfs");
    const at = attributeOffset(bytes, await recordOffset(bytes, "links/59"), 0xc0);
    const data = at + bytes.readUInt16LE(at + 20);
    const target = Buffer.from("\\??\\C:\\Users\\All", "utf16le");
    bytes.writeUInt32LE(0xa0000003, data);
    bytes.writeUInt32LE(target.length << 16, data + 8);
    bytes.writeUInt32LE(0, data + 12);
    target.copy(bytes, data + 16);
    const fs = await opened(bytes);
    const link = await openPath(fs, "links/59", { followLinks: false });
    expect(link && (await fs.readLink(link.node))).toBe("/Users/All");
  });

  it("gives zeros beyond what was ever written", async () => {
    const bytes = volumeBytes("ntfs");
    const at = attributeOffset(bytes, await recordOffset(bytes, "large"), 0x80);
    bytes.writeUIntLE(100, at + 56, 6);
    const fs = await opened(bytes);
    const file = await openPath(fs, "large");
    const whole = volumeFiles.get("large") ?? Buffer.alloc(0);
    const expected = Buffer.concat([whole.subarray(50, 100), Buffer.alloc(50)]);
    expect(file && (await fs.read(file.node, 50, 100))).toEqual(expected);
  });
});
