import { finding } from "../findings.ts";
import type { Finding } from "../report.ts";
import { hasText, isPowerOfTwo } from "../source/byte-fields.ts";
import { type ByteSource, MalformedImage } from "../source/byte-source.ts";
import { checkReadBounds } from "../source/read-bounds.ts";
import type { Container } from "./container.ts";
import { type Extent, readExtents } from "./extents.ts";
import type { FileEnds } from "./signatures.ts";
import { checkLength } from "./truncation.ts";
import {
  parseVhdFooter,
  parseVhdHeader,
  type VhdFooter,
  type VhdHeader,
  vhdFooterLength,
  vhdHeaderLength,
} from "./vhd-footer.ts";

const sectorSize = 512;
const usualBlockSize = 2 * 2 ** 20;
/** A disk of 2 TiB in the smallest block size of the specification, 512 KiB. */
const maximumTableEntries = 4 * 2 ** 20;
const unallocated = 0xffff_ffff;
const convert = "qemu-img convert -p -f vpc -O vpc -o subformat=dynamic,force_size=on FILE disk.vhd";
const uploadAgain = "Upload it again and compare its size with the original's.";

/** Opens a fixed or dynamic VHD. Throws MalformedImage when it contradicts itself. */
export async function openVhd(source: ByteSource, { head, tail }: FileEnds): Promise<Container> {
  if (!hasText(tail, 0, "conectix")) return footerMissing(head);
  const footer = parseVhdFooter(tail);
  if (footer.kind === "differencing") return differencing(footer);
  if (footer.kind === "fixed") return openFixed(source, footer);
  return openDynamic(source, footer, { head, tail });
}

function footerMissing(head: Buffer): Container {
  const copy = parseVhdFooter(head);
  const problem = finding(
    "vhd.footer-missing",
    "The file begins with the copy of a VHD footer, but the footer at its end is missing: the upload was cut short.",
    uploadAgain,
  );
  return { format: "VHD", virtualSize: copy.currentSize, findings: [problem] };
}

function differencing(footer: VhdFooter): Container {
  const problem = finding(
    "vhd.differencing",
    "Only what was changed is in this file; the rest of the disk is in a parent VHD.",
    "Merge it with its parent (Hyper-V: Merge-VHD), then upload the merged VHD.",
  );
  return { format: "VHD", virtualSize: footer.currentSize, findings: [problem] };
}

function openFixed(source: ByteSource, footer: VhdFooter): Container {
  const { currentSize } = footer;
  const present = source.size - vhdFooterLength;
  const findings = badChecksum(footer, "footer");
  if (present !== currentSize) {
    const message = `The footer says that the disk has ${currentSize} bytes, but ${present} bytes precede it.`;
    findings.push(
      finding("vhd.incorrect-size", message, `${uploadAgain} If that does not help, write it anew: ${convert}.`),
    );
  }
  const container = { format: "VHD", virtualSize: currentSize, findings } as const;
  return findings.length > 0 ? container : { ...container, disk: part(source, currentSize) };
}

/** The first `size` bytes. */
function part(source: ByteSource, size: number): ByteSource {
  return {
    size,
    async read(offset, length) {
      checkReadBounds(size, offset, length);
      return source.read(offset, length);
    },
  };
}

async function openDynamic(
  source: ByteSource,
  footer: VhdFooter,
  { head, tail }: Pick<FileEnds, "head" | "tail">,
): Promise<Container> {
  const container = { format: "VHD", virtualSize: footer.currentSize } as const;
  if (!hasText(head, 0, "conectix")) {
    throw new MalformedImage("A dynamic VHD begins with a copy of its footer, but this one does not.");
  }
  const damaged = [...badChecksum(footer, "footer"), ...badChecksum(parseVhdFooter(head), "copy of the footer")];
  if (damaged.length > 0) return { ...container, findings: damaged };
  if (!head.subarray(0, vhdFooterLength).equals(tail)) {
    throw new MalformedImage("The footer of the VHD and its copy at the beginning differ.");
  }
  const dynamic = await readVhdHeader(source, footer, head);
  const problems = [...badChecksum(dynamic, "dynamic header"), ...sizes(footer, dynamic)];
  const truncated = checkLength(
    source.size - vhdFooterLength,
    dynamic.tableOffset + dynamic.maxTableEntries * 4,
    "tables",
  );
  if (problems.length + truncated.length > 0) return { ...container, findings: [...problems, ...truncated] };
  return {
    ...container,
    findings: unusualBlockSize(dynamic),
    disk: dynamicDisk(source, footer, dynamic),
    checkComplete: () => checkBlocks(source, footer, dynamic),
  };
}

