import { inflateSync } from "node:zlib";
import { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import { decodeZstdFrame } from "../../zstd/zstd-decoder.ts";
import { decodeLzo1x } from "./lzo1x.ts";

/** Compressed extents hold at most 128 KiB of a file. */
export const maxCompressedExtentInBytes = 128 * 1024;

/**
 * Contents of a compressed extent: exactly `length` bytes, with zeros where the data gives fewer.
 * `compression` is the number in the extent item: 1 zlib, 2 lzo, 3 zstd.
 */
export function decompressExtent(compression: number, data: Buffer, length: number, sectorSize: number): Buffer {
  if (length > maxCompressedExtentInBytes) throw new MalformedImage(`btrfs: a compressed extent of ${length} bytes`);
  const out = Buffer.alloc(length);
  decoded(compression, data, sectorSize).copy(out);
  return out;
}

function decoded(compression: number, data: Buffer, sectorSize: number): Buffer {
  try {
    if (compression === 1) return inflateSync(data, { maxOutputLength: maxCompressedExtentInBytes });
    if (compression === 2) return decodeSegments(new ByteRecord(data, "little", "btrfs lzo extent"), sectorSize);
    if (compression === 3) return decodeZstdFrame(data, maxCompressedExtentInBytes);
  } catch (error) {
    if (error instanceof MalformedImage || error instanceof CannotTell) throw error;
    throw new MalformedImage("btrfs: a compressed extent cannot be decompressed", { cause: error });
  }
  throw new CannotTell(`btrfs: compression ${compression} is not known`);
}

/** Total length, then segments of one sector each with their lengths, which never straddle a sector of the extent. */
function decodeSegments(data: ByteRecord, sectorSize: number): Buffer {
  const end = data.u32(0);
  const out = Buffer.alloc(maxCompressedExtentInBytes);
  let written = 0;
  for (let at = 4; at < end; ) {
    const leftInSector = sectorSize - (at % sectorSize);
    if (leftInSector < 4) {
      at += leftInSector;
      continue;
    }
    const size = data.u32(at);
    written += decodeLzo1x(data.slice(at + 4, size), out.subarray(written, written + sectorSize));
    at += 4 + size;
  }
  return out.subarray(0, written);
}
