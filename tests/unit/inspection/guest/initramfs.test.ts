import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { CpioNames } from "../../../../shared/inspection/guest/initramfs/cpio-names.ts";
import { findModulesInInitramfs } from "../../../../shared/inspection/guest/initramfs/find-modules.ts";
import { unpackLz4Block } from "../../../../shared/inspection/guest/initramfs/lz4-block.ts";
import { crc32 } from "../../../../shared/inspection/partition/crc32.ts";
import { CannotTell, MalformedImage, SourceChanged } from "../../../../shared/inspection/source/byte-source.ts";
import { processorTime } from "../../../fixtures/images/processor-time.ts";
import { endlessZstd } from "../zstd/endless-zstd.ts";
import { cpio, fileOf, moduleFiles } from "./initramfs-builder.ts";
import packed from "./packed-initramfs.json" with { type: "json" };

const virtio = ["virtio_blk", "virtio_pci"];
const modules = cpio(moduleFiles("block/virtio_blk.ko", "virtio/virtio_pci.ko"));
const microcode = cpio([["kernel/x86/microcode/GenuineIntel.bin", Buffer.alloc(3000, 7)]]);

/** Made with liblzma: a cpio header in a block with a dictionary of 4 KiB, then 100,000 ones in one with 4 GiB. */
const xzOfTwoBlocks =
  "/Td6WFoAAAD/EtlBAgAhAQAAAAA3J5fW4AE1AA1dABgN3QRjnaqfOCTMVAAAAAAAAgAhASgAAADmoBGz4YafAFNdABjr+7/+o7Fe5fg/sqomVfhocEFwFQ+N" +
  "/R5MG4pCtxn0aRhxrmYjiopNL6MN2X+m44wjEVPgWRjFdYrid/i2lH8MasDedElk4ulcU7IE1rH1lwAAAAAAAiG2AmegjQYAAABQ4W3BDdNWNwMAAAAAAFla";

function find(bytes: Buffer, sought: readonly string[] = virtio) {
  return findModulesInInitramfs(fileOf(bytes), sought);
}

