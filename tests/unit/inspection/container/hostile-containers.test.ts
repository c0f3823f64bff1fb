import fc from "fast-check";
import { CannotTell, MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { processorTime } from "../../../fixtures/images/processor-time.ts";
import { endlessZstd } from "../zstd/endless-zstd.ts";
import { buildQcow2, type ClusterHow, storedZstd } from "./build-qcow2.ts";
import { buildVhd } from "./build-vhd.ts";
import { buildVmdk } from "./build-vmdk.ts";
import { openBytes, pattern } from "./open-bytes.ts";

const clusterData = pattern(4096);
const clusters = (kind: "plain" | "zlib" | "zstd") =>
  new Map<number, ClusterHow>([
    [0, { kind, data: clusterData }],
    [5, { kind: "zero", preallocated: true }],
    [9, { kind: "plain", data: clusterData }],
  ]);
const disk = Buffer.concat([pattern(20_000), Buffer.alloc(12_768), pattern(32_768)]);
const images: [string, Buffer][] = [
  ["QCOW2 with zlib", buildQcow2({ virtualSize: 1 << 20, clusterBits: 12, clusters: clusters("zlib") })],
  [
    "QCOW2 with zstd",
    buildQcow2({ virtualSize: 1 << 20, clusterBits: 12, clusters: clusters("zstd"), compression: "zstd" }),
  ],
  [
    "QCOW2 with sub-clusters",
    buildQcow2({
      virtualSize: 1 << 20,
      clusterBits: 14,
      extendedL2: true,
      clusters: new Map([[0, { kind: "subclusters", data: pattern(16_384), allocated: 5, zeros: 8 }]]),
    }),
  ],
  ["dynamic VHD", buildVhd({ type: "dynamic", disk, blockSize: 16_384 })],
  ["fixed VHD", buildVhd({ type: "fixed", disk })],
  ["sparse VMDK", buildVmdk({ disk })],
  ["stream-optimised VMDK", buildVmdk({ disk, streamOptimized: true })],
];

/** Opens, checks and reads an image as far as it goes; only the two errors that speak of the image may come out. */
async function exercise(image: Buffer): Promise<void> {
  const startedAt = processorTime();
  try {
    const container = await openBytes(image);
    await container.checkComplete?.();
    const { disk: virtual } = container;
    if (virtual === undefined) return;
    const length = Math.min(virtual.size, 128 * 1024);
    await virtual.read(0, length);
    await virtual.read(virtual.size - length, length);
  } catch (error) {
    if (!(error instanceof MalformedImage || error instanceof CannotTell)) throw error;
  } finally {
    expect(processorTime() - startedAt).toBeLessThan(2000);
  }
}

describe.each(images)("a damaged %s", (_name, image) => {
  const interesting = fc.oneof(
    fc.nat(1535),
    fc.nat(image.length - 1),
    fc.nat(1535).map((at) => image.length - 1 - Math.min(at, image.length - 1)),
  );
  const byte = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255));
  const change = fc.array(fc.tuple(interesting, byte), { minLength: 1, maxLength: 6 });

  it("ends in a finding, in data, or in an error that speaks of the image", async () => {
    await fc.assert(
      fc.asyncProperty(change, async (changes) => {
        const copy = Buffer.from(image);
        for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
        await exercise(copy);
      }),
      { numRuns: 250 },
    );
  });

  it("may be cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(image.length), (length) => exercise(image.subarray(0, length))),
      { numRuns: 80 },
    );
  });
});

describe("a decompression bomb", () => {
  it("in deflate is refused before it unfolds", async () => {
    const bomb = buildQcow2({
      virtualSize: 1 << 20,
      clusterBits: 12,
      clusters: new Map([[0, { kind: "zlib", data: Buffer.alloc(16 << 20) }]]),
    });
    const { disk: virtual } = await openBytes(bomb);
    await expect(virtual?.read(0, 512)).rejects.toThrow(MalformedImage);
  });

  it("in zstd is refused by its block sizes", async () => {
    const frame = storedZstd(Buffer.alloc(4096));
    // A run-length block that claims 2 MiB.
    frame.writeUIntLE((0x1f_ffff << 3) | 3, 9, 3);
    await expectRefused(frame);
  });

  it("in zstd is refused at once where it would never end", () => expectRefused(endlessZstd));

  async function expectRefused(frame: Buffer): Promise<void> {
    const image = buildQcow2({
      virtualSize: 1 << 20,
      clusterBits: 12,
      clusters: clusters("zstd"),
      compression: "zstd",
    });
    const at = image.indexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
    frame.copy(image, at, 0, 20);
    const { disk: virtual } = await openBytes(image);
    await expect(virtual?.read(0, 512)).rejects.toThrow(MalformedImage);
  }
});
