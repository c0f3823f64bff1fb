import { buildQcow2, type ClusterHow, poke, type Qcow2Options, qcow2Field, u32be, u64be } from "./build-qcow2.ts";
import { buildVhd, fixChecksum } from "./build-vhd.ts";
import { buildVmdk, vmdkDescriptor } from "./build-vmdk.ts";
import { codesOf, openBytes, pattern } from "./open-bytes.ts";

const clusterSize = 65_536;
const clusters = new Map<number, ClusterHow>([[0, { kind: "plain", data: pattern(clusterSize) }]]);
const goodOptions: Qcow2Options = { virtualSize: 2 ** 20, clusters };
const good = buildQcow2(goodOptions);
const [l1Table, l2Table] = [2 * clusterSize, 3 * clusterSize];

function featureName(bit: number, name: string): { type: number; body: Buffer } {
  const body = Buffer.alloc(48);
  body.writeUInt8(bit, 1);
  body.write(name, 2);
  return { type: 0x6803f857, body };
}

describe("findings about a QCOW2", () => {
  const f = qcow2Field;
  it.each<[string, Buffer, string[]]>([
    ["a good one", good, []],
    ["a good one of version 2", buildQcow2({ ...goodOptions, version: 2 }), []],
    ["version 9", poke(good, f.version, u32be(9)), ["image.malformed"]],
    ["version 0", poke(good, f.version, u32be(0)), ["image.malformed"]],
    ["clusters of 2^8", poke(good, f.clusterBits, u32be(8)), ["image.malformed"]],
    ["clusters of 2^22", poke(good, f.clusterBits, u32be(22)), ["image.malformed"]],
    ["a size over 2^53", poke(good, f.virtualSize, u64be(1n << 62n)), ["image.malformed"]],
    ["encryption by AES", poke(good, f.cryptMethod, u32be(1)), ["image.encrypted"]],
    ["encryption by LUKS", poke(good, f.cryptMethod, u32be(2)), ["image.encrypted"]],
    ["an unknown encryption", poke(good, f.cryptMethod, u32be(3)), ["image.malformed"]],
    ["a short header", poke(good, f.headerLength, u32be(96)), ["image.malformed"]],
    ["a header longer than a cluster", poke(good, f.headerLength, u32be(clusterSize + 8)), ["image.malformed"]],
    ["an uneven header", poke(good, f.headerLength, u32be(113)), ["image.malformed"]],
    ["a refcount of 128 bits", poke(good, f.refcountOrder, u32be(7)), ["image.malformed"]],
    ["an L1 table of 4 GiB", poke(good, f.l1Size, u32be(0x2000_0000)), ["image.malformed"]],
    ["too small an L1 table", poke(good, f.l1Size, u32be(0)), ["image.malformed"]],
    ["an L1 table off its cluster", poke(good, f.l1Offset, u64be(2 * clusterSize + 8)), ["image.malformed"]],
    ["an L1 table over the header", poke(good, f.l1Offset, u64be(0)), ["image.malformed"]],
    ["an L1 table over the refcounts", poke(good, f.l1Offset, u64be(clusterSize)), ["image.malformed"]],
    ["an L1 table past the end", poke(good, f.l1Offset, u64be(2 ** 40)), ["image.truncated"]],
    ["no refcount table", poke(good, f.refcountClusters, u32be(0)), ["image.malformed"]],
    ["a huge refcount table", poke(good, f.refcountClusters, u32be(0xffff_ffff)), ["image.malformed"]],
    ["a refcount table past the end", poke(good, f.refcountOffset, u64be(2 ** 40)), ["image.truncated"]],
    ["dirty", buildQcow2({ ...goodOptions, incompatible: 1n }), ["qcow2.dirty"]],
    ["corrupt", buildQcow2({ ...goodOptions, incompatible: 2n }), ["qcow2.corrupt"]],
    ["a data file", buildQcow2({ ...goodOptions, incompatible: 4n }), ["qcow2.data-file"]],
    ["zstd", buildQcow2({ ...goodOptions, compression: "zstd" }), ["qcow2.zstd"]],
    ["extended L2", buildQcow2({ ...goodOptions, extendedL2: true }), ["qcow2.extended-l2"]],
    [
      "extended L2 in small clusters",
      buildQcow2({ virtualSize: 4096, clusterBits: 12, extendedL2: true }),
      ["image.malformed"],
    ],
    ["zstd without its feature bit", poke(good, f.compressionType, [1]), ["image.malformed"]],
    [
      "an unknown compression",
      poke(buildQcow2({ ...goodOptions, compression: "zstd" }), f.compressionType, [2]),
      ["image.malformed"],
    ],
    ["an unknown feature", buildQcow2({ ...goodOptions, incompatible: 1n << 40n }), ["qcow2.unknown-feature"]],
    [
      "an extension past its space",
      buildQcow2({ ...goodOptions, extensions: [{ type: 0x1234, body: Buffer.alloc(0) }] }).fill(0xff, 116, 120),
      ["image.malformed"],
    ],
    ["too many snapshots", poke(good, f.snapshotCount, u32be(65_537)), ["image.malformed"]],
    ["snapshots at the header", poke(good, f.snapshotCount, u32be(1)), ["image.malformed"]],
    [
      "snapshots",
      poke(
        poke(Buffer.concat([good, Buffer.alloc(clusterSize)]), f.snapshotCount, u32be(2)),
        f.snapshotOffset,
        u64be(good.length),
      ),
      ["qcow2.snapshots"],
    ],
    [
      "snapshots past the end",
      poke(poke(good, f.snapshotCount, u32be(1)), f.snapshotOffset, u64be(2 ** 40)),
      ["image.truncated", "qcow2.snapshots"],
    ],
    ["a header without an end", good.subarray(0, 100), ["image.malformed"]],
    ["a header alone", good.subarray(0, 512), ["image.truncated"]],
  ])("%s", async (_name, image, codes) => {
    expect(await codesOf(image)).toEqual(codes);
  });

  it("tells the map's contradictions as a MalformedImage", async () => {
    const broken = [
      poke(good, l1Table, u64be(l1Table)),
      poke(good, l1Table, u64be(512)),
      poke(good, l1Table, u64be(l2Table + 512)),
      poke(good, l2Table, u64be(4 * clusterSize + 512)),
    ];
    for (const image of broken) await expect(codesOf(image)).rejects.toThrow(/not aligned|overlaps/);
  });

  it("finds an upload that was cut short by the highest cluster that is named", async () => {
    expect(await codesOf(good.subarray(0, good.length - 512))).toEqual(["image.truncated"]);
    expect(await codesOf(poke(good, l2Table + 8, u64be(2 ** 45)))).toEqual(["image.truncated"]);
    const compressed = new Map<number, ClusterHow>([[3, { kind: "zlib", data: pattern(clusterSize) }]]);
    const image = buildQcow2({ virtualSize: 2 ** 20, clusters: compressed });
    expect(await codesOf(image)).toEqual([]);
    expect(await codesOf(image.subarray(0, 4 * clusterSize + 512))).toEqual(["image.truncated"]);
  });

  it("names the backing file, without what could move a terminal", async () => {
    const name = Buffer.from("/srv/base\u001b[2J.qcow2");
    const image = poke(poke(poke(good, f.backingOffset, u64be(4000)), f.backingLength, u32be(name.length)), 4000, name);
    const { findings } = await openBytes(image);
    expect(findings[0]).toMatchObject({ code: "qcow2.backing-file", severity: "error" });
    expect(findings[0]?.message).toContain("/srv/base?[2J.qcow2");
  });

  it("refuses a backing file whose name cannot be read, too", async () => {
    expect(await codesOf(poke(good, f.backingOffset, u64be(2 ** 50)))).toEqual(["qcow2.backing-file"]);
  });

  it("names unknown features as the image does", async () => {
    const { findings } = await openBytes(
      buildQcow2({ ...goodOptions, incompatible: 1n << 40n, extensions: [featureName(40, "time travel")] }),
    );
    expect(findings[0]?.message).toContain("bit 40 (time travel)");
  });

  it("names the data file", async () => {
    const extensions = [{ type: 0x44415441, body: Buffer.from("data.img") }];
    const { findings } = await openBytes(buildQcow2({ ...goodOptions, incompatible: 4n, extensions }));
    expect(findings[0]?.message).toContain("data.img");
  });
});