describe("an initramfs", () => {
  it.each([
    ["as it is", modules],
    ["gzip", gzipSync(modules)],
    ["zstd", Buffer.from(packed.zstd, "base64")],
    ["xz", Buffer.from(packed.xz, "base64")],
    ["lz4", Buffer.from(packed.lz4, "base64")],
    ["gzip behind microcode", Buffer.concat([microcode, gzipSync(modules)])],
    ["gzip behind microcode and zeros", Buffer.concat([microcode, Buffer.alloc(1024), gzipSync(modules)])],
    ["plain archives in a row", Buffer.concat([microcode, Buffer.alloc(512), modules])],
    ["two gzip members", Buffer.concat([gzipSync(microcode), gzipSync(modules)])],
    ["gzip, zeros, zstd", Buffer.concat([gzipSync(microcode), Buffer.alloc(7), Buffer.from(packed.zstd, "base64")])],
    ["zstd frames in a row", Buffer.concat([Buffer.from(packed.zstd, "base64"), Buffer.from(packed.zstd, "base64")])],
  ])("packed as %s gives its modules", async (_, bytes) => {
    expect(await find(bytes)).toEqual({ found: new Set(virtio), complete: true });
  });

  it.each([
    ["as it is", microcode],
    ["gzip", gzipSync(modules)],
    ["zstd", Buffer.from(packed.zstd, "base64")],
    ["xz", Buffer.from(packed.xz, "base64")],
    ["lz4", Buffer.from(packed.lz4, "base64")],
  ])("packed as %s and read to its end proves that a module is not there", async (_, bytes) => {
    expect(await find(bytes, ["hv_storvsc"])).toEqual({ found: new Set(), complete: true });
  });

  it.each([["virtio_blk.ko.xz"], ["virtio_blk.ko.zst"], ["virtio_blk.ko.gz"], ["virtio-blk.ko"]])(
    "holds the module virtio_blk as %s",
    async (name) => {
      expect((await find(cpio(moduleFiles(`block/${name}`)), ["virtio_blk"])).found.size).toBe(1);
    },
  );

  it.each([["virtio_blk.ko.txt"], ["virtio_blk"], ["my_virtio_blk.ko"]])("does not take %s for it", async (name) => {
    expect((await find(cpio(moduleFiles(`block/${name}`)), ["virtio_blk"])).found.size).toBe(0);
  });

  it.each([
    ["bzip2, which is not read", Buffer.from(packed.bzip2, "base64")],
    ["nothing known", Buffer.from("something else entirely")],
    ["nothing at all", Buffer.alloc(0)],
    ["zeros", Buffer.alloc(100_000)],
    ["half of a gzip", gzipSync(modules).subarray(0, 80)],
    ["half of a zstd frame", Buffer.from(packed.zstd, "base64").subarray(0, 200)],
    ["half of an xz", Buffer.from(packed.xz, "base64").subarray(0, 200)],
    ["half of an lz4", Buffer.from(packed.lz4, "base64").subarray(0, 200)],
    ["an archive without its trailer", modules.subarray(0, modules.length - 200)],
    ["an archive followed by something unknown", Buffer.concat([gzipSync(microcode), Buffer.from("unknown")])],
    ["gzip of no archive", gzipSync(Buffer.from("0 is no archive".repeat(20)))],
    ["gzip of an archive and something else", gzipSync(Buffer.concat([microcode, Buffer.from("unknown")]))],
  ])("that is %s proves nothing", async (_, bytes) => {
    expect(await find(bytes, ["hv_storvsc"])).toMatchObject({ found: new Set(), complete: false });
  });

  it("that cannot be read says why", async () => {
    expect((await find(Buffer.from(packed.bzip2, "base64"))).why).toBe(
      "the initramfs is packed with bzip2, which is not read",
    );
  });

  it("is no longer read once all modules were seen", async () => {
    const rest = cpio([["usr/share/large", randomBytes(20 * 2 ** 20)]]);
    const file = fileOf(gzipSync(Buffer.concat([modules, rest]), { level: 1 }));
    expect((await findModulesInInitramfs(file, virtio)).complete).toBe(true);
    expect(file.bytesRead).toBeLessThan(file.size / 3);
  });

  it("that is not packed is walked without reading contents", async () => {
    const large = cpio([["usr/lib/firmware/large.bin", Buffer.alloc(30 * 2 ** 20, 1)]]);
    const file = fileOf(Buffer.concat([large, modules]));
    expect((await findModulesInInitramfs(file, virtio)).found.size).toBe(2);
    expect(file.bytesRead).toBeLessThan(3 * 2 ** 20);
  });

  it("that is a bomb is given up", async () => {
    // Members of a gzip follow each other: 257 MiB of zeros behind the header of a large file.
    const mebibyte = gzipSync(Buffer.alloc(2 ** 20));
    const header = Buffer.from(`070701${"0".repeat(48)}7FFFFFFF${"0".repeat(32)}00000002${"0".repeat(8)}x\0`);
    const bomb = Buffer.concat([gzipSync(header), ...Array.from({ length: 257 }, () => mebibyte)]);
    expect(await find(bomb)).toMatchObject({ found: new Set(), complete: false });
  });

  it.each([
    // A frame of window 8 MiB whose blocks are one byte each, or empty; archives of nothing but empty files.
    [
      "zstd blocks of one byte",
      Buffer.concat([Buffer.from("28b52ffd0068", "hex"), Buffer.alloc(400_000, "0a000000", "hex")]),
    ],
    ["frames of a large zstd window", Buffer.alloc(9 * 3000, "28b52ffd0078010000", "hex")],
    ["a zstd tree without an end", endlessZstd],
    ["empty zstd blocks", Buffer.concat([Buffer.from("28b52ffd0000", "hex"), Buffer.alloc(3_000_000)])],
    [
      "LZ4 blocks of one byte",
      Buffer.concat([Buffer.from("02214c18", "hex"), Buffer.alloc(600_000, "020000001000", "hex")]),
    ],
    [
      "long names without an end in sight",
      Buffer.concat([
        gzipSync(cpio(Array.from({ length: 200 }, () => ["squash".repeat(10_000), ""]))),
        Buffer.from("no archive"),
      ]),
    ],
    ["empty files", Buffer.alloc(116 * 210_000, cpio([["a", ""]]).subarray(0, 112))],
  ])("made of %s costs little time", async (_, bytes) => {
    const begin = processorTime();
    expect((await find(bytes)).complete).toBe(false);
    expect(processorTime() - begin).toBeLessThan(5_000);
  });

  it("that is one large hole is given up", async () => {
    const hole = {
      ...fileOf(Buffer.alloc(0)),
      size: 2 ** 50,
      read: async (_: number, length: number) => Buffer.alloc(length),
    };
    expect(await findModulesInInitramfs(hole, virtio)).toMatchObject({
      complete: false,
      why: expect.stringMatching(/larger/),
    });
  });

  it("whose second xz block asks for a dictionary of 4 GiB is given up", async () => {
    const bytes = Buffer.from(xzOfTwoBlocks, "base64");
    expect(await find(bytes)).toMatchObject({ complete: false, why: expect.stringMatching(/xz/) });
  });

  it.each([["squashfs-root.img"], ["squash/erofs-root.img"]])(
    "that keeps its modules in %s proves nothing by what it lacks",
    async (name) => {
      const bytes = gzipSync(cpio([[name, "a filesystem"]]));
      expect(await find(bytes)).toMatchObject({ found: new Set(), complete: false });
      const both = gzipSync(
        cpio([[name, "a filesystem"], ...moduleFiles("block/virtio_blk.ko", "virtio/virtio_pci.ko")]),
      );
      expect((await find(both)).complete).toBe(true);
    },
  );

  it("with a zstd window that no memory holds is given up", async () => {
    const frame = Buffer.concat([Buffer.from("28b52ffd00f8", "hex"), Buffer.alloc(64)]);
    expect(await find(frame)).toMatchObject({ found: new Set(), complete: false });
  });

  it.each([
    ["64 MiB, as xz -9 has it", 28, false],
    ["32 MiB, as xz -8 has it", 26, true],
  ])("with an xz dictionary of %s is read only where that fits the memory", async (_, property, isRead) => {
    const bytes = Buffer.from(packed.xz, "base64");
    const filter = bytes.indexOf(Buffer.from([0x21, 1]), 12);
    bytes[filter + 2] = property;
    // The header's own checksum covers the property.
    const length = ((bytes[12] ?? 0) + 1) * 4;
    bytes.writeUInt32LE(crc32(bytes.subarray(12, 12 + length - 4)), 12 + length - 4);
    const { complete, why } = await find(bytes);
    expect(complete).toBe(isRead);
    if (!isRead) expect(why).toContain("xz dictionary");
  });

  it("whose source fails is an error of the source", async () => {
    const file = { ...fileOf(gzipSync(modules)), read: async () => Promise.reject(new SourceChanged("replaced")) };
    await expect(findModulesInInitramfs(file, virtio)).rejects.toThrow(SourceChanged);
  });

  it.each([["gzip"], ["zstd"], ["xz"], ["lz4"], ["plain"]])(
    "of any bytes, packed as %s, ends in an answer",
    async (kind) => {
      const good =
        kind === "plain"
          ? modules
          : kind === "gzip"
            ? gzipSync(modules)
            : Buffer.from(packed[kind as "zstd" | "xz" | "lz4"], "base64");
      await fc.assert(
        fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), async (at, value, length) => {
          const bytes = Buffer.from(good.subarray(0, Math.max(length, 1)));
          bytes[at % bytes.length] = value;
          const { found } = await find(bytes, ["virtio_blk", "nvme"]);
          expect(found.size).toBeLessThanOrEqual(2);
        }),
        { numRuns: 150 },
      );
    },
  );
});

