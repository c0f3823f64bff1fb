import { detectFilesystem, openAnyFilesystem } from "../../../../shared/inspection/filesystem/open-filesystem.ts";
import { CannotTell } from "../../../../shared/inspection/source/byte-source.ts";
import { imageBytes, sourceOf } from "../../../fixtures/images/open-image.ts";

const size = 128 * 1024;

function marked(offset: number, mark: string | number[]): Buffer {
  const bytes = Buffer.alloc(size);
  Buffer.from(typeof mark === "string" ? Buffer.from(mark, "latin1") : mark).copy(bytes, offset);
  return bytes;
}

describe("detecting what a partition holds", () => {
  it.each([
    ["ext2", imageBytes("ext2-1k")],
    ["ext3", imageBytes("ext3-1k")],
    ["ext4", imageBytes("ext4")],
    ["vfat", imageBytes("fat12")],
    ["vfat", imageBytes("fat32")],
    ["xfs", marked(0, "XFSB")],
    ["btrfs", marked(65600, "_BHRfS_M")],
    ["ntfs", marked(3, "NTFS    ")],
    ["bitlocker", marked(3, "-FVE-FS-")],
    ["luks", marked(0, "LUKS\xba\xbe\0\x02")],
    ["lvm2", marked(512, "LABELONE")],
    ["swap", marked(4086, "SWAPSPACE2")],
    ["swap", marked(65526, "SWAPSPACE2")],
    ["squashfs", marked(0, "hsqs")],
    ["f2fs", marked(1024, [0x10, 0x20, 0xf5, 0xf2])],
    ["mdraid", marked(4096, [0xfc, 0x4e, 0x2b, 0xa9])],
    ["zfs", marked(16500, "pool_guid")],
    ["iso9660", marked(32769, "CD001")],
  ])("finds %s", async (kind, bytes) => {
    expect(await detectFilesystem(sourceOf(bytes))).toBe(kind);
  });

  it("finds nothing in zeros, text, or next to nothing", async () => {
    expect(await detectFilesystem(sourceOf(Buffer.alloc(size)))).toBeUndefined();
    expect(await detectFilesystem(sourceOf(Buffer.alloc(size, "text ")))).toBeUndefined();
    expect(await detectFilesystem(sourceOf(Buffer.alloc(100)))).toBeUndefined();
  });

  it("takes one small read where the mark is near the start", async () => {
    const source = sourceOf(imageBytes("ext4"));
    await detectFilesystem(source);
    expect(source.reads).toEqual([{ offset: 0, length: 8192 }]);
  });
});

describe("opening whatever a partition holds", () => {
  it.each([
    ["ext2-1k", "ext2"],
    ["ext4", "ext4"],
    ["fat16", "vfat"],
  ] as const)("opens %s", async (name, kind) => {
    expect((await openAnyFilesystem(sourceOf(imageBytes(name))))?.kind).toBe(kind);
  });

  it("opens nothing where there is nothing that it can read", async () => {
    expect(await openAnyFilesystem(sourceOf(marked(0, "hsqs")))).toBeUndefined();
    expect(await openAnyFilesystem(sourceOf(Buffer.alloc(size)))).toBeUndefined();
  });

  it("does not look again when told what was detected", async () => {
    const source = sourceOf(imageBytes("ext4"));
    await openAnyFilesystem(source, "ext4");
    expect(source.reads).toEqual([{ offset: 1024, length: 1024 }]);
  });

  it("says so when an ext filesystem has features that nobody knows", async () => {
    const bytes = imageBytes("ext4");
    bytes.writeUInt32LE(0x40000000, 1024 + 96);
    expect(await detectFilesystem(sourceOf(bytes))).toBe("ext4");
    await expect(openAnyFilesystem(sourceOf(bytes))).rejects.toThrow(CannotTell);
  });
});
