import * as fc from "fast-check";
import { openFat } from "../../../../shared/inspection/filesystem/fat/open-fat.ts";
import { MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { fixtureContent, plainFiles } from "../../../fixtures/images/fixture-tree.ts";
import { imageBytes, sourceOf } from "../../../fixtures/images/open-image.ts";
import { openPath } from "./by-path.ts";
import { filesystemContract, openBytes } from "./filesystem-contract.ts";
import { walkDamaged } from "./walk-damaged.ts";

const images = ["fat12", "fat16", "fat32"] as const;

const opened = (bytes: Buffer) => openBytes(openFat, bytes);

describe.each(images)("a FAT filesystem made as %s", (name) => {
  filesystemContract({
    open: openFat,
    image: () => imageBytes(name),
    facts: { kind: "vfat", label: "FIXTURE", uuid: "1234-ABCD", unclean: false },
    files: plainFiles,
    ignoresCase: true,
  });
});

describe("a FAT filesystem", () => {
  it("finds names whatever their case, and by their short form", async () => {
    const fs = await opened(imageBytes("fat16"));
    const loader = await openPath(fs, "/efi/boot/bootx64.efi");
    if (!loader) throw new Error("not found");
    expect(await fs.read(loader.node, 0, loader.node.size)).toEqual(fixtureContent(3000));
    expect(await openPath(fs, "/MANY/ANENTR~1")).toBeDefined();
    expect(await openPath(fs, "/EFI/BOOT/BOOTAA64.EFI")).toBeUndefined();
    expect(await openPath(fs, "/FIXTURE")).toBeUndefined();
  });

  it("reads the boot loader of a FAT32 with few reads", async () => {
    const source = sourceOf(imageBytes("fat32"));
    const fs = await openFat(source);
    const loader = fs && (await openPath(fs, "/EFI/BOOT/BOOTX64.EFI"));
    if (!fs || !loader) throw new Error("not found");
    await fs.read(loader.node, 0, 512);
    // Boot sector, one piece of the table, the directories /, EFI and BOOT, and the file.
    expect(source.reads.length).toBeLessThanOrEqual(6);
  });

  it("is malformed when its tables leave no room for data", async () => {
    const bytes = imageBytes("fat16");
    bytes.writeUInt16LE(0xffff, 22);
    await expect(openFat(sourceOf(bytes))).rejects.toThrow(MalformedImage);
  });

  it.each(images)("does not follow a chain of clusters in a circle (%s)", async (name) => {
    const bytes = imageBytes(name);
    const table = bytes.readUInt16LE(14) * 512;
    const tableSize = (bytes.readUInt16LE(22) || bytes.readUInt32LE(36)) * 512;
    // Every cluster follows cluster 3, which follows itself.
    if (name === "fat12") bytes.fill(Buffer.from([0x03, 0x30, 0x00]), table, table + tableSize);
    if (name === "fat16") bytes.fill(Buffer.from([3, 0]), table, table + tableSize);
    if (name === "fat32") bytes.fill(Buffer.from([3, 0, 0, 0]), table, table + tableSize);
    const source = sourceOf(bytes);
    await walkDamaged(() => openFat(source));
    // Each of the few hundred entries is read for 64 KiB at the most, however long its chain pretends to be.
    const read = source.reads.reduce((sum, { length }) => sum + length, 0);
    expect(read).toBeLessThan(300 * 65_536 + bytes.length);
  });

  it("is malformed when a file has fewer clusters than its size needs", async () => {
    const bytes = imageBytes("fat16");
    const table = bytes.readUInt16LE(14) * 512;
    bytes.fill(0xff, table, table + bytes.readUInt16LE(22) * 512);
    const fs = await opened(bytes);
    const large = await openPath(fs, "/large");
    if (!large) throw new Error("not found");
    await expect(fs.read(large.node, 0, large.node.size)).rejects.toThrow(MalformedImage);
  });

  it("takes the short name where the long one is damaged", async () => {
    const bytes = imageBytes("fat16");
    // The second part of a name, `an entry with| a rather long…`, begins with five letters after its number.
    const entry = bytes.indexOf(Buffer.from(" a ra", "utf16le")) - 1;
    expect(entry % 32).toBe(0);
    bytes[entry + 13] = (bytes[entry + 13] ?? 0) ^ 0xff;
    const fs = await opened(bytes);
    const many = await openPath(fs, "/many");
    if (!many) throw new Error("not found");
    const names = (await fs.list(many.node)).map(({ name }) => name);
    expect(names).toHaveLength(150);
    expect(names.filter((name) => name.includes("~"))).toHaveLength(1);
  });

  it("with any boot sector opens, or says what is wrong", async () => {
    const original = imageBytes("fat12").subarray(0, 100_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 11, max: 63 }), fc.nat(255)), { maxLength: 5 }),
        async (changes) => {
          const bytes = Buffer.from(original);
          for (const [at, value] of changes) bytes[at] = value;
          await walkDamaged(() => openFat(sourceOf(bytes)), 50);
        },
      ),
      { numRuns: 200 },
    );
  });
});
