/** Decompression of single clusters and grains: bounded, and every failure is a MalformedImage. */
import { inflateRawSync, inflateSync } from "node:zlib";
import { decompress } from "fzstd";
import { slice, uint8, uint32le } from "../byte-fields.ts";
import { MalformedImage } from "../source/byte-source.ts";

/** How many bytes a compressed part must give. */
interface OutputLength {
  readonly least: number;
  readonly most: number;
}

/** Raw deflate, as in QCOW2. What follows the stream is ignored. */
export function inflateRaw(bytes: Buffer, outputLength: number): Buffer {
  const length = { least: outputLength, most: outputLength };
  return bounded(length, () => inflateRawSync(bytes, { maxOutputLength: outputLength }));
}

/** Deflate with a zlib header, as in VMDK, where the last grain may end with the disk. */
export function inflateZlib(bytes: Buffer, length: OutputLength): Buffer {
  return bounded(length, () => inflateSync(bytes, { maxOutputLength: length.most }));
}

/** One zstd frame. What follows the frame is ignored. */
export function inflateZstd(bytes: Buffer, outputLength: number): Buffer {
  return bounded({ least: outputLength, most: outputLength }, () => {
    const frame = zstdFrame(bytes, outputLength);
    return Buffer.from(decompress(frame, new Uint8Array(outputLength)).buffer);
  });
}

function bounded(length: OutputLength, inflate: () => Buffer): Buffer {
  let output: Buffer;
  try {
    output = inflate();
  } catch (cause) {
    throw new MalformedImage("Compressed data of the disk cannot be decompressed.", { cause });
  }
  if (output.length < length.least || output.length > length.most) {
    throw new MalformedImage(`Compressed data of the disk give ${output.length} bytes instead of ${length.most}.`);
  }
  return output;
}

/** Bytes of the first frame: fzstd takes no trailing bytes. Layout: RFC 8878, 3.1.1. */
function zstdFrame(bytes: Buffer, outputLength: number): Buffer {
  if (uint32le(bytes, 0) !== 0xfd2fb528) throw new MalformedImage("A zstd frame is expected.");
  const descriptor = uint8(bytes, 4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryIdLength = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSizeLength = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = 5 + (singleSegment ? 0 : 1) + dictionaryIdLength + contentSizeLength;
  let produced = 0;
  for (let last = false; !last; ) {
    const header = uint8(bytes, at) | (uint8(bytes, at + 1) << 8) | (uint8(bytes, at + 2) << 16);
    last = (header & 1) === 1;
    const type = (header >> 1) & 3;
    const size = header >> 3;
    // A raw or run-length block says how much it gives; a compressed one gives at least a byte.
    produced += type === 2 ? 1 : size;
    if (produced > outputLength) throw new MalformedImage("A zstd frame gives more than its cluster holds.");
    at += 3 + (type === 1 ? 1 : size);
  }
  if ((descriptor & 4) !== 0) at += 4;
  return slice(bytes, 0, at);
}
