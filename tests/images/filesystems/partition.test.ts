import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPartitionTable } from "../../../shared/inspection/partition/read-partition-table.ts";
import { fileSource } from "./xfs-btrfs-ntfs-tree.ts";

/** The parts of `sfdisk --json` that are compared. */
interface SfdiskTable {
  readonly partitiontable: {
    readonly label: string;
    readonly sectorsize: number;
    readonly partitions: readonly {
      readonly start: number;
      readonly size: number;
      readonly type: string;
      readonly bootable?: boolean;
      readonly name?: string;
      readonly uuid?: string;
    }[];
  };
}

const extendedTypes = ["5", "f", "85"];

const sgdisk =
  (...options: string[]) =>
  (image: string) =>
    execFileSync("sgdisk", [...options, image], { stdio: "ignore" });
const sfdisk = (script: string) => (image: string) =>
  execFileSync("sfdisk", ["-q", image], { input: script, stdio: ["pipe", "ignore", "ignore"] });

describe("partition tables of sgdisk and sfdisk", () => {
  const folder = mkdtempSync(join(tmpdir(), "partitions-"));
  const image = join(folder, "disk.raw");
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    [
      "a cloud image's GPT",
      sgdisk("-n14:2048:+4M", "-t14:ef02", "-n15:0:+106M", "-t15:ef00", "-n1:0:0", "-t1:8300"),
      [],
    ],
    [
      "a GPT with names and a swap partition",
      sgdisk("-n1:0:+50M", "-t1:8200", "-c1:Ünï swap", "-n2:0:+1G", "-t2:8e00", "-n3:0:0", "-t3:0700"),
      [],
    ],
    ["a GPT with 128 partitions", sgdisk(...Array.from({ length: 128 }, (_, index) => `-n${index + 1}:0:+1M`)), []],
    ["a GPT marked for legacy boot", sgdisk("-n1:0:0", "-t1:8300", "-A1:set:2"), []],
    ["a hybrid MBR", sgdisk("-n1:0:+100M", "-n2:0:0", "-h1"), ["gpt.hybrid-mbr"]],
    ["an MBR", sfdisk("label: dos\n2048,204800,83,*\n,,8e\n"), []],
    ["an MBR with logical partitions", sfdisk("label: dos\n,100M,c,*\n,,5\n,200M,83\n,300M,82\n,,83\n"), []],
    ["an MBR with many logical partitions", sfdisk(`label: dos\n,,f\n${",10M,83\n".repeat(40)}`), []],
  ])("%s", async (_, partition, notes) => {
    rmSync(image, { force: true });
    writeFileSync(image, "");
    truncateSync(image, 2 * 2 ** 30);
    partition(image);
    const told: SfdiskTable = JSON.parse(
      execFileSync("sfdisk", ["--json", image], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    );
    const { label, sectorsize, partitions } = told.partitiontable;
    await using source = await fileSource(image);
    const table = await readPartitionTable(source);
    expect(table.kind).toBe(label === "dos" ? "mbr" : "gpt");
    expect(table.notes.map(({ code }) => code)).toEqual(notes);
    const expected = partitions
      .filter(({ type }) => !extendedTypes.includes(type))
      .map(({ start, size, type, name = "", uuid = "" }) => ({
        offset: start * sectorsize,
        size: size * sectorsize,
        typeId: label === "dos" ? `0x${type.padStart(2, "0")}` : type,
        name,
        uuid: uuid.toLowerCase(),
      }));
    expect(
      table.partitions.map(({ offset, size, typeId, name, uuid }) => ({
        offset,
        size,
        typeId,
        name,
        uuid: label === "dos" ? "" : uuid,
      })),
    ).toEqual(expected);
  });

  it("a GPT of 4096-byte sectors", async () => {
    rmSync(image, { force: true });
    writeFileSync(image, "");
    truncateSync(image, 2 * 2 ** 30);
    execFileSync("fdisk", ["-b", "4096", image], {
      input: "g\nn\n1\n\n+100M\nt\n1\nn\n2\n\n\nw\n",
      stdio: ["pipe", "ignore", "ignore"],
    });
    await using source = await fileSource(image);
    const table = await readPartitionTable(source);
    expect(table).toMatchObject({ kind: "gpt", sectorSize: 4096, notes: [] });
    expect(table.partitions.map(({ offset, typeName }) => [offset, typeName])).toEqual([
      [2 ** 20, "EFI system partition"],
      [101 * 2 ** 20, "Linux filesystem"],
    ]);
  });
});