async function readVhdHeader(source: ByteSource, footer: VhdFooter, head: Buffer): Promise<VhdHeader> {
  const { dataOffset } = footer;
  if (dataOffset < vhdFooterLength || dataOffset % sectorSize !== 0) {
    throw new MalformedImage(`The dynamic header of the VHD cannot be at byte ${dataOffset}.`);
  }
  const inHead = dataOffset + vhdHeaderLength <= head.length;
  const bytes = inHead ? head.subarray(dataOffset) : await source.read(dataOffset, vhdHeaderLength);
  const header = parseVhdHeader(bytes);
  const { blockSize, maxTableEntries, tableOffset } = header;
  if (!header.checksumIsRight) return header;
  if (!isPowerOfTwo(blockSize, sectorSize, 256 * 2 ** 20)) {
    throw new MalformedImage(`The VHD block size of ${blockSize} bytes is impossible.`);
  }
  if (maxTableEntries > maximumTableEntries) {
    throw new MalformedImage(`The block table has ${maxTableEntries} entries, more than a disk of 2 TiB needs.`);
  }
  if (tableOffset % sectorSize !== 0 || overlaps(tableOffset, maxTableEntries * 4, dataOffset, vhdHeaderLength)) {
    throw new MalformedImage("The block table of the VHD is not aligned or overlaps a header.");
  }
  if (tableOffset < vhdFooterLength) throw new MalformedImage("The block table of the VHD overlaps the footer's copy.");
  return header;
}

function overlaps(a: number, aLength: number, b: number, bLength: number): boolean {
  return a < b + bLength && b < a + aLength;
}

function badChecksum(part: { checksumIsRight: boolean }, name: string): Finding[] {
  if (part.checksumIsRight) return [];
  return [
    finding(
      "vhd.bad-checksum",
      `The checksum of the VHD's ${name} is wrong: it was damaged or edited.`,
      `Write it anew: ${convert}, check that the disk is whole, then upload disk.vhd.`,
    ),
  ];
}

/** ECS: InvalidVHDImage.IncorrectSize, "header.MaxTableEntries * header.BlockSize". */
function sizes(footer: VhdFooter, header: VhdHeader): Finding[] {
  const covered = header.maxTableEntries * header.blockSize;
  if (covered >= footer.currentSize) return [];
  return [
    finding(
      "vhd.incorrect-size",
      `The disk has ${footer.currentSize} bytes, but its block table covers only ${covered} (${header.maxTableEntries} blocks of ${header.blockSize}).`,
      `Write it anew: ${convert}, then upload disk.vhd.`,
    ),
  ];
}

function unusualBlockSize(header: VhdHeader): Finding[] {
  if (header.blockSize === usualBlockSize) return [];
  return [
    finding(
      "vhd.block-size",
      `Its blocks have ${header.blockSize} bytes instead of the usual ${usualBlockSize}; ECS may refuse that.`,
      `If the import fails with InvalidBlockSize.NotSupport, write it anew: ${convert}.`,
    ),
  ];
}

/** Bytes of the sector bitmap before each block. */
function bitmapLength(header: VhdHeader): number {
  return Math.ceil(header.blockSize / sectorSize / 8 / sectorSize) * sectorSize;
}

/**
 * The sector bitmaps are not read: in a dynamic disk they mark sectors that were written, and the others of an
 * allocated block are zeros anyway. Only differencing disks need them. QEMU reads likewise.
 */
function dynamicDisk(source: ByteSource, footer: VhdFooter, header: VhdHeader): ByteSource {
  const { blockSize } = header;
  return {
    size: footer.currentSize,
    async read(offset, length) {
      checkReadBounds(footer.currentSize, offset, length);
      if (length === 0) return Buffer.alloc(0);
      const first = Math.floor(offset / blockSize);
      const end = offset + length;
      const count = Math.ceil(end / blockSize) - first;
      const table = await source.read(header.tableOffset + first * 4, count * 4);
      const extents: Extent[] = [];
      for (let at = offset; at < end; ) {
        const block = Math.floor(at / blockSize);
        const until = Math.min(end, (block + 1) * blockSize);
        const sector = table.readUInt32BE((block - first) * 4);
        extents.push(
          sector === unallocated
            ? { kind: "zero", length: until - at }
            : {
                kind: "stored",
                offset: sector * sectorSize + bitmapLength(header) + at - block * blockSize,
                length: until - at,
              },
        );
        at = until;
      }
      return readExtents(source, extents, length);
    },
  };
}

async function checkBlocks(source: ByteSource, footer: VhdFooter, header: VhdHeader): Promise<readonly Finding[]> {
  const count = Math.ceil(footer.currentSize / header.blockSize);
  const table = await source.read(header.tableOffset, count * 4);
  let end = 0;
  for (let block = 0; block < count; block++) {
    const sector = table.readUInt32BE(block * 4);
    if (sector !== unallocated) end = Math.max(end, sector * sectorSize + bitmapLength(header) + header.blockSize);
  }
  return checkLength(source.size - vhdFooterLength, end, "blocks");
}
