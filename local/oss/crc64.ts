/**
 * CRC-64/XZ, which OSS calls CRC-64/ECMA-182: reflected polynomial 0xC96C5795D7870F42, all ones in and out; the check
 * value of "123456789" is 0x995DC9BBDF1939FA. Runs over every byte of every image, so the loop works on 32-bit halves
 * and eight bytes at a time (slicing-by-8, Kounavis and Berry 2005). BigInt appears only at the edges.
 */
const polynomial = 0xc96c5795d7870f42n;
const allOnes = 0xffffffffffffffffn;

/** Table `slice` of byte `value` sits at `slice * 256 + value`. */
const low = new Uint32Array(8 * 256);
const high = new Uint32Array(8 * 256);

for (let value = 0; value < 256; value += 1) {
  let crc = BigInt(value);
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  low[value] = Number(crc & 0xffffffffn);
  high[value] = Number(crc >> 32n);
}
for (let index = 256; index < 8 * 256; index += 1) {
  const previousLow = low[index - 256] ?? 0;
  const previousHigh = high[index - 256] ?? 0;
  const byte = previousLow & 0xff;
  low[index] = ((previousLow >>> 8) | (previousHigh << 24)) ^ (low[byte] ?? 0);
  high[index] = (previousHigh >>> 8) ^ (high[byte] ?? 0);
}

interface Crc64 {
  update(bytes: Uint8Array): void;
  /** The CRC of what was fed so far. */
  value(): bigint;
}

export const createCrc64 = (): Crc64 => {
  let crcLow = 0xffffffff;
  let crcHigh = 0xffffffff;
  return {
    update: (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const sliced = bytes.length - (bytes.length % 8);
      let l = crcLow;
      let h = crcHigh;
      for (let at = 0; at < sliced; at += 8) {
        l ^= view.getUint32(at, true);
        h ^= view.getUint32(at + 4, true);
        const a = 1792 + (l & 0xff);
        const b = 1536 + ((l >>> 8) & 0xff);
        const c = 1280 + ((l >>> 16) & 0xff);
        const d = 1024 + (l >>> 24);
        const e = 768 + (h & 0xff);
        const f = 512 + ((h >>> 8) & 0xff);
        const g = 256 + ((h >>> 16) & 0xff);
        const i = h >>> 24;
        l =
          entry(low, a) ^
          entry(low, b) ^
          entry(low, c) ^
          entry(low, d) ^
          entry(low, e) ^
          entry(low, f) ^
          entry(low, g) ^
          entry(low, i);
        h =
          entry(high, a) ^
          entry(high, b) ^
          entry(high, c) ^
          entry(high, d) ^
          entry(high, e) ^
          entry(high, f) ^
          entry(high, g) ^
          entry(high, i);
      }
      for (let at = sliced; at < bytes.length; at += 1) {
        const byte = (l ^ view.getUint8(at)) & 0xff;
        l = ((l >>> 8) | (h << 24)) ^ entry(low, byte);
        h = (h >>> 8) ^ entry(high, byte);
      }
      crcLow = l;
      crcHigh = h;
    },
    value: () => ((BigInt(crcHigh >>> 0) << 32n) | BigInt(crcLow >>> 0)) ^ allOnes,
  };
};

const entry = (table: Uint32Array, index: number): number => table[index] as number;

/**
 * The CRC of two pieces joined, from their CRCs and the length of the second (as zlib's crc32_combine does it): the
 * first CRC times x to the number of bits that follow, plus the second.
 */
export const combineCrc64 = (first: bigint, second: bigint, secondLengthInBytes: number): bigint =>
  multiply(shiftOf(secondLengthInBytes), first) ^ second;

/** Multiplies two polynomials modulo the CRC's; bit 63 is x^0 in this reflected form. */
const multiply = (a: bigint, b: bigint): bigint => {
  let product = 0n;
  let shifted = b;
  for (let bit = 63n; bit >= 0n; bit -= 1n) {
    if ((a >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
  }
  return product;
};

/** x^(8 × bytes). The last one is kept: the parts of a multipart upload have one length, all but the last. */
const shiftOf = (bytes: number): bigint => {
  if (lastShift.bytes === bytes) return lastShift.power;
  let power = 1n << 63n; // x^0
  let square = 1n << 55n; // x^8
  for (let left = BigInt(bytes); left > 0n; left >>= 1n) {
    if (left & 1n) power = multiply(power, square);
    square = multiply(square, square);
  }
  lastShift = { bytes, power };
  return power;
};

let lastShift = { bytes: 0, power: 1n << 63n };
