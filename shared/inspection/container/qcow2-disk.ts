import { type ByteSource, MalformedImage } from "../source/byte-source.ts";
import { checkReadBounds } from "../source/read-bounds.ts";
import { type Extent, readExtents } from "./extents.ts";
import { inflateRaw, inflateZstd } from "./inflate.ts";
import { InflatedParts } from "./inflated-parts.ts";
import type { Qcow2Header } from "./qcow2-header.ts";
import { type ClusterPlace, readPlaces } from "./qcow2-map.ts";

const subclustersPerCluster = 32;

/** The virtual disk of a QCOW2 without backing file. Clusters that are nowhere read as zeros. */
export function qcow2Disk(source: ByteSource, header: Qcow2Header): ByteSource {
  const { clusterSize } = header;
  const parts = new InflatedParts();
  const inflated = ({ offset, length }: { readonly offset: number; readonly length: number }) =>
    parts.get(offset, () => inflateCluster(source, header, offset, length));

  /** Runs of bytes of one cluster, between `from` and `to` within it. */
  function extentsOf(place: ClusterPlace, from: number, to: number): Extent[] {
    if (place.kind === "zero") return [{ kind: "zero", length: to - from }];
    if (place.kind === "plain") return [{ kind: "stored", offset: place.offset + from, length: to - from }];
    if (place.kind === "compressed") {
      return [{ kind: "computed", length: to - from, read: async () => (await inflated(place)).subarray(from, to) }];
    }
    const extents: Extent[] = [];
    const subclusterSize = clusterSize / subclustersPerCluster;
    for (let at = from; at < to; ) {
      const index = Math.floor(at / subclusterSize);
      const length = Math.min((index + 1) * subclusterSize, to) - at;
      const allocated = ((place.allocated >>> index) & 1) === 1;
      extents.push(allocated ? { kind: "stored", offset: place.offset + at, length } : { kind: "zero", length });
      at += length;
    }
    return extents;
  }

  return {
    size: header.virtualSize,
    async read(offset, length) {
      checkReadBounds(header.virtualSize, offset, length);
      const end = offset + length;
      const extents: Extent[] = [];
      for (let cluster = Math.floor(offset / clusterSize); cluster * clusterSize < end; ) {
        const places = await readPlaces(source, header, cluster, Math.ceil(end / clusterSize) - cluster);
        for (const place of places) {
          const start = cluster * clusterSize;
          extents.push(...extentsOf(place, Math.max(0, offset - start), Math.min(clusterSize, end - start)));
          cluster += 1;
        }
      }
      return readExtents(source, extents, length);
    },
  };
}

/** Reads and decompresses one cluster. */
async function inflateCluster(
  source: ByteSource,
  header: Qcow2Header,
  offset: number,
  length: number,
): Promise<Buffer> {
  if (offset >= source.size) throw new MalformedImage("A compressed cluster lies past the end of the file.");
  // The last sector need not be whole at the end of the file.
  const bytes = await source.read(offset, Math.min(length, source.size - offset));
  return header.compression === "zstd" ? inflateZstd(bytes, header.clusterSize) : inflateRaw(bytes, header.clusterSize);
}
