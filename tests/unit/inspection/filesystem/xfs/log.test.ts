import { isLogClean } from "../../../../../shared/inspection/filesystem/xfs/log.ts";
import { openXfs } from "../../../../../shared/inspection/filesystem/xfs/open-xfs.ts";
import { readSuperblock } from "../../../../../shared/inspection/filesystem/xfs/superblock.ts";
import { sourceOf } from "../../../../fixtures/images/open-image.ts";
import { volumeBytes } from "../../../../fixtures/images/xfs-btrfs-ntfs-tree.ts";

const LOG_BLOCK = 512;
const MAGIC = 0xfeedbabe;

async function volumeOf(bytes: Buffer) {
  const source = sourceOf(bytes);
  const volume = await readSuperblock(source);
  if (volume === undefined) throw new Error("not recognised");
  return { volume, source };
}

/** An image whose log was written round and round: its newest record, of one operation, ends before block `head`. */
async function logUpTo(head: number, flags: number, operations = 1): Promise<Buffer> {
  const bytes = volumeBytes("xfs-v5");
  const { volume } = await volumeOf(bytes);
  const log = bytes.subarray(volume.log.offset, volume.log.offset + volume.log.length);
  log.fill(0);
  for (let block = 0; block * LOG_BLOCK < log.length; block++)
    log.writeUInt32BE(block < head ? 8 : 7, block * LOG_BLOCK);
  const at = (head - 2) * LOG_BLOCK;
  log.writeUInt32BE(MAGIC, at);
  log.writeUInt32BE(8, at + 4);
  log.writeUInt32BE(2, at + 8);
  log.writeUInt32BE(LOG_BLOCK, at + 12);
  log.writeUInt32BE(operations, at + 40);
  log.writeUInt32BE(32_768, at + 320);
  log.writeUInt8(flags, at + LOG_BLOCK + 9);
  return bytes;
}

describe("isLogClean", () => {
  it.each(["xfs-v5", "xfs-v4"] as const)("finds the log of a new volume clean: %s", async (name) => {
    expect(await isLogClean((await volumeOf(volumeBytes(name))).volume)).toBe(true);
  });

  it.each([2, 3, 100, 1000, 2047, 2048])(
    "finds the unmount record wherever the log ends: before block %i",
    async (head) => {
      expect(await isLogClean((await volumeOf(await logUpTo(head, 0x20))).volume)).toBe(true);
    },
  );

  it.each([
    ["another operation", 0x01, 1],
    ["more than an unmount", 0x20, 3],
  ])("takes a log that ends in %s as unclean", async (_what, flags, operations) => {
    const bytes = await logUpTo(1000, flags, operations);
    expect(await isLogClean((await volumeOf(bytes)).volume)).toBe(false);
    expect((await openXfs(sourceOf(bytes)))?.unclean).toBe(true);
  });

  it("takes a log that goes on behind the unmount record as unclean", async () => {
    const bytes = await logUpTo(1000, 0x20);
    const { volume } = await volumeOf(bytes);
    bytes.writeUInt32BE(8, volume.log.offset + 1000 * LOG_BLOCK);
    expect(await isLogClean(volume)).toBe(false);
  });

  it("needs few reads, most of them side by side", async () => {
    const { volume, source } = await volumeOf(await logUpTo(1234, 0x20));
    await isLogClean(volume);
    expect(source.reads.length).toBeLessThan(30);
  });
});
