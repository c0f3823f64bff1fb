import { finding } from "../findings.ts";
import type { ByteSource } from "../source/byte-source.ts";
import { checkReadBounds } from "../source/read-bounds.ts";
import type { Container } from "./container.ts";
import { partitionsEnd } from "./partitions-end.ts";
import { checkLength } from "./truncation.ts";

const sectorSize = 512;

/**
 * A raw disk is the file itself. A size that is no whole number of sectors is rounded up and read as if zeros
 * followed, as qemu does. Only its partition table can tell that the end is missing.
 */
export function openRaw(source: ByteSource, head: Buffer): Container {
  const virtualSize = Math.ceil(source.size / sectorSize) * sectorSize;
  const container = { format: "RAW", virtualSize } as const;
  const truncated = checkLength(source.size, partitionsEnd(head), "partitions");
  if (truncated.length > 0) return { ...container, findings: truncated };
  if (virtualSize === source.size) return { ...container, findings: [], disk: source };
  const partial = finding(
    "raw.partial-sector",
    `The file has ${source.size} bytes, which is no whole number of 512-byte sectors; perhaps its end is missing.`,
    `Compare its size with the original, or fill the last sector: truncate -s ${virtualSize} FILE.`,
  );
  return { ...container, findings: [partial], disk: padded(source, virtualSize) };
}

function padded(source: ByteSource, size: number): ByteSource {
  return {
    size,
    async read(offset, length) {
      checkReadBounds(size, offset, length);
      if (offset + length <= source.size) return source.read(offset, length);
      const bytes = Buffer.alloc(length);
      if (offset < source.size) bytes.set(await source.read(offset, source.size - offset));
      return bytes;
    },
  };
}
