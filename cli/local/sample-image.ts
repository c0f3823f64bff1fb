import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { packageRoot } from "../package-root.ts";

/** Where the build puts the sample's disk: files that look like a Linux system, and no program of anybody's. */
const diskFile = "dist/cli/sample/disk.raw.gz";

/** Larger than what is on it, as a disk made for the cloud is. */
const virtualSizeInBytes = 2 * 2 ** 30;

/** Writes the sample image that is imported when no file is given. Resolves to its size in bytes. */
export async function writeSampleImage(path: string): Promise<number> {
  const disk = gunzipSync(await readFile(join(packageRoot(), diskFile)));
  const image = qcow2Of(disk, virtualSizeInBytes);
  await writeFile(path, image);
  return image.length;
}

const clusterBits = 16;
const clusterSize = 2 ** clusterBits;
/** Bit 63 of a table's entry: the cluster is used by this entry alone. */
const copied = 1n << 63n;

/**
 * A qcow2 of version 3 (its public specification) with a disk that begins with these bytes: header, one refcount table, one
 * refcount block, one L1 table, one L2 table, and the clusters that are not all zeros. So the bytes may be 512 MiB at most.
 */
export function qcow2Of(disk: Buffer, virtualSize: number): Buffer {
  const zeros = Buffer.alloc(clusterSize);
  const clusters = Array.from({ length: Math.ceil(disk.length / clusterSize) }, (_, index) => {
    const cluster = Buffer.alloc(clusterSize);
    disk.copy(cluster, 0, index * clusterSize);
    return { index, cluster };
  }).filter(({ cluster }) => !cluster.equals(zeros));
  const [refcountTable, refcountBlock, l1, l2, firstCluster] = [1, 2, 3, 4, 5];
  const image = Buffer.alloc((firstCluster + clusters.length) * clusterSize);
  const place = (cluster: number): bigint => BigInt(cluster * clusterSize);

  image.write("QFI\xfb", 0, "latin1");
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(clusterBits, 20);
  image.writeBigUInt64BE(BigInt(virtualSize), 24);
  image.writeUInt32BE(Math.ceil(virtualSize / (clusterSize * (clusterSize / 8))), 36);
  image.writeBigUInt64BE(place(l1), 40);
  image.writeBigUInt64BE(place(refcountTable), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(4, 96); // refcounts of 16 bits
  image.writeUInt32BE(104, 100);
  image.writeBigUInt64BE(place(refcountBlock), refcountTable * clusterSize);
  image.writeBigUInt64BE(copied | place(l2), l1 * clusterSize);
  for (let used = 0; used < image.length / clusterSize; used += 1)
    image.writeUInt16BE(1, refcountBlock * clusterSize + 2 * used);
  for (const [order, { index, cluster }] of clusters.entries()) {
    cluster.copy(image, (firstCluster + order) * clusterSize);
    image.writeBigUInt64BE(copied | place(firstCluster + order), l2 * clusterSize + 8 * index);
  }
  return image;
}
