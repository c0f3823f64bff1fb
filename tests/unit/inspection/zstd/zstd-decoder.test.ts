import fc from "fast-check";
import { CannotTell, MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { decodeZstdFrame, ZstdBlocks } from "../../../../shared/inspection/zstd/zstd-decoder.ts";
import { processorTime } from "../../../fixtures/images/processor-time.ts";

const bytes = (length: number, byte: (index: number) => number) =>
  Buffer.from(Array.from({ length }, (_, index) => byte(index)));

/** What the zstd command makes of some inputs: sequences, Huffman literals, several blocks, stored blocks, runs. */
const samples: [string, string, Buffer][] = [
  [
    "a text that repeats itself",
    "KLUv/QRoRQUAEokYFZApD5iEPqK+5jIzkggpQkLR2KYBAczMzMzMu7u7u7uqqqqqqpmZmZmZiIiIiIh3d3d3d2ZmZmZmVVVVVVVEREREROfv9Xn83V4nQCiO0sSVNgc5ydsM/V5O31w4HvwYRBFkqBGgX//P0BvVARJIEPj/TxCI8QcAACAAAAAIAEAAAAQAIADyF36rL/jWXtBbeQlv3YXs9iW5C5FjEucUJtkoApAq6iTXxQ==",
    Buffer.from(Array.from({ length: 100 }, (_, index) => `line ${index} of a text that repeats itself\n`).join("")),
  ],
  [
    "few letters",
    "KLUv/QRIhQEAdAIoZzqUeWdnZ3CLMVWLTItnQyiUi4soOlWCOnBDi2dVQzpDTF6CMV4BAHec8tUTsdLf2A==",
    bytes(3000, (index) => ((index * index * 7 + Math.floor(index / 3)) % 13) * 9 + 40),
  ],
  [
    "several blocks, without a checksum",
    "KLUv/QBoFBMAlA8AAwYCBQEEBwgEBwkFCgsJDAcKDQ4PCw4QDBESEBMOERQVFhIVFxMYGRcaFRgbHB0ZHB4aHyAeIRwfIiMkICMlISYnJSgjJikqKycqLCgtLiwvKi0wMTIuMTMvNDUzNjE0Nzg5NTg6Njs8Oj04Oz4/QDw/QT1CQ0FEP0JFRkdDRkhESUpIS0ZJTE1OSk1PS1BRT1JNUFNUVVFUVlJXWFZZVFdaW1xYW11ZXl9dYFteYWJjX2JkYGVmZGdiZWhpamZpa2dsbWtuaWxvcHFtcHJuc3RydXBzdnd4dHd5dXp7eXx3en1+f3t+gHyBgoCDfoGEhYaChYeDiImBGqhBtvQccfoYIolEUvD//ycE9wNmGO9Y8y5c7+S8A2zvBvA+J+83yjv3vEvXux3eQ9p7w3iXi3dM5B1o3oHqHYd3Muv9Qd7p5l1TeSeed6J65+F9/HtvgHe8ePdE3pnmnbneaXkPvd4D4N0u3jGRd6J5J653Ut5Dr/cAeZebd0zlHXjegeqdhfew6/0B3v3mXVJ5x5p34Hon5R3kez+Ad7l511Teuecdut5p8B7z3hvEu1y8YyLvQPMOVO84vJNZ7w/yTjfvmso78bwT1TsP7+PfewO848W7J/LONO/M9U7Le+j1HgDvdvGOibwTzTtxvZPyHnq9B8i73LxjKu/A8w5U7yy8h13vD/DuN++SyjvWvAPXOynvIN/7AbzLzbum8s4979D1ToP3mPfeIN7l4h0TeQead6B6x+GdzHp/kHe6eddU3onnnajeeXgf/94b4B0v3j2Rd6Z5Z653Wt5D7Kxc3gWqquwRALQNh4qFiIuMjYmMjoqPkI6RjI+Sk5SQk5WRlpeVmJOWmZqbl5qcmJ2enJ+anaChop6ho5+kpaOmoaSnqKmlqKqmq6yqrairrq+wrK+xrbKzsbSvsrW2t7O2uLS5uri7trm8vb66vb+7wMG/wr3Aw8TFwcTGwsfIxsnEx8rLzMjLzcnOz83Qy87R0tPP0tTQ1dbU19LV2Nna1tnb19zd297Z3N/g4d3g4t7j5OLl4OPm5+jk5+nl6uvp7Ofq7e7v6+7w7PHy8PPu8fT19vL19/P4+ff69fj7/P35/P76gRfogfawfwZigaAn+P//Vwj4AY0tXiWeET8QzxIPiAeKJ8UDxCPEU+KB4kEjHpV58s7S3rl6tyPv0PY+5t4liXe79A5V77K8A773AnnHM+8yyTugeWerdzXvCNz7h3n/g/dM5B1r3pHUuynvw+89Qd7h5N0kead53tHqXc47wHtfMO955j0TeQead6x6V+WdwHt/kHc/eJdJ3jHNO5l6N/Nu+N4nzHucvE8i77TnHareZXkHfO8F8o5n3mWSd0Dzzlbvat4RuPcP8/4H75nIO9a8I6l3U96H33uCvMPJu0nyTvO8o9W7nHeA975g3vPMeybyDjTvWPWuyjuB9/4g737wLpO8Y5p3MvVu5t3wvU+Y9zh5n0Teac87VL3L8g743gvkHc+8yyTvgOadrd7VvCNw7x/m/Q/eM5F3rHlHUu+mvA+/9wR5h5N3k+Sd5nlHq3c57wDvfcG855PrLIJaBCUCABgzNjJKWAAAAgz+//+/P+ITn/jEJz7xiU984hOf+MQnPvGJT3ziE5/4xCc+8YlPfOITn/jEJz7xiU984hOf+MQnvqo/",
    bytes(300_000, (index) => ((index * 31) % 7) + (Math.floor(index / 1000) % 249)),
  ],
  ["nothing", "KLUv/SQAAQAAmenYUQ==", Buffer.alloc(0)],
  ["a run", "KLUv/QRYTQAAEAAAAQCD0wMsJbcyMA==", Buffer.alloc(5000)],
];

const header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];

