import { inflateSync } from "node:zlib";
import { decompress as decompressZstd } from "fzstd";
import { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
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
    if (compression === 3) return decodeZstd(data);
  } catch (error) {
    if (error instanceof MalformedImage) throw error;
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

/** Extents are padded to whole sectors, and the decoder takes nothing but frames: its end is found first (RFC 8878). */
function decodeZstd(data: Buffer): Buffer {
  const record = new ByteRecord(data, "little", "btrfs zstd extent");
  if (record.u32(0) !== 0xfd2fb528) throw new MalformedImage("btrfs: a zstd extent without a zstd frame");
  const descriptor = record.u8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = 5 + (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0) + contentSizeBytes;
  for (let isLast = false; !isLast; ) {
    const header = record.u16(at) | (record.u8(at + 2) << 16);
    isLast = (header & 1) === 1;
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
  }
  const frame = record.slice(0, at + ((descriptor & 4) === 0 ? 0 : 4));
  const out = Buffer.alloc(maxCompressedExtentInBytes);
  decompressZstd(frame, out);
  return out;
}
