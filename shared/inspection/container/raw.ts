import { finding } from "../findings.ts";
import type { Finding } from "../report.ts";
import type { ByteSource } from "../source/byte-source.ts";
import { checkReadBounds } from "../source/read-bounds.ts";
import type { Container } from "./container.ts";

const sectorSize = 512;

/**
 * A raw disk is the file itself. A size that is no whole number of sectors is rounded up and read as if zeros
 * followed, as qemu does.
 */
export function openRaw(source: ByteSource): Container {
  const virtualSize = Math.ceil(source.size / sectorSize) * sectorSize;
  const findings: Finding[] = [];
  if (virtualSize !== source.size) {
    findings.push(
      finding(
        "raw.partial-sector",
        `The file has ${source.size} bytes, which is no whole number of 512-byte sectors; perhaps its end is missing.`,
        `Compare its size with the original, or fill the last sector: truncate -s ${virtualSize} FILE.`,
      ),
    );
  }
  return {
    format: "RAW",
    virtualSize,
    findings,
    disk: virtualSize === source.size ? source : padded(source, virtualSize),
  };
}

function padded(source: ByteSource, size: number): ByteSource {
  return {
    size,
    async read(offset, length) {
      checkReadBounds(size, offset, length);
      const present = Math.max(0, Math.min(length, source.size - offset));
      if (present === length) return source.read(offset, length);
      const bytes = Buffer.alloc(length);
      if (present > 0) bytes.set(await source.read(offset, present));
      return bytes;
    },
  };
}
