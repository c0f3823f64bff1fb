/** A qcow2 (version 3, its public specification) of 1 MiB of zeros in 2 KiB; each number has bytes of its own. */
export function imageBytes(number: number): Buffer {
  const clusterBits = 9;
  const cluster = 2 ** clusterBits;
  const image = Buffer.alloc(4 * cluster);
  image.write("QFI\xfb", 0, "latin1");
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(clusterBits, 20);
  image.writeBigUInt64BE(2n ** 20n, 24);
  image.writeUInt32BE(32, 36); // an L2 table of 512 bytes covers 32 KiB
  image.writeBigUInt64BE(BigInt(3 * cluster), 40);
  image.writeBigUInt64BE(BigInt(cluster), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(4, 96); // refcounts of 16 bits
  image.writeUInt32BE(104, 100);
  image.writeBigUInt64BE(BigInt(2 * cluster), cluster);
  for (let index = 0; index < 4; index += 1) image.writeUInt16BE(1, 2 * cluster + 2 * index);
  // The count of a cluster far beyond the end of the file: nothing reads it.
  image.writeUInt16BE(number, 3 * cluster - 2);
  return image;
}
