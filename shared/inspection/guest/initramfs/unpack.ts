/** Unpacks the compressed part of an initramfs, as a stream: nothing is read or unpacked that nobody asks for. */
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { FileCursor } from "./file-cursor.ts";
import { unpackLz4Legacy } from "./lz4-block.ts";
import { unpackXz } from "./xz-stream.ts";
import { unpackZstd } from "./zstd-frames.ts";

interface Packing {
  readonly name: string;
  /** The first bytes, in hexadecimal. */
  readonly magic: string;
  readonly unpack?: (cursor: FileCursor) => AsyncGenerator<Buffer>;
}

/** What the kernel unpacks (lib/decompress.c), by its first bytes. */
const packings: readonly Packing[] = [
  { name: "gzip", magic: "1f8b", unpack: unpackGzip },
  { name: "zstd", magic: "28b52ffd", unpack: unpackZstd },
  { name: "xz", magic: "fd377a585a00", unpack: unpackXz },
  { name: "lz4", magic: "02214c18", unpack: unpackLz4Legacy },
  { name: "bzip2", magic: "425a68" },
  { name: "lzma", magic: "5d0000" },
  { name: "lzo", magic: "894c5a4f" },
];

/** The contents of what begins at the cursor. CannotTell for packings that are not read. */
export async function unpackAt(cursor: FileCursor): Promise<AsyncGenerator<Buffer>> {
  const head = (await cursor.peek(6)).toString("hex");
  const packing = packings.find(({ magic }) => head.startsWith(magic));
  if (packing === undefined) throw new CannotTell("the initramfs is packed in a way that is not known");
  if (packing.unpack === undefined)
    throw new CannotTell(`the initramfs is packed with ${packing.name}, which is not read`);
  return packing.unpack(cursor);
}

async function* chunksOf(cursor: FileCursor): AsyncGenerator<Buffer> {
  for (let chunk = await cursor.chunk(); chunk.length > 0; chunk = await cursor.chunk()) yield chunk;
}

async function* unpackGzip(cursor: FileCursor): AsyncGenerator<Buffer> {
  const start = cursor.position;
  const input = Readable.from(chunksOf(cursor), { highWaterMark: 1 });
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  // An error on either side comes out of the iteration below; pipeline only makes sure that both sides end.
  pipeline(input, gunzip, () => undefined);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
    // What was read beyond the end of the member belongs to whatever follows it.
    cursor.moveTo(start + gunzip.bytesWritten);
  } catch (error) {
    throw isZlibError(error) ? new MalformedImage(`the initramfs cannot be unpacked (${error.code})`) : error;
  } finally {
    input.destroy();
    gunzip.destroy();
  }
}

function isZlibError(error: unknown): error is { readonly code: string } {
  return typeof error === "object" && error !== null && "code" in error && String(error.code).startsWith("Z_");
}
