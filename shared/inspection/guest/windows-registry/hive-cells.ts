import { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";

/** The bytes of a hive: a file inside an image, or a buffer. */
export interface HiveBytes {
  readonly size: number;
  read(offset: number, length: number): Promise<Buffer>;
}

/** The cells of a registry hive. Layout: "Windows registry file format specification", format of primary files. */
export interface HiveCells {
  /** Cell of the root key. */
  readonly root: number;
  /** The hive was written cleanly; otherwise its transaction logs hold changes that the file lacks. */
  readonly isClean: boolean;
  readonly minorVersion: number;
  /** Contents of an allocated cell, without its size. The offset counts from the first bin. */
  read(offset: number): Promise<ByteRecord>;
}

const BASE_BLOCK_SIZE = 4096;
/** Most keys and values are shorter: one read gives the size of a cell with its contents. */
const usualCellInBytes = 512;
const maxCellInBytes = 1024 * 1024;

/** Throws MalformedImage when the bytes are no hive. */
export async function openCells(bytes: HiveBytes): Promise<HiveCells> {
  if (bytes.size < BASE_BLOCK_SIZE) throw new MalformedImage("A registry hive of less than 4096 bytes");
  const base = new ByteRecord(await bytes.read(0, BASE_BLOCK_SIZE), "little", "Registry hive");
  if (base.text(0, 4) !== "regf") throw new MalformedImage("A registry hive that does not begin with regf");
  const major = base.u32(20);
  const minorVersion = base.u32(24);
  if (major !== 1 || minorVersion < 3 || minorVersion > 6) {
    throw new CannotTell(`A registry hive of version ${major}.${minorVersion} is not read`);
  }
  const size = Math.min(base.u32(40), bytes.size - BASE_BLOCK_SIZE);
  return {
    root: base.u32(36),
    isClean: base.u32(4) === base.u32(8),
    minorVersion,
    read: async (offset) => {
      if (offset % 8 !== 0 || offset + 8 > size) throw new MalformedImage(`Registry hive: no cell can be at ${offset}`);
      const head = await bytes.read(BASE_BLOCK_SIZE + offset, Math.min(usualCellInBytes, size - offset));
      const cellSize = -head.readInt32LE(0);
      if (cellSize < 8 || offset + cellSize > size) throw new MalformedImage(`Registry hive: no cell at ${offset}`);
      if (cellSize > maxCellInBytes) throw new CannotTell(`Registry hive: a cell of ${cellSize} bytes`);
      const whole = cellSize <= head.length ? head : await bytes.read(BASE_BLOCK_SIZE + offset, cellSize);
      return new ByteRecord(whole.subarray(4, cellSize), "little", `Registry cell ${offset}`);
    },
  };
}
