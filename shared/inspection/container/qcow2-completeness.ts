import type { Finding } from "../report.ts";
import type { ByteSource } from "../source/byte-source.ts";
import type { Qcow2Header } from "./qcow2-header.ts";
import { type ClusterPlace, clustersPerL2, l2EntrySize, parseL1Entry, parseL2Entry } from "./qcow2-map.ts";
import { checkLength } from "./truncation.ts";

/** Data are written behind the tables that name them, so the highest tables are the ones that name the end. */
const maximumTables = 64;
const maximumTableBytes = 8 * 2 ** 20;

/**
 * Compares the highest byte that L1 and L2 tables name with the size of the file. Of very large disks only the L2
 * tables with the highest offsets are read.
 */
export async function checkQcow2Complete(source: ByteSource, header: Qcow2Header): Promise<readonly Finding[]> {
  const l1 = await source.read(header.l1.offset, header.l1.length);
  const tables: { index: number; offset: number }[] = [];
  for (let index = 0; index * 8 < l1.length; index++) {
    const offset = parseL1Entry(header, l1, index * 8);
    if (offset !== 0) tables.push({ index, offset });
  }
  tables.sort((a, b) => b.offset - a.offset);
  const highest = (tables[0]?.offset ?? -header.clusterSize) + header.clusterSize;
  const missing = checkLength(source.size, highest, "tables");
  if (missing.length > 0) return missing;
  const read = tables.slice(0, Math.min(maximumTables, Math.floor(maximumTableBytes / header.clusterSize)));
  const ends = await Promise.all(
    read.map(async ({ index, offset }) => endOfTable(header, await source.read(offset, header.clusterSize), index)),
  );
  return checkLength(source.size, Math.max(0, ...ends), "data");
}

/** The end of the highest byte in the file that one L2 table names. */
function endOfTable(header: Qcow2Header, table: Buffer, index: number): number {
  const perTable = clustersPerL2(header);
  let end = 0;
  for (let entry = 0; entry < perTable; entry++) {
    const guestOffset = (index * perTable + entry) * header.clusterSize;
    if (guestOffset >= header.virtualSize) break;
    const place = parseL2Entry(header, table, entry * l2EntrySize(header));
    end = Math.max(end, endOfPlace(header, place, header.virtualSize - guestOffset));
  }
  return end;
}

/** What must surely be in the file for a cluster whose disk goes on for `remaining` bytes. */
function endOfPlace(header: Qcow2Header, place: ClusterPlace, remaining: number): number {
  switch (place.kind) {
    case "zero":
      return 0;
    case "plain":
      return place.offset + Math.min(header.clusterSize, remaining);
    case "subclusters": {
      const last = 32 - Math.clz32(place.allocated);
      return place.offset + Math.min((last * header.clusterSize) / 32, remaining);
    }
    case "compressed":
      // The data end somewhere in the last of their sectors.
      return place.offset + place.length - 511;
  }
}
