/** CRC-32 as in IEEE 802.3, which GPT uses as it is and LVM with another start and no final inversion. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** The bare register after `bytes`, begun with `start`. */
export function crc32Register(bytes: Uint8Array, start: number): number {
  let register = start;
  for (const byte of bytes) register = (register >>> 8) ^ (table[(register ^ byte) & 0xff] ?? 0);
  return register >>> 0;
}

export function crc32(bytes: Uint8Array): number {
  return ~crc32Register(bytes, 0xffffffff) >>> 0;
}
