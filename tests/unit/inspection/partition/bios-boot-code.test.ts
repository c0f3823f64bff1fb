import { hasBiosBootCode } from "../../../../shared/inspection/partition/bios-boot-code.ts";
import { readPartitionTable } from "../../../../shared/inspection/partition/read-partition-table.ts";
import { imageBytes, sourceOf } from "../../../fixtures/images/open-image.ts";
import { gptDisk, guids, mbrDisk } from "./partitioned-disk.ts";

const size = 2 ** 20;
const bios = { type: guids.biosBoot, first: 34, last: 63 };
const root = { type: guids.linux, first: 64, last: 1000 };
const partition = { type: 0x83, first: 64, count: 900 };

async function boots(disk: Buffer): Promise<boolean> {
  const source = sourceOf(disk);
  return hasBiosBootCode(source, await readPartitionTable(source));
}

function withCode(disk: Buffer, text = "some code"): Buffer {
  disk.write(text, 0x40, "latin1");
  return disk;
}

/** GRUB's first sector, which names the sector of its second stage. */
function withGrub(disk: Buffer, core: number | bigint, written = true): Buffer {
  disk.write("GRUB \0Geom\0Hard Disk\0Read\0 Error", 0x180, "latin1");
  disk.writeBigUInt64LE(BigInt(core), 0x5c);
  if (written) disk.write("core", Number(core) * 512);
  return disk;
}

function withBootSector(disk: Buffer, sector: number, text = ""): Buffer {
  disk.write(`\xebX\x90${text}`, sector * 512, "latin1");
  disk.writeUInt16LE(0xaa55, sector * 512 + 510);
  return disk;
}

describe("BIOS boot code", () => {
  it.each([
    ["GRUB behind an MBR", withGrub(mbrDisk(size, [partition]), 1)],
    ["GRUB in a BIOS boot partition", withGrub(gptDisk(size, [bios, root]), 34)],
    ["other code and a BIOS boot partition", withCode(gptDisk(size, [bios, root]))],
    ["LILO", mbrDisk(size, [partition]).fill("LILO", 6, 10)],
    [
      "generic code and an active partition with a boot sector",
      withBootSector(withCode(mbrDisk(size, [{ ...partition, active: true }])), 64),
    ],
    [
      "code and a GPT partition marked for legacy boot",
      withBootSector(withCode(gptDisk(size, [{ ...root, attributes: 4 }])), 64),
    ],
  ])("is there with %s", async (_, disk) => {
    expect(await boots(disk)).toBe(true);
  });

  it.each([
    ["a fresh GPT", imageBytes("gpt-sgdisk")],
    ["a fresh MBR with an active partition", imageBytes("mbr-sfdisk")],
    ["no signature", withCode(Buffer.alloc(size))],
    ["GRUB whose second stage is empty", withGrub(mbrDisk(size, [partition]), 1, false)],
    ["GRUB whose second stage lies beyond the disk", withGrub(mbrDisk(size, [partition]), 2n ** 63n, false)],
    ["generic code and no active partition", withCode(mbrDisk(size, [partition]))],
    [
      "generic code and an active partition without a boot sector",
      withCode(mbrDisk(size, [{ ...partition, active: true }])),
    ],
    [
      "generic code and a fresh FAT",
      withBootSector(withCode(mbrDisk(size, [{ ...partition, active: true }])), 64, "This is not a bootable disk"),
    ],
    ["code before a GPT without a place for more", withCode(gptDisk(size, [root]))],
    ["a filesystem without partitions", imageBytes("fat12")],
    ["nothing", Buffer.alloc(100)],
  ])("is missing with %s", async (_, disk) => {
    expect(await boots(disk)).toBe(false);
  });
});
