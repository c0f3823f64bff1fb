import fc from "fast-check";
import { MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { buildQcow2, type ClusterHow, type Qcow2Options } from "./build-qcow2.ts";
import { buildVhd } from "./build-vhd.ts";
import { buildVmdk } from "./build-vmdk.ts";
import { diskOf, openBytes, pattern } from "./open-bytes.ts";

/** Every range of the virtual disk must equal the plain disk's, also across clusters. */
async function expectDisk(image: Buffer, disk: Buffer): Promise<void> {
  const read = await diskOf(image);
  expect(read.size).toBe(disk.length);
  expect((await read.read(0, disk.length)).equals(disk)).toBe(true);
  const range = fc.tuple(fc.nat(disk.length), fc.nat(20_000));
  await fc.assert(
    fc.asyncProperty(range, async ([offset, length]) => {
      const present = Math.min(length, disk.length - offset);
      const bytes = await read.read(offset, present);
      expect(bytes.equals(disk.subarray(offset, offset + present))).toBe(true);
    }),
    { numRuns: 60 },
  );
}

/** Which sub-clusters of 32 are there; the file holds other bytes where the disk has zeros. */
const allocatedSubclusters = 0x8001_f00f;

function withoutSubclusters(data: Buffer): Buffer {
  const length = data.length / 32;
  return Buffer.from(data.map((byte, at) => ((allocatedSubclusters >>> Math.floor(at / length)) & 1) * byte));
}

/** A disk, and a QCOW2 of it in which guest clusters are kept in the given ways in turn, every last one nowhere. */
function mixedQcow2(
  kinds: readonly ClusterHow["kind"][],
  options: Omit<Qcow2Options, "virtualSize"> & { clusterBits: number },
) {
  const clusterSize = 2 ** options.clusterBits;
  const clusters = new Map<number, ClusterHow>();
  const disk = Buffer.alloc(24 * clusterSize + 512);
  for (let guest = 0; guest * clusterSize < disk.length; guest++) {
    const kind = kinds[guest % (kinds.length + 1)];
    const data = pattern(clusterSize, guest + 1);
    if (kind === "zero") clusters.set(guest, { kind, preallocated: guest % 2 === 0 });
    else if (kind === "subclusters") clusters.set(guest, { kind, data, allocated: allocatedSubclusters, zeros: 0xf0 });
    else if (kind !== undefined) clusters.set(guest, { kind, data });
    if (kind === undefined || kind === "zero") continue;
    (kind === "subclusters" ? withoutSubclusters(data) : data).copy(disk, guest * clusterSize);
  }
  return { disk, image: buildQcow2({ ...options, virtualSize: disk.length, clusters }) };
}

describe("the virtual disk of a QCOW2", () => {
  it.each([9, 12, 16, 17])("reads plain, compressed and zero clusters of 2^%d bytes", async (clusterBits) => {
    const { disk, image } = mixedQcow2(["plain", "zlib", "zero"], { clusterBits });
    await expectDisk(image, disk);
  });

  it("reads clusters of 2^21 bytes, the largest", async () => {
    const clusters = new Map<number, ClusterHow>([[1, { kind: "zlib", data: pattern(2 ** 21) }]]);
    const disk = Buffer.concat([Buffer.alloc(2 ** 21), pattern(2 ** 21)]);
    await expectDisk(buildQcow2({ virtualSize: disk.length, clusterBits: 21, clusters }), disk);
  });

  it("reads version 2", async () => {
    const { disk, image } = mixedQcow2(["plain", "zlib"], { clusterBits: 12, version: 2 });
    await expectDisk(image, disk);
  });

  it("reads clusters compressed with zstd, and ignores what follows a frame", async () => {
    const { disk, image } = mixedQcow2(["zstd", "plain"], { clusterBits: 18, compression: "zstd" });
    await expectDisk(image, disk);
  });

  it("reads extended L2 entries exactly by sub-cluster", async () => {
    const { disk, image } = mixedQcow2(["subclusters", "plain", "zlib", "zero"], { clusterBits: 14, extendedL2: true });
    await expectDisk(image, disk);
  });

  it("maps more than one L2 table", async () => {
    const clusters = new Map<number, ClusterHow>(
      [1, 63, 64, 65, 200].map((at) => [at, { kind: "plain", data: pattern(512, at) }]),
    );
    const disk = Buffer.alloc(256 * 512);
    for (const [at, how] of clusters) if ("data" in how) how.data.copy(disk, at * 512);
    await expectDisk(buildQcow2({ virtualSize: disk.length, clusterBits: 9, clusters }), disk);
  });
});

/** Data, zeros and data again, and an end inside a block. */
const sparseDisk = Buffer.concat([pattern(70_144), Buffer.alloc(3 * 2 ** 20), pattern(33_280, 7)]);

describe("the virtual disk of other containers", () => {
  it("reads a fixed VHD without its footer", () =>
    expectDisk(buildVhd({ type: "fixed", disk: sparseDisk }), sparseDisk));

  it.each([512 * 1024, 2 * 2 ** 20])("reads a dynamic VHD with blocks of %d bytes", (blockSize) =>
    expectDisk(buildVhd({ type: "dynamic", disk: sparseDisk, blockSize }), sparseDisk),
  );

  it("reads a sparse VMDK", () => expectDisk(buildVmdk({ disk: sparseDisk }), sparseDisk));

  it("reads a stream-optimised VMDK by its footer", () =>
    expectDisk(buildVmdk({ disk: sparseDisk, streamOptimized: true }), sparseDisk));

  it("reads a raw disk, filling a last partial sector with zeros", async () => {
    const partial = pattern(5000);
    await expectDisk(partial, Buffer.concat([partial, Buffer.alloc(120)]));
  });

  it("refuses to read past the end of every disk", async () => {
    const images = [
      sparseDisk,
      buildVhd({ type: "fixed", disk: sparseDisk }),
      buildVhd({ type: "dynamic", disk: sparseDisk }),
      buildVmdk({ disk: sparseDisk }),
      buildQcow2({ virtualSize: sparseDisk.length }),
    ];
    for (const image of images) {
      const { disk } = await openBytes(image);
      await expect(disk?.read(sparseDisk.length - 1, 2)).rejects.toThrow(MalformedImage);
    }
  });
});
