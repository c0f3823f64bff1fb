import fc from "fast-check";
import { decodeLznt1 } from "../../../../../shared/inspection/filesystem/ntfs/lznt1.ts";
import { MalformedImage } from "../../../../../shared/inspection/source/byte-source.ts";

/** The sample of [MS-XCA] 3.2 "LZNT1 decompression example". */
const sample = Buffer.from(
  "38b08846232000204720410010a24701a0452044000845015079" +
    "00c045200524138805b4024a44ef0358028c0916014845" +
    "00be009e000401189000",
  "hex",
);
const text =
  "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E E F# D E F# G F# D E F# G F# E D E A F# F# G A A G F# E D D E F# E D D\0";

describe("decodeLznt1", () => {
  it("decodes the example of the specification", () => {
    expect(decodeLznt1(sample, text.length).toString("latin1")).toBe(text);
  });

  it("takes chunks that are stored, and zeros for what is missing", () => {
    const stored = Buffer.concat([Buffer.from([0x02, 0x30]), Buffer.from("abc")]);
    expect(decodeLznt1(stored, 8)).toEqual(Buffer.from("abc\0\0\0\0\0"));
    expect(decodeLznt1(Buffer.alloc(10), 4)).toEqual(Buffer.alloc(4));
  });

  it.each([
    ["reaches back before its chunk", Buffer.from([0x02, 0xb0, 0x01, 0x00, 0x00])],
    ["is cut", sample.subarray(0, 30)],
    ["is longer than its chunk", Buffer.from([0x05, 0xb0, 0x06, 0x41, 0xff, 0x0f, 0xff, 0x0f])],
  ])("refuses data that %s", (_what, data) => {
    expect(() => decodeLznt1(data, 4096)).toThrow(MalformedImage);
  });

  it("takes any bytes and gives the length that was asked for", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          expect(decodeLznt1(Buffer.from(bytes), 8192).length).toBe(8192);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedImage);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
