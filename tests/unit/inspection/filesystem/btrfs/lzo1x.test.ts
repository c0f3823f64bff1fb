import fc from "fast-check";
import { decodeLzo1x } from "../../../../../shared/inspection/filesystem/btrfs/lzo1x.ts";
import { MalformedImage } from "../../../../../shared/inspection/source/byte-source.ts";

const unit = Buffer.from(Array.from({ length: 64 }, (_, index) => index + 1));
const lines = Array.from({ length: 20 }, (_, index) => `line ${index} of a text that repeats itself\n`).join("");

/** What liblzo2's lzo1x_1_compress makes of some inputs. */
const samples: [string, string, Buffer][] = [
  ["three bytes", "FGFiYxEAAA==", Buffer.from("abc")],
  [
    "a text that repeats itself",
    "ABpsaW5lIDAgb2YgYSB0ZXh0IHRoYXQgcmVwZWF0cyBpdHNlbGYKbGluZSAxICACkQAyIAMlATMgA5EANCADkQA1IAORADYgA5EANyADkQA4IAORADkgA5EAMSAFyAUgBM0FMSAE0QUxIATVBTEgBNkFMSAE3QUxIAThBTEgBOUFMSAE6QUxKuwFAAJ0aGF0IHJlcGVhdHMgaXRzZWxmChEAAA==",
    Buffer.from(lines),
  ],
  [
    "a long run, and a match further back than 16 KiB",
    "ADEBAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AAAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEoIABA3gDkQE1g6AAEnKCkqKywtLi8wMTJ0aGUgZW5kEQAA",
    Buffer.concat([unit, Buffer.alloc(20_000), unit, unit.subarray(10, 50), Buffer.from("the end")]),
  ],
];

function decode(input: Buffer, size: number): Buffer {
  const output = Buffer.alloc(size);
  return output.subarray(0, decodeLzo1x(input, output));
}

describe("decodeLzo1x", () => {
  it.each(samples)("decodes %s", (_name, compressed, expected) => {
    expect(decode(Buffer.from(compressed, "base64"), expected.length + 10).equals(expected)).toBe(true);
  });

  it.each(samples)("refuses to write beyond its output: %s", (_name, compressed, expected) => {
    expect(() => decode(Buffer.from(compressed, "base64"), expected.length - 1)).toThrow(MalformedImage);
  });

  it.each(samples)("refuses a stream that was cut: %s", (_name, compressed, expected) => {
    const cut = Buffer.from(compressed, "base64").subarray(0, -1);
    expect(() => decode(cut, expected.length)).toThrow(MalformedImage);
  });

  it("takes any bytes without leaving its arrays", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          expect(decode(Buffer.from(bytes), 4096).length).toBeLessThanOrEqual(4096);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedImage);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
