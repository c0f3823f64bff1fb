import { deflateSync } from "node:zlib";
import { openBtrfs } from "../../../../../shared/inspection/filesystem/btrfs/open-btrfs.ts";
import { CannotTell, MalformedImage } from "../../../../../shared/inspection/source/byte-source.ts";
import { sourceOf } from "../../../../fixtures/images/open-image.ts";
import { openPath } from "../by-path.ts";
import { type BuiltItem, buildBtrfs, dataStart, extentItem, inlineItem, oneFile } from "./built-btrfs.ts";

async function readFile(
  size: number,
  extents: readonly BuiltItem[],
  data: Buffer,
  offset = 0,
  length = size,
): Promise<Buffer> {
  const bytes = buildBtrfs({ trees: oneFile(size, extents), data: new Map([[dataStart, data]]) });
  const fs = await openBtrfs(sourceOf(bytes));
  const file = fs && (await openPath(fs, "file"));
  if (fs === undefined || file === undefined) throw new Error("no file");
  return fs.read(file.node, offset, length);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(4096 - (bytes.length % 4096))]);
}

const text = Buffer.from(
  Array.from({ length: 100 }, (_, index) => `line ${index} of a text that repeats itself\n`).join(""),
);
/** What `zstd -19` makes of the text. */
const zstdText = Buffer.from(
  "KLUv/QRoRQUAEokYFZApD5iEPqK+5jIzkggpQkLR2KYBAczMzMzMu7u7u7uqqqqqqpmZmZmZiIiIiIh3d3d3d2ZmZmZmVVVVVVVEREREROfv9Xn83V4nQCiO0sSVNgc5ydsM/V5O31w4HvwYRBFkqBGgX//P0BvVARJIEPj/TxCI8QcAACAAAAAIAEAAAAQAIADyF36rL/jWXtBbeQlv3YXs9iW5C5FjEucUJtkoApAq6iTXxQ==",
  "base64",
);

/** LZO data of nothing but literals, as btrfs frames it. */
function lzoLiterals(content: Buffer): Buffer {
  const segments: Buffer[] = [];
  let length = 4;
  for (let at = 0; at < content.length; at += 200) {
    const piece = content.subarray(at, at + 200);
    const stream = Buffer.concat([Buffer.from([piece.length + 17]), piece, Buffer.from([17, 0, 0])]);
    const left = 4096 - (length % 4096);
    const gap = Buffer.alloc(left < 4 ? left : 0);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(stream.length);
    segments.push(gap, size, stream);
    length += gap.length + 4 + stream.length;
  }
  const total = Buffer.alloc(4);
  total.writeUInt32LE(length);
  return Buffer.concat([total, ...segments]);
}

const long = Buffer.concat(Array.from({ length: 20 }, () => text));

describe("contents of files on btrfs", () => {
  it.each([
    ["zlib", 1, padded(deflateSync(text)), text],
    ["zlib, larger", 1, padded(deflateSync(long)), long],
    ["lzo", 2, padded(lzoLiterals(text)), text],
    ["lzo, over several sectors", 2, padded(lzoLiterals(long)), long],
    ["zstd", 3, padded(zstdText), text],
  ])("decompresses an extent of %s and reads any part of it", async (_name, compression, data, content) => {
    const extent = extentItem(257, 0, {
      compression,
      length: 4096 * Math.ceil(content.length / 4096),
      address: dataStart,
      stored: data.length,
      used: 4096 * Math.ceil(content.length / 4096),
    });
    expect(content.equals(await readFile(content.length, [extent], data))).toBe(true);
    expect(content.subarray(100, 3000).equals(await readFile(content.length, [extent], data, 100, 2900))).toBe(true);
  });

  it.each([
    ["as it is", 0, text.subarray(0, 500), text.subarray(0, 500)],
    ["zlib", 1, deflateSync(text), text],
    ["zstd", 3, zstdText, text],
  ])("reads a file kept inside the tree: %s", async (_name, compression, data, content) => {
    const item = inlineItem(257, data, compression, content.length);
    expect((await readFile(content.length, [item], Buffer.alloc(0))).toString()).toBe(content.toString());
  });

  it("gives zeros for holes, missing items and preallocated extents, and parts of shared extents", async () => {
    const data = Buffer.alloc(16_384, "abcdefghijklmnopqrstuvwxyz");
    const whole = { length: 16_384, address: dataStart, stored: 16_384 };
    const items = [
      extentItem(257, 0, { ...whole, offset: 8192, used: 4096 }),
      extentItem(257, 4096, { length: 4096, address: 0, stored: 0, used: 4096 }),
      extentItem(257, 12_288, { ...whole, type: 2, used: 4096 }),
      extentItem(257, 16_384, { ...whole, offset: 4096, used: 4096 }),
    ];
    const zeros = Buffer.alloc(12_288);
    const expected = Buffer.concat([data.subarray(8192, 12_288), zeros, data.subarray(4096, 8192)]);
    expect(expected.equals(await readFile(20_480, items, data))).toBe(true);
    expect(expected.subarray(4000, 17_000).equals(await readFile(20_480, items, data, 4000, 13_000))).toBe(true);
  });

  it.each([
    [
      "a decompression bomb",
      { compression: 1, length: 4096, stored: 4096, used: 4096 },
      deflateSync(Buffer.alloc(2 ** 21)),
    ],
    [
      "a compressed extent of absurd length",
      { compression: 1, length: 2 ** 40, stored: 4096, used: 4096 },
      deflateSync(text),
    ],
    ["a compressed extent that is no zlib", { compression: 1, length: 4096, stored: 4096, used: 4096 }, text],
    ["a compressed extent that is no zstd", { compression: 3, length: 4096, stored: 4096, used: 4096 }, text],
    [
      "a zstd frame that never ends",
      { compression: 3, length: 4096, stored: 4096, used: 4096 },
      zstdText.subarray(0, 6),
    ],
    ["use of more than the extent", { length: 4096, stored: 4096, used: 8192 }, text],
    ["use of more than is stored", { length: 8192, stored: 4096, used: 8192 }, text],
  ])("refuses %s", async (_name, extent, data) => {
    const item = extentItem(257, 0, { address: dataStart, ...extent });
    await expect(readFile(8192, [item], padded(data))).rejects.toThrow(MalformedImage);
  });

  it("cannot tell what an unknown compression holds, nor reads a gigabyte at once", async () => {
    const unknown = extentItem(257, 0, { compression: 9, length: 4096, address: dataStart, stored: 4096, used: 4096 });
    await expect(readFile(4096, [unknown], Buffer.alloc(0))).rejects.toThrow(CannotTell);
    await expect(readFile(2 ** 30, [], Buffer.alloc(0))).rejects.toThrow(CannotTell);
  });
});