describe("findings about a VHD", () => {
  const disk = Buffer.concat([pattern(4096), Buffer.alloc(2 ** 20)]);
  const fixed = buildVhd({ type: "fixed", disk });
  const dynamic = buildVhd({ type: "dynamic", disk });
  const withHeader = (change: (header: Buffer) => void): Buffer => {
    const copy = Buffer.from(dynamic);
    const header = copy.subarray(512, 1536);
    change(header);
    fixChecksum(header, 36);
    return copy;
  };
  it.each<[string, Buffer, string[]]>([
    ["a good fixed one", fixed, []],
    ["a good dynamic one", dynamic, []],
    ["a differencing one", buildVhd({ type: "differencing", disk }), ["vhd.differencing"]],
    ["a wrong checksum at the end", poke(fixed, fixed.length - 100, [1]), ["vhd.bad-checksum"]],
    ["a wrong checksum of the copy", poke(dynamic, 400, [1]), ["vhd.bad-checksum"]],
    ["a wrong checksum of the header", poke(dynamic, 1500, [1]), ["vhd.bad-checksum"]],
    [
      "a fixed disk cut in the middle",
      Buffer.concat([fixed.subarray(0, 8192), fixed.subarray(-512)]),
      ["vhd.incorrect-size"],
    ],
    ["too few table entries", buildVhd({ type: "dynamic", disk, maxTableEntries: 0 }), ["vhd.incorrect-size"]],
    ["a missing footer", dynamic.subarray(0, -512), ["vhd.footer-missing"]],
    ["an upload cut short", dynamic.subarray(0, 300_000), ["vhd.footer-missing"]],
    [
      "a fixed disk with a copy in front, but no footer",
      Buffer.concat([fixed.subarray(-512), disk]),
      ["vhd.footer-missing"],
    ],
    ["blocks of 512 KiB", buildVhd({ type: "dynamic", disk, blockSize: 512 * 1024 }), ["vhd.block-size"]],
    [
      "a block size that is no power of two",
      withHeader((header) => header.writeUInt32BE(3_000_000, 32)),
      ["image.malformed"],
    ],
    ["a huge table", withHeader((header) => header.writeUInt32BE(0xffff_ffff, 28)), ["image.malformed"]],
    ["a table over the header", withHeader((header) => header.writeBigUInt64BE(512n, 16)), ["image.malformed"]],
    ["a table past the end", withHeader((header) => header.writeBigUInt64BE(2n ** 40n, 16)), ["image.truncated"]],
    ["a block past the end", poke(dynamic, 1536, u32be(0x00ff_ffff)), ["image.truncated"]],
    ["a header elsewhere", poke(dynamic, 512, [0]), ["image.malformed"]],
  ])("%s", async (_name, image, codes) => {
    expect(await codesOf(image)).toEqual(codes);
  });

  it("refuses two footers that differ", async () => {
    const copy = Buffer.from(dynamic);
    const footer = copy.subarray(-512);
    footer.writeBigUInt64BE(2n ** 20n, 48);
    fixChecksum(footer, 64);
    expect(await codesOf(copy)).toEqual(["image.malformed"]);
  });

  it("refuses an unknown disk type", async () => {
    const copy = Buffer.from(fixed);
    const footer = copy.subarray(-512);
    footer.writeUInt32BE(5, 60);
    fixChecksum(footer, 64);
    expect(await codesOf(copy)).toEqual(["image.malformed"]);
  });
});

