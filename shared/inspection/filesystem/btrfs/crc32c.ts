const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** CRC-32C (Castagnoli) without the usual inversions: btrfs hashes names with seed 0xfffffffe and checksums with -1. */
export function rawCrc32c(seed: number, bytes: Uint8Array): number {
  let crc = seed;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return crc >>> 0;
}

/** The checksum of superblocks and tree blocks. */
export function crc32c(bytes: Uint8Array): number {
  return ~rawCrc32c(0xffffffff, bytes) >>> 0;
}
