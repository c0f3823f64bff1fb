import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { FileCursor } from "./file-cursor.ts";

/** `xz -8` has dictionaries of 32 MiB, as initramfs-tools and dracut make them of 8 and 1; -9 of 64. */
const maximumDictionaryBytes = 32 * 2 ** 20;

const streamHeaderBytes = 12;
/** A block's header says its length in one byte, in steps of four. */
const maximumBlockHeaderBytes = 1024;
const lzma2 = 0x21;

/** The contents of an xz stream (The .xz File Format 1.2). The library takes memory as the dictionary grows. */
export async function* unpackXz(cursor: FileCursor): AsyncGenerator<Buffer> {
  if (dictionaryBytes(await cursor.peek(streamHeaderBytes + maximumBlockHeaderBytes)) > maximumDictionaryBytes) {
    throw new CannotTell("the initramfs is packed with a very large xz dictionary");
  }
  const XzReadableStream = await loadLibrary();
  const packed = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = await cursor.chunk();
      if (chunk.length > 0) controller.enqueue(chunk);
      else controller.close();
    },
  });
  const reader = new XzReadableStream(packed).getReader();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield Buffer.from(piece.value);
  } catch (error) {
    // The library's own errors are plain ones; dictionaries over 64 MiB, in a later block, are among them.
    if (error instanceof Error && error.message.startsWith("get_next_output")) {
      throw new MalformedImage(`the initramfs cannot be unpacked (xz: ${error.message})`);
    }
    throw error;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** The library is CommonJS: in a bundle of ES modules its names are found below `default` only. */
async function loadLibrary(): Promise<typeof import("xz-decompress").XzReadableStream> {
  const library: typeof import("xz-decompress") & { default?: typeof import("xz-decompress") } = await import(
    "xz-decompress"
  );
  return (library.default ?? library).XzReadableStream;
}

/** What the first block asks for; 0 where it has no LZMA2 filter or none of this form: the library judges that. */
function dictionaryBytes(head: Buffer): number {
  const block = head.subarray(streamHeaderBytes);
  const flags = block[1] ?? 0;
  let at = 2;
  const next = () => block[at++] ?? 0;
  const skipNumber = () => {
    while (next() >= 0x80 && at < block.length);
  };
  if ((flags & 0x40) !== 0) skipNumber();
  if ((flags & 0x80) !== 0) skipNumber();
  for (let filter = 0; filter <= (flags & 3); filter += 1) {
    const id = next();
    const propertyBytes = next();
    if (id === lzma2) return dictionaryOf(next());
    at += propertyBytes;
  }
  return 0;
}

/** Sizes in steps of a half power of two, from 4 KiB. */
function dictionaryOf(property: number): number {
  const bits = property & 0x3f;
  return (2 | (bits & 1)) * 2 ** (Math.floor(bits / 2) + 11);
}