describe("findings about a VMDK", () => {
  const disk = pattern(64 * 512);
  const sparse = buildVmdk({ disk });
  const stream = buildVmdk({ disk, streamOptimized: true });
  const described = (text: string) => buildVmdk({ disk, descriptor: text });
  const invited = ["image.no-invitation"];
  it.each<[string, Buffer, string[]]>([
    ["a good sparse one", sparse, invited],
    ["a good stream-optimised one", stream, invited],
    [
      "a description only",
      Buffer.from(vmdkDescriptor(64, "monolithicFlat", 'RW 64 FLAT "disk-flat.vmdk" 0')),
      ["vmdk.external-extent"],
    ],
    [
      "two extents",
      described(`${vmdkDescriptor(64, "monolithicSparse")}RW 64 SPARSE "more.vmdk"\n`),
      ["vmdk.external-extent"],
    ],
    [
      "a flat extent",
      described(vmdkDescriptor(64, "monolithicFlat", 'RW 64 FLAT "/etc/passwd" 0')),
      ["vmdk.external-extent"],
    ],
    [
      "an extent with a path",
      described(vmdkDescriptor(64, "monolithicSparse", 'RW 64 SPARSE "/dev/sda"')),
      ["vmdk.external-extent"],
    ],
    [
      "a parent",
      described(vmdkDescriptor(64, "monolithicSparse").replace("ffffffff", "12345678")),
      ["vmdk.external-extent"],
    ],
    ["another kind", described(vmdkDescriptor(64, "vmfsSparse")), ["vmdk.external-extent"]],
    ["no description", poke(sparse, 36, Buffer.alloc(8)), ["vmdk.external-extent"]],
    ["a size that the description denies", poke(sparse, 12, [65]), ["image.malformed"]],
    ["a description of 2 TiB", poke(sparse, 36, [255, 255, 255, 255]), ["image.malformed"]],
    ["a grain of 3 sectors", poke(sparse, 20, [3]), ["image.malformed"]],
    ["a table of no entries", poke(sparse, 44, [0, 0, 0, 0]), ["image.malformed"]],
    ["version 4", poke(sparse, 4, [4]), ["image.malformed"]],
    ["changed line ends", poke(sparse, 73, [13]), ["image.malformed"]],
    ["a directory past the end", poke(sparse, 56, [0, 0, 255, 255]), ["image.truncated", ...invited]],
    ["a missing footer", stream.subarray(0, -1024), ["image.truncated", ...invited]],
  ])("%s", async (_name, image, codes) => {
    expect(await codesOf(image)).toEqual(codes);
  });
});

