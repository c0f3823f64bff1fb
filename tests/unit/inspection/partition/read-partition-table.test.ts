import * as fc from "fast-check";
import { crc32 } from "../../../../shared/inspection/partition/crc32.ts";
import { readPartitionTable } from "../../../../shared/inspection/partition/read-partition-table.ts";
import { window } from "../../../../shared/inspection/partition/window.ts";
import { MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { imageBytes, sourceOf } from "../../../fixtures/images/open-image.ts";
import { gptDisk, guids, mbrDisk, writeGptHeader, writeMbrEntry } from "./partitioned-disk.ts";

const size = 2 ** 20;
const sectors = size / 512;
const two = [
  { type: guids.esp, first: 64, last: 127, name: "EFI System" },
  { type: guids.linux, first: 128, last: 1023, name: "root" },
];

const read = (bytes: Buffer) => readPartitionTable(sourceOf(bytes));
const codes = async (bytes: Buffer) => (await read(bytes)).notes.map(({ code }) => code);

describe("a GPT", () => {
  it("written by sgdisk is read", async () => {
    expect(await read(imageBytes("gpt-sgdisk"))).toEqual({
      kind: "gpt",
      sectorSize: 512,
      notes: [],
      partitions: [
        {
          index: 1,
          offset: 2 ** 20,
          size: 2 ** 20,
          typeId: guids.biosBoot,
          typeName: "BIOS boot",
          bootable: false,
          uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
          name: "",
        },
        {
          index: 2,
          offset: 2 ** 21,
          size: 2 ** 21,
          typeId: guids.esp,
          typeName: "EFI system partition",
          bootable: false,
          uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
          name: "EFI System",
        },
        {
          index: 3,
          offset: 2 ** 22,
          size: expect.any(Number),
          typeId: guids.linux,
          typeName: "Linux filesystem",
          bootable: false,
          uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
          name: "root",
        },
      ],
    });
  });

  it.each([512, 4096] as const)("with sectors of %d bytes is read in few reads", async (sectorSize) => {
    const source = sourceOf(gptDisk(4 * size, two, sectorSize));
    const table = await readPartitionTable(source);
    expect(table).toMatchObject({ kind: "gpt", sectorSize, notes: [] });
    expect(table.partitions.map(({ offset, size }) => [offset, size])).toEqual([
      [64 * sectorSize, 64 * sectorSize],
      [128 * sectorSize, 896 * sectorSize],
    ]);
    expect(source.reads.length).toBeLessThanOrEqual(7);
  });

  it("marks partitions for legacy boot and shows names without control characters", async () => {
    const entry = { type: guids.linux, first: 64, last: 127, name: "a\u001b[31mb\u202e", attributes: 4 };
    expect((await read(gptDisk(size, [entry]))).partitions[0]).toMatchObject({ bootable: true, name: "a?[31mb?" });
  });

  it.each([
    ["header", 512 + 60],
    ["entries", 1024 + 40],
  ])("with a damaged %s at the start is read from its backup at the end", async (_, offset) => {
    const disk = gptDisk(size, two);
    disk[offset] = (disk[offset] ?? 0) ^ 1;
    const table = await read(disk);
    expect(table).toMatchObject({ kind: "gpt", partitions: [{ typeId: guids.esp }, { typeId: guids.linux }] });
    expect(table.notes.map(({ code }) => code)).toEqual(["gpt.primary-damaged"]);
  });

  it("with a damaged start is read from its backup even after the disk was grown", async () => {
    const disk = Buffer.concat([gptDisk(size, two), Buffer.alloc(size)]);
    disk.fill(0, 512, 1024);
    const table = await read(disk);
    expect(table.partitions).toHaveLength(2);
    expect(table.notes.map(({ code }) => code)).toEqual(["gpt.primary-damaged", "gpt.backup-moved"]);
  });

  it.each([
    ["the disk was grown", (disk: Buffer) => Buffer.concat([disk, Buffer.alloc(size)]), ["gpt.backup-moved"]],
    ["the disk was cut", (disk: Buffer) => disk.subarray(0, size - 512 * 100), ["gpt.disk-too-short"]],
    ["the backup is damaged", (disk: Buffer) => disk.fill(0, size - 512), ["gpt.backup-damaged"]],
    ["both are damaged", (disk: Buffer) => disk.fill(0, size - 512).fill(0, 512, 1024), ["gpt.damaged"]],
  ])("notes when %s", async (_, change, expected) => {
    expect(await codes(change(gptDisk(size, two)))).toEqual(expected);
  });

  it("notes when the two copies differ, and takes the first", async () => {
    const disk = gptDisk(size, two);
    const other = gptDisk(size, two.slice(0, 1));
    other.copy(disk, size - 33 * 512, size - 33 * 512);
    const table = await read(disk);
    expect(table.partitions).toHaveLength(2);
    expect(table.notes.map(({ code }) => code)).toEqual(["gpt.copies-disagree"]);
  });

  it("notes a hybrid MBR, and a missing protective one", async () => {
    const hybrid = gptDisk(size, two);
    writeMbrEntry(hybrid, 1, { type: 0x83, first: 128, count: 896 });
    expect(await read(hybrid)).toMatchObject({ kind: "gpt", notes: [{ code: "gpt.hybrid-mbr" }] });
    const bare = gptDisk(size, two).fill(0, 0, 512);
    expect(await read(bare)).toMatchObject({ kind: "gpt", notes: [{ code: "gpt.no-protective-mbr" }] });
  });

  it("is left aside, with a note, when the MBR does not mention it", async () => {
    const disk = gptDisk(size, two).fill(0, 446, 512);
    writeMbrEntry(disk, 0, { type: 0x83, first: 200, count: 100 });
    expect(await read(disk)).toMatchObject({
      kind: "mbr",
      partitions: [{ offset: 200 * 512 }],
      notes: [{ code: "gpt.stale" }],
    });
  });

  it("keeps partitions within the disk and notes overlaps", async () => {
    const huge = 2 ** 40;
    const disk = gptDisk(size, [
      { type: guids.linux, first: 64, last: 200 },
      { type: guids.linux, first: 128, last: 300 },
      { type: guids.linux, first: 1000, last: huge },
      { type: guids.linux, first: huge, last: huge + 10 },
      { type: guids.linux, first: 900, last: 10 },
    ]);
    const table = await read(disk);
    expect(table.partitions.map(({ index, offset, size }) => [index, offset / 512, size / 512])).toEqual([
      [1, 64, 137],
      [2, 128, 173],
      [3, 1000, sectors - 1000],
    ]);
    expect(table.notes.map(({ code }) => code).sort()).toEqual([
      "partition.out-of-range",
      "partition.out-of-range",
      "partition.out-of-range",
      "partition.overlap",
    ]);
  });

  it.each([
    ["too many entries", { entryCount: 1025 }],
    ["entries that are too small", { entrySize: 64 }],
    ["entries that are too large", { entrySize: 8192 }],
  ])("with %s is damaged", async (_, change) => {
    const disk = gptDisk(size, two).fill(0, size - 512);
    writeGptHeader(disk, 512, {
      own: 1,
      other: sectors - 1,
      entriesAt: 2,
      entries: disk.subarray(1024, 1024 + 16384),
      ...change,
    });
    expect(await codes(disk)).toEqual(["gpt.damaged"]);
  });
});

describe("an MBR", () => {
  it("with logical partitions written by sfdisk is read", async () => {
    const table = await read(imageBytes("mbr-sfdisk"));
    expect(table).toMatchObject({ kind: "mbr", sectorSize: 512, notes: [] });
    expect(
      table.partitions.map(({ index, offset, typeId, typeName, bootable }) => [
        index,
        offset / 512,
        typeId,
        typeName,
        bootable,
      ]),
    ).toEqual([
      [1, 2048, "0x0c", "FAT32 (LBA)", true],
      [2, 4096, "0x83", "Linux filesystem", false],
      [5, 8192, "0x82", "Linux swap", false],
      [6, 12288, "0x83", "Linux filesystem", false],
      [7, 15360, "0x8e", "Linux LVM", false],
    ]);
  });

  it("names its partitions by the disk's signature, as Linux does", async () => {
    const disk = mbrDisk(size, [{ type: 0x83, first: 100, count: 900 }]);
    expect((await read(disk)).partitions[0]?.uuid).toBe("");
    disk.writeUInt32LE(0x00c0ffee, 440);
    expect((await read(disk)).partitions[0]?.uuid).toBe("00c0ffee-01");
  });

  it("is none without a signature, or in the boot sector of a filesystem", async () => {
    expect(await read(Buffer.alloc(size))).toEqual({ kind: "none", sectorSize: 512, partitions: [], notes: [] });
    expect((await read(imageBytes("fat16"))).kind).toBe("none");
    expect((await read(imageBytes("ext4"))).kind).toBe("none");
    expect((await read(Buffer.alloc(10))).kind).toBe("none");
  });

  function extended(): Buffer {
    const disk = mbrDisk(size, [{ type: 0x0f, first: 100, count: 900 }]);
    writeMbrEntry(disk, 0, { type: 0x83, first: 10, count: 50 }, 100);
    writeMbrEntry(disk, 1, { type: 0x05, first: 200, count: 100 }, 100);
    writeMbrEntry(disk, 0, { type: 0x83, first: 10, count: 50 }, 300);
    return disk;
  }

  it("names logical partitions from where their own records lie", async () => {
    expect((await read(extended())).partitions.map(({ index, offset }) => [index, offset / 512])).toEqual([
      [5, 110],
      [6, 310],
    ]);
  });

  it.each([
    ["runs in a circle", { type: 0x05, first: 0, count: 100 }],
    ["goes to the MBR", { type: 0x05, first: 0xffffff9c, count: 100 }],
    ["leaves its extended partition", { type: 0x05, first: 1000, count: 100 }],
    ["goes to a sector without a signature", { type: 0x05, first: 500, count: 100 }],
  ])("notes a chain of logical partitions that %s, and keeps what came before", async (_, link) => {
    const disk = extended();
    writeMbrEntry(disk, 1, link, 100);
    const table = await read(disk);
    expect(table.partitions.map(({ index }) => index)).toEqual([5]);
    expect(table.notes.map(({ code }) => code)).toEqual(["mbr.extended-damaged"]);
  });

  it("drops a logical partition that leaves the extended one", async () => {
    const disk = extended();
    writeMbrEntry(disk, 0, { type: 0x83, first: 10, count: 891 }, 100);
    expect(await read(disk)).toMatchObject({ partitions: [], notes: [{ code: "mbr.extended-damaged" }] });
  });

  it("does not follow an endless chain", async () => {
    const disk = mbrDisk(size, [{ type: 0x05, first: 1, count: sectors - 1 }]);
    for (let record = 1; record < sectors - 1; record += 1) {
      writeMbrEntry(disk, 0, { type: 0x05, first: record, count: 1 }, record);
    }
    const source = sourceOf(disk);
    expect((await readPartitionTable(source)).notes.map(({ code }) => code)).toEqual(["mbr.extended-damaged"]);
    expect(source.reads.length).toBeLessThan(140);
  });
});

describe("any disk", () => {
  it("is read without an error, and with partitions inside it", async () => {
    const bases = [gptDisk(size, two), gptDisk(size, two, 4096), imageBytes("mbr-sfdisk").subarray(0, size)];
    const change = fc.tuple(fc.nat(3 * 512), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.nat(bases.length - 1), fc.array(change, { maxLength: 12 }), async (which, changes) => {
        const disk = Buffer.from(bases[which] ?? Buffer.alloc(size));
        for (const [at, value] of changes) disk[at] = value;
        const { partitions } = await read(disk);
        for (const { offset, size: length } of partitions) {
          expect(offset > 0 && length > 0 && offset + length <= disk.length).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("CRC-32", () => {
  it("has the check value that its definition names", () => {
    expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
  });
});

describe("a window on a disk", () => {
  const disk = sourceOf(Buffer.from("0123456789"));

  it("reads its own bytes and no others", async () => {
    const view = window(disk, 2, 5);
    expect((await view.read(1, 4)).toString()).toBe("3456");
    expect(await view.read(5, 0)).toHaveLength(0);
    await expect(view.read(4, 2)).rejects.toThrow(MalformedImage);
    await expect(view.read(-1, 1)).rejects.toThrow(MalformedImage);
    await expect(view.read(Number.NaN, 1)).rejects.toThrow(MalformedImage);
  });

  it.each([
    [-1, 2],
    [9, 2],
    [0.5, 1],
    [0, Number.MAX_VALUE],
  ])("cannot be at %d for %d bytes", (offset, size) => {
    expect(() => window(disk, offset, size)).toThrow(MalformedImage);
  });
});
