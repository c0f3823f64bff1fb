import { isPowerOfTwo } from "../../source/byte-fields.ts";
import { ByteRecord } from "../../source/byte-record.ts";
import { type ByteSource, CannotTell, MalformedImage } from "../../source/byte-source.ts";
import { crc32c } from "./crc32c.ts";

export interface BtrfsSuperblock {
  readonly nodeSize: number;
  readonly sectorSize: number;
  readonly rootTree: { readonly address: number; readonly level: number };
  readonly chunkTree: { readonly address: number; readonly level: number };
  /** Object in the root tree whose entry "default" names the default subvolume. */
  readonly rootDirectory: bigint;
  /** Chunk items of the system chunks, which hold the chunk tree itself. */
  readonly systemChunks: ByteRecord;
  readonly deviceId: bigint;
  readonly deviceCount: number;
  readonly label: string;
  readonly uuid: string;
  /** A log tree waits to be replayed: the volume was not unmounted cleanly. */
  readonly hasLog: boolean;
}

const SUPERBLOCK_SIZE = 4096;
/** The superblock and its first copy: "Btrfs design", on-disk format. */
const superblockOffsets = [64 * 1024, 64 * 1024 * 1024];
const CRC32C = 0;

/** Incompatible features in bit order; those marked null change what this reader relies on. */
const incompatibleFeatures: readonly (string | null)[] = [
  "mixed backrefs",
  "default subvolume",
  "mixed groups",
  "lzo",
  "zstd",
  "big metadata",
  "extended inode refs",
  "raid56",
  "skinny metadata",
  "no holes",
  "metadata uuid",
  "raid1c34",
  null,
  null,
  null,
  null,
  "simple quota",
];
const unreadFeatureNames = new Map([
  [12, "zoned"],
  [13, "extent tree v2"],
  [14, "raid stripe tree"],
]);

function refuseUnknownFeatures(bits: bigint): void {
  const unknown: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if (((bits >> BigInt(bit)) & 1n) === 0n || typeof incompatibleFeatures[bit] === "string") continue;
    unknown.push(unreadFeatureNames.get(bit) ?? `bit ${bit}`);
  }
  if (unknown.length > 0) throw new CannotTell(`btrfs with features that are not read: ${unknown.join(", ")}`);
}

async function readCopy(source: ByteSource, offset: number): Promise<ByteRecord | undefined> {
  if (source.size < offset + SUPERBLOCK_SIZE) return undefined;
  const record = new ByteRecord(await source.read(offset, SUPERBLOCK_SIZE), "little", "btrfs superblock");
  return record.text(0x40, 8) === "_BHRfS_M" ? record : undefined;
}

/** Checksums other than CRC-32C are taken on trust: Node has no xxHash and no 256-bit BLAKE2. */
function isIntact(record: ByteRecord): boolean {
  return record.u16(0xc4) !== CRC32C || crc32c(record.slice(32, SUPERBLOCK_SIZE - 32)) === record.u32(0);
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new MalformedImage(`btrfs superblock: ${what}`);
}

/** The superblock, or its copy when its checksum is wrong; undefined when byte 65536 holds no btrfs. */
export async function readSuperblock(source: ByteSource): Promise<BtrfsSuperblock | undefined> {
  const [first = 0, second = 0] = superblockOffsets;
  const primary = await readCopy(source, first);
  if (primary === undefined) return undefined;
  const record = isIntact(primary) ? primary : await readCopy(source, second);
  if (record === undefined || !isIntact(record)) throw new MalformedImage("btrfs superblock: its checksum is wrong");
  refuseUnknownFeatures(record.big(0xbc));

  const sectorSize = record.u32(0x90);
  const nodeSize = record.u32(0x94);
  const systemChunksSize = record.u32(0xa0);
  demand(isPowerOfTwo(sectorSize, 4096, 65536), `sectors of ${sectorSize}`);
  demand(isPowerOfTwo(nodeSize, 4096, 65536), `tree blocks of ${nodeSize}`);
  demand(systemChunksSize <= 2048, `${systemChunksSize} bytes of system chunks`);
  return {
    nodeSize,
    sectorSize,
    rootTree: { address: record.u64(0x50), level: record.u8(0xc6) },
    chunkTree: { address: record.u64(0x58), level: record.u8(0xc7) },
    rootDirectory: record.big(0x80),
    systemChunks: record.part(0x32b, systemChunksSize),
    deviceId: record.big(0xc9),
    deviceCount: record.u64(0x88),
    label: record.text(0x12b, 256),
    uuid: record.uuid(0x20),
    hasLog: record.big(0x60) !== 0n,
  };
}