describe("findings about a raw disk", () => {
  const disk = Buffer.alloc(1 << 20);
  const mbr = poke(poke(disk, 446, [0x80, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0]), 510, [0x55, 0xaa]);
  it.each<[string, Buffer, string[]]>([
    ["nothing known", pattern(8192), []],
    ["a partition inside", Buffer.concat([mbr, disk]), []],
    ["a partition past the end", mbr.subarray(0, 1 << 19), ["image.truncated"]],
    ["the boot sector of a filesystem", poke(mbr, 446, [0x41]).subarray(0, 1 << 19), []],
    ["half a sector", pattern(1000), ["raw.partial-sector"]],
    ["no bytes", Buffer.alloc(0), ["image.empty"]],
    ["LUKS on the whole disk", poke(disk, 0, Buffer.from("LUKS\xba\xbe\0\x02", "latin1")), ["image.encrypted"]],
  ])("%s", async (_name, image, codes) => {
    expect(await codesOf(image)).toEqual(codes);
  });

  it("finds a GPT partition past the end", async () => {
    const gpt = Buffer.alloc(1 << 20);
    gpt.write("EFI PART", 512);
    gpt.writeUInt32LE(2, 512 + 72);
    gpt.writeUInt32LE(128, 512 + 84);
    gpt.fill(1, 1024, 1040);
    gpt.writeBigUInt64LE(1000n, 1024 + 32);
    gpt.writeBigUInt64LE(2047n, 1024 + 40);
    expect(await codesOf(gpt)).toEqual([]);
    expect(await codesOf(gpt.subarray(0, -512))).toEqual(["image.truncated"]);
  });
});
