import fc from "fast-check";
import { combineCrc64, createCrc64 } from "../../../../local/oss/crc64.ts";

const crcOf = (...pieces: Uint8Array[]): bigint => {
  const crc = createCrc64();
  for (const piece of pieces) crc.update(piece);
  return crc.value();
};

/** Bit by bit, from the definition. */
const slowCrcOf = (bytes: Uint8Array): bigint => {
  let crc = 0xffffffffffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ 0xc96c5795d7870f42n : crc >> 1n;
  }
  return crc ^ 0xffffffffffffffffn;
};

describe("CRC-64", () => {
  it("has the check value of CRC-64/XZ", () => {
    expect(crcOf(Buffer.from("123456789"))).toBe(0x995dc9bbdf1939fan);
  });

  it("is 0 for nothing", () => {
    expect(crcOf()).toBe(0n);
  });

  it("equals the definition for any bytes, however they are cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
        expect(crcOf(bytes.subarray(0, cut), bytes.subarray(cut))).toBe(slowCrcOf(bytes));
      }),
    );
  });

  it("combines the CRCs of two pieces into that of both", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (first, second) => {
        expect(combineCrc64(crcOf(first), crcOf(second), second.length)).toBe(crcOf(first, second));
      }),
    );
  });
});
