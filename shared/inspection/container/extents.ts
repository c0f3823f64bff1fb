import { type ByteSource, MalformedImage } from "../source/byte-source.ts";

/** A run of bytes of a virtual disk: nowhere, as they are in the file, or made from the file (decompressed). */
export type Extent =
  | { readonly kind: "zero"; readonly length: number }
  | { readonly kind: "stored"; readonly offset: number; readonly length: number }
  | { readonly kind: "computed"; readonly length: number; read(): Promise<Buffer> };

/**
 * The bytes of consecutive extents, `length` in all. Neighbours in the file are read at once and all reads run side by
 * side. Stored bytes past the end of the file are zeros when an extent begins within it: QEMU ends files in the middle
 * of a last cluster that was not written to its end.
 */
export async function readExtents(source: ByteSource, extents: readonly Extent[], length: number): Promise<Buffer> {
  const merged = mergeNeighbours(extents);
  const [only] = merged;
  if (merged.length === 1 && only !== undefined && isWhole(only, source.size)) return readExtent(source, only);
  const bytes = Buffer.alloc(length);
  let at = 0;
  const reads: Promise<void>[] = [];
  for (const extent of merged) {
    const start = at;
    at += extent.length;
    if (extent.kind !== "zero") reads.push(readExtent(source, extent).then((part) => void bytes.set(part, start)));
  }
  await Promise.all(reads);
  return bytes;
}

function isWhole(extent: Extent, size: number): boolean {
  return extent.kind !== "stored" || extent.offset + extent.length <= size;
}

async function readExtent(source: ByteSource, extent: Extent): Promise<Buffer> {
  if (extent.kind === "zero") return Buffer.alloc(extent.length);
  if (extent.kind === "computed") return extent.read();
  if (extent.offset >= source.size) throw new MalformedImage("Data of the disk lie past the end of the file.");
  return source.read(extent.offset, Math.min(extent.length, source.size - extent.offset));
}

function mergeNeighbours(extents: readonly Extent[]): Extent[] {
  const merged: Extent[] = [];
  for (const extent of extents) {
    const last = merged.at(-1);
    if (last?.kind === "stored" && extent.kind === "stored" && last.offset + last.length === extent.offset) {
      merged[merged.length - 1] = { ...last, length: last.length + extent.length };
    } else if (last?.kind === "zero" && extent.kind === "zero") {
      merged[merged.length - 1] = { kind: "zero", length: last.length + extent.length };
    } else merged.push(extent);
  }
  return merged;
}