/** A frame of one compressed block. */
function frameOf(block: readonly number[]): Buffer {
  const field = 1 | (2 << 1) | (block.length << 3);
  return Buffer.from([...header, field & 255, (field >> 8) & 255, field >> 16, ...block]);
}

describe("decodeZstdFrame", () => {
  it.each(samples)("decodes %s", (_name, compressed, expected) => {
    const frame = Buffer.from(compressed, "base64");
    expect(decodeZstdFrame(frame, expected.length).equals(expected)).toBe(true);
    expect(decodeZstdFrame(Buffer.concat([frame, Buffer.alloc(100, 1)]), expected.length).equals(expected)).toBe(true);
  });

  it.each(samples.filter(([, , expected]) => expected.length > 0))(
    "gives no more than it may: %s",
    (_name, compressed, expected) => {
      const frame = Buffer.from(compressed, "base64");
      expect(() => decodeZstdFrame(frame, expected.length - 1)).toThrow(MalformedImage);
    },
  );

  it.each([
    // Each of 98,000 sequences repeats 65,539 bytes and costs no bits at all.
    ["sequences that cost nothing", [0x08, 0x41, 255, 0xff, 0xff, 0x54, 0, 0, 52, 0x01]],
    // The weights of a Huffman tree come from a table whose only symbol takes no bits, ever.
    ["a Huffman tree without an end", [0x42, 0x80, 0x01, 0x04, 0xf0, 0x03, 0x01, 0x01, 0, 0, 0]],
    ["a tree of the block before, in the first block", [0x43, 0x40, 0x00, 0x01, 0]],
    ["tables of the block before, in the first block", [0x08, 0x41, 1, 0xfc, 0x01]],
    ["more literals than a block holds", [0x0d, 0xff, 0xff, 0x41, 0]],
  ])("refuses %s, at once", (_name, block) => {
    const start = processorTime();
    expect(() => decodeZstdFrame(frameOf(block), 131_072)).toThrow(MalformedImage);
    expect(processorTime() - start).toBeLessThan(500);
  });

  it("cannot tell what needs a dictionary", () => {
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x38, 7, 1, 0, 0]);
    expect(() => decodeZstdFrame(frame, 100)).toThrow(CannotTell);
  });

  it("ends in bytes or in a plain verdict however a frame is damaged", () => {
    const frames = samples.map(([, compressed]) => Buffer.from(compressed, "base64"));
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.constantFrom(...frames), flips, (frame, changes) => {
        const damaged = Buffer.from(frame);
        for (const [at, value] of changes) damaged[4 + (at % (frame.length - 4))] = value;
        try {
          expect(decodeZstdFrame(damaged, 300_000).length).toBeLessThanOrEqual(300_000);
        } catch (error) {
          expect(error instanceof MalformedImage || error instanceof CannotTell).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("ZstdBlocks", () => {
  it("keeps as much of what came before as the window holds", () => {
    const blocks = new ZstdBlocks(140_000, 1000);
    for (let round = 0; round < 5; round++) {
      const content = bytes(100_000, (index) => (index * 7 + round * 3) % 251);
      expect(blocks.decode(0, content.length, content).equals(content)).toBe(true);
    }
    // One sequence without literals: 36 bytes from 500 bytes back. Its bits, from the end: a mark, eight, one.
    const bits = 0b1_1111_0111_1;
    const sequence = Buffer.from([0x00, 1, 0x54, 0, 8, 32, bits & 255, bits >> 8]);
    const expected = bytes(100_000, (index) => (index * 7 + 12) % 251).subarray(99_500, 99_536);
    expect(blocks.decode(2, sequence.length, sequence).equals(expected)).toBe(true);
  });
});
