/** Decompression of single clusters and grains: bounded, and every failure is a MalformedImage. */
import { inflateRawSync, inflateSync } from "node:zlib";
import { MalformedImage } from "../source/byte-source.ts";
import { decodeZstdFrame } from "../zstd/zstd-decoder.ts";

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
  return bounded({ least: outputLength, most: outputLength }, () => decodeZstdFrame(bytes, outputLength));
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
