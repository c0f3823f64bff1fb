import { writeFile } from "node:fs/promises";

/** Writes the sample image that is imported when no file is given. Resolves to its size in bytes. */
export async function writeSampleImage(path: string): Promise<number> {
  const image = emptyQcow2(64 * 2 ** 20);
  await writeFile(path, image);
  return image.length;
}

/** A qcow2 of version 3 (its public specification) whose disk is all zeros. */
function emptyQcow2(virtualSize: number): Buffer {
  const clusterBits = 16;
  const cluster = 2 ** clusterBits;
  const image = Buffer.alloc(4 * cluster);
  image.write("QFI\xfb", 0, "latin1");
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(clusterBits, 20);
  image.writeBigUInt64BE(BigInt(virtualSize), 24);
  image.writeUInt32BE(1, 36); // one L1 entry covers 512 MiB
  image.writeBigUInt64BE(BigInt(3 * cluster), 40);
  image.writeBigUInt64BE(BigInt(cluster), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(4, 96); // refcounts of 16 bits
  image.writeUInt32BE(104, 100);
  image.writeBigUInt64BE(BigInt(2 * cluster), cluster);
  for (let index = 0; index < 4; index += 1) image.writeUInt16BE(1, 2 * cluster + 2 * index);
  return image;
}
