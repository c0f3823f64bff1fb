import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { FileCursor } from "./file-cursor.ts";

const frameMagic = 0xfd2fb528;
const maximumBlockBytes = 128 * 1024;

/** zstd -19 has windows of 8 MiB; a larger one than this costs more memory than an inspection may use. */
const maximumWindowBytes = 32 * 2 ** 20;

/**
 * The library moves the whole window for every block: what a frame costs is blocks times window, however little it
 * holds. An initramfs of 100 MiB in blocks of 128 KiB with a window of 8 MiB comes to 6 GiB.
 */
const maximumMovedBytes = 16 * 2 ** 30;
/** What a block costs beside that. */
const blockCost = 64 * 1024;

/**
 * The contents of Zstandard frames (RFC 8878), one after the other, until something else follows. The library keeps
 * a whole window in memory and takes its size from the frame, so sizes are checked here before it sees them, and it is
 * given exactly one frame at a time.
 */
export async function* unpackZstd(cursor: FileCursor): AsyncGenerator<Buffer> {
  const effort = { movedBytes: 0 };
  while ((await cursor.peek(4)).length === 4 && (await cursor.peek(4)).readUInt32LE(0) === frameMagic) {
    yield* unpackFrame(cursor, effort);
  }
}

async function* unpackFrame(cursor: FileCursor, effort: { movedBytes: number }): AsyncGenerator<Buffer> {
  const { Decompress } = await import("fzstd");
  const unpacked: Uint8Array[] = [];
  const decompress = new Decompress((bytes) => unpacked.push(bytes));

  function give(bytes: Buffer, isLast: boolean): Buffer {
    try {
      decompress.push(bytes, isLast);
    } catch (error) {
      throw new MalformedImage(`the initramfs cannot be unpacked (${String(error)})`);
    }
    return Buffer.concat(unpacked.splice(0));
  }

  const { headerBytes, windowBytes, hasChecksum } = readFrameHeader(await cursor.peek(18));
  // The library looks at a header only once it has 18 bytes: the first block goes with it.
  let ahead: Buffer = Buffer.from(await cursor.take(headerBytes));
  for (;;) {
    effort.movedBytes += windowBytes + blockCost;
    if (effort.movedBytes > maximumMovedBytes) throw new CannotTell("the initramfs takes too long to unpack");
    const blockHeader = await cursor.take(3);
    const field = blockHeader.readUIntLE(0, 3);
    const kind = (field >> 1) & 3;
    const size = field >> 3;
    if (kind === 3 || size > maximumBlockBytes) throw new MalformedImage("the initramfs has an impossible zstd block");
    const isLast = (field & 1) === 1;
    const body = await cursor.take(kind === 1 ? 1 : size);
    const checksum = isLast && hasChecksum ? await cursor.take(4) : Buffer.alloc(0);
    const output = give(Buffer.concat([ahead, blockHeader, body, checksum]), isLast);
    ahead = Buffer.alloc(0);
    if (output.length > 0) yield output;
    if (isLast) return;
  }
}

function readFrameHeader(head: Buffer): { headerBytes: number; windowBytes: number; hasChecksum: boolean } {
  const descriptor = head[4] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeFlag = descriptor >> 6;
  const contentSizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
  const contentSizeAt = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  const headerBytes = contentSizeAt + contentSizeBytes;
  if (head.length < headerBytes) throw new MalformedImage("the initramfs ends in the middle");
  if (dictionaryBytes > 0) throw new CannotTell("the initramfs is packed with a zstd dictionary");
  const windowBytes = isSingleSegment ? contentSize(head, contentSizeAt, contentSizeBytes) : windowOf(head[5] ?? 0);
  if (windowBytes > maximumWindowBytes) throw new CannotTell("the initramfs is packed with a very large zstd window");
  return { headerBytes, windowBytes, hasChecksum: (descriptor & 4) !== 0 };
}

function contentSize(head: Buffer, at: number, bytes: number): number {
  if (bytes === 8) return Number(head.readBigUInt64LE(at));
  return head.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
