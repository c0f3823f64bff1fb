/**
 * CRC-64/XZ, which OSS calls CRC-64/ECMA-182 and sends with every object as an unsigned decimal number: reflected
 * polynomial 0xC96C5795D7870F42, all ones in and out. For manifests and records, which are small: one byte at a time.
 */
const low = new Uint32Array(256);
const high = new Uint32Array(256);

for (let value = 0; value < 256; value += 1) {
  let crc = BigInt(value);
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ 0xc96c5795d7870f42n : crc >> 1n;
  low[value] = Number(crc & 0xffffffffn);
  high[value] = Number(crc >> 32n);
}

/** As OSS writes it in `x-oss-hash-crc64ecma`. */
export function crc64Text(bytes: Uint8Array): string {
  let crcLow = 0xffffffff;
  let crcHigh = 0xffffffff;
  for (const byte of bytes) {
    const index = (crcLow ^ byte) & 0xff;
    crcLow = ((crcLow >>> 8) | (crcHigh << 24)) ^ (low[index] ?? 0);
    crcHigh = (crcHigh >>> 8) ^ (high[index] ?? 0);
  }
  return String((BigInt(~crcHigh >>> 0) << 32n) | BigInt(~crcLow >>> 0));
}
