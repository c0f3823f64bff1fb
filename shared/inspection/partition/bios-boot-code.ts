import { uint8, uint16le } from "../source/byte-fields.ts";
import type { ByteSource } from "../source/byte-source.ts";
import type { Partition, PartitionTable } from "./partition-table.ts";

const bootCodeLength = 440;
const biosBootGuid = "21686148-6449-6E6F-744E-656564454649";
/** Where GRUB's first sector keeps the sector number of its second stage: `GRUB_BOOT_MACHINE_KERNEL_SECTOR`. */
const grubKernelSectorOffset = 0x5c;
/** mkfs.fat fills the boot sector with code that only prints this. */
const fatPlaceholder = "This is not a bootable disk";

/**
 * Whether a BIOS would find something to start on this disk.
 *
 * A BIOS runs the first sector when it ends in 55 AA. Partitioning tools leave its code zero (sgdisk, sfdisk) or put a
 * generic piece there that starts the active partition (parted, Windows), so code alone proves nothing; what it would
 * start must be there as well:
 * - GRUB: its next stage, at the sector that the code itself names, is not empty;
 * - LILO: keeps its map inside the filesystem, its name in the first sector is enough;
 * - any other code on GPT: a BIOS boot partition, or one marked for legacy boot that begins with a boot sector;
 * - any other code on MBR: an active partition that begins with a boot sector.
 */
export async function hasBiosBootCode(disk: ByteSource, table: PartitionTable): Promise<boolean> {
  if (disk.size < 512) return false;
  const sector = await disk.read(0, 512);
  const code = sector.subarray(0, bootCodeLength);
  if (uint16le(sector, 510) !== 0xaa55 || isEmpty(code)) return false;
  if (code.includes("GRUB")) return hasGrubCore(disk, code);
  if (code.toString("latin1", 6, 10) === "LILO") return true;
  if (table.partitions.some(({ typeId }) => typeId === biosBootGuid)) return true;
  const marked = table.partitions.filter(({ bootable }) => bootable);
  const starts = await Promise.all(marked.map((partition) => hasBootSector(disk, partition)));
  return starts.includes(true);
}

async function hasGrubCore(disk: ByteSource, code: Buffer): Promise<boolean> {
  const sector = Number(code.readBigUInt64LE(grubKernelSectorOffset));
  if (sector < 1 || !((sector + 1) * 512 <= disk.size)) return false;
  return !isEmpty(await disk.read(sector * 512, 512));
}

async function hasBootSector(disk: ByteSource, partition: Partition): Promise<boolean> {
  if (partition.size < 512) return false;
  const sector = await disk.read(partition.offset, 512);
  return uint16le(sector, 510) === 0xaa55 && uint8(sector, 0) !== 0 && !sector.includes(fatPlaceholder);
}

function isEmpty(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
