import fc from "fast-check";
import * as fields from "../../../../shared/inspection/source/byte-fields.ts";
import { MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";

const bytes = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9]);

describe("numbers in headers", () => {
  it("are read in both byte orders", () => {
    expect(fields.uint8(bytes, 8)).toBe(9);
    expect(fields.uint16le(bytes, 0)).toBe(0x0201);
    expect(fields.uint16be(bytes, 0)).toBe(0x0102);
    expect(fields.uint32le(bytes, 0)).toBe(0x04030201);
    expect(fields.uint32be(bytes, 0)).toBe(0x01020304);
    expect(fields.uint64le(Buffer.from([1, 0, 0, 0, 0, 0, 1, 0]), 0)).toBe(2 ** 48 + 1);
    expect(fields.uint64be(Buffer.from([0, 1, 0, 0, 0, 0, 0, 1]), 0)).toBe(2 ** 48 + 1);
  });

  it("over 2^53 are refused, not rounded", () => {
    expect(() => fields.uint64be(Buffer.from([0, 0x20, 0, 0, 0, 0, 0, 0]), 0)).toThrow(MalformedImage);
    expect(fields.uint64be(Buffer.from([0, 0x1f, 255, 255, 255, 255, 255, 255]), 0)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("outside their structure are a MalformedImage at any offset", () => {
    const readers = [
      fields.uint8,
      fields.uint16le,
      fields.uint16be,
      fields.uint32le,
      fields.uint32be,
      fields.uint64le,
      fields.uint64be,
    ];
    fc.assert(
      fc.property(fc.constantFrom(...readers), fc.oneof(fc.integer(), fc.double()), (read, offset) => {
        try {
          expect(typeof read(bytes, offset)).toBe("number");
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedImage);
        }
      }),
    );
  });

  it.each([
    [512, true],
    [1024, true],
    [4096, true],
    [256, false],
    [8192, false],
    [513, false],
    [0, false],
  ])("tell that %d is a power of two from 512 to 4096: %s", (value, expected) => {
    expect(fields.isPowerOfTwo(value, 512, 4096)).toBe(expected);
  });
});