describe("a cpio archive", () => {
  it("gives the same names in whatever pieces it comes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.stringMatching(/^[a-z/]{1,40}$/), fc.string({ maxLength: 50 }))),
        fc.integer({ min: 1, max: 200 }),
        (files, size) => {
          const bytes = Buffer.concat([Buffer.alloc(5), cpio(files), Buffer.alloc(3)]);
          const names: string[] = [];
          const reader = new CpioNames((name) => names.push(name));
          for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
          expect(names).toEqual(files.map(([name]) => name));
          expect(reader.ended).toBe(true);
        },
      ),
    );
  });

  it.each([
    ["another magic", Buffer.from(`070707${"0".repeat(200)}`)],
    ["a name of no bytes", Buffer.from(`070701${"0".repeat(104)}`)],
    ["a name of 4 GiB", Buffer.from(`070701${"0".repeat(88)}FFFFFFFF${"0".repeat(8)}`)],
    ["a number that is none", Buffer.from(`070701${"x".repeat(104)}`)],
  ])("with %s is malformed", (_, bytes) => {
    expect(() => new CpioNames(() => undefined).push(bytes)).toThrow(MalformedImage);
  });
});

describe("an LZ4 block", () => {
  it.each([
    ["literals beyond its end", "f0ff"],
    ["a length that does not end", "f0ffffff"],
    ["a distance of 0", "10410000"],
    ["a distance beyond its begin", "10410900"],
    ["a cut distance", "104101"],
    ["a match longer than allowed", `1f410100${"ff".repeat(300)}00`],
  ])("with %s is malformed", (_, hex) => {
    expect(() => unpackLz4Block(Buffer.from(hex, "hex"), Buffer.alloc(1024))).toThrow(MalformedImage);
  });

  it("may repeat what it has just written", () => {
    // One literal "A", then ten bytes from one byte back, then a last literal.
    expect(unpackLz4Block(Buffer.from("16410100" + "1042", "hex"), Buffer.alloc(64)).toString()).toBe("AAAAAAAAAAAB");
  });

  it("never does anything but answer or refuse", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(unpackLz4Block(Buffer.from(bytes), Buffer.alloc(4096)).length).toBeLessThanOrEqual(4096);
        } catch (error) {
          expect(error instanceof MalformedImage || error instanceof CannotTell).toBe(true);
        }
      }),
    );
  });
});
