import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import { maxBlockBytes } from "../../zstd/literals.ts";
import { ZstdBlocks } from "../../zstd/zstd-decoder.ts";
import type { FileCursor } from "./file-cursor.ts";

const frameMagic = 0xfd2fb528;

/** zstd -19 has windows of 8 MiB; a larger one than this costs more memory than an inspection may use. */
const maximumWindowBytes = 32 * 2 ** 20;
/** Beside the window: how much is unpacked before what has left the window is dropped. */
const maximumSlackBytes = 8 * 2 ** 20;

/** An initramfs is one frame, or one for some MiB; its blocks give 128 KiB each but for the last. Small ones cost time only. */
const maximumFrames = 1024;
const maximumBlocks = 2 ** 15;

/** The contents of Zstandard frames (RFC 8878), one after the other, until something else follows. */
export async function* unpackZstd(cursor: FileCursor): AsyncGenerator<Buffer> {
  let blocks = 0;
  for (let frames = 0; (await peekMagic(cursor)) === frameMagic; frames += 1) {
    if (frames === maximumFrames) throw new CannotTell("the initramfs consists of too many zstd frames");
    for await (const output of unpackFrame(cursor)) {
      blocks += 1;
      if (blocks > maximumBlocks) throw new CannotTell("the initramfs consists of too many zstd blocks");
      if (output.length > 0) yield output;
    }
  }
}

async function peekMagic(cursor: FileCursor): Promise<number | undefined> {
  const magic = await cursor.peek(4);
  return magic.length === 4 ? magic.readUInt32LE(0) : undefined;
}

/** What each block of a frame gives, as a view until the next one. */
async function* unpackFrame(cursor: FileCursor): AsyncGenerator<Buffer> {
  const { headerBytes, windowBytes, hasChecksum } = readFrameHeader(await cursor.peek(18));
  await cursor.take(headerBytes);
  const slackBytes = Math.min(windowBytes, maximumSlackBytes);
  const blocks = new ZstdBlocks(windowBytes + slackBytes + maxBlockBytes, windowBytes);
  for (let isLast = false; !isLast; ) {
    const field = (await cursor.take(3)).readUIntLE(0, 3);
    isLast = (field & 1) === 1;
    const kind = (field >> 1) & 3;
    const size = field >> 3;
    if (size > maxBlockBytes) throw new MalformedImage("the initramfs has an impossible zstd block");
    yield blocks.decode(kind, size, await cursor.take(kind === 1 ? 1 : size));
  }
  if (hasChecksum) await cursor.take(4);
}

function readFrameHeader(head: Buffer): { headerBytes: number; windowBytes: number; hasChecksum: boolean } {
  const descriptor = head[4] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 3) !== 0) throw new CannotTell("the initramfs is packed with a zstd dictionary");
  const sizeFlag = descriptor >> 6;
  const contentSizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
  const contentSizeAt = isSingleSegment ? 5 : 6;
  const headerBytes = contentSizeAt + contentSizeBytes;
  if (head.length < headerBytes) throw new MalformedImage("the initramfs ends in the middle");
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
