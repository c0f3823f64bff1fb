import { inspectImage } from "../../../../shared/inspection/inspect-image.ts";
import { memoryReader } from "../source/memory-reader.ts";
import { buildQcow2, poke } from "./build-qcow2.ts";
import { buildVhd } from "./build-vhd.ts";
import { buildVmdk } from "./build-vmdk.ts";
import { openBytes, pattern } from "./open-bytes.ts";

const latin = (text: string) => Buffer.from(text, "latin1");
const large = Buffer.alloc(1 << 20);
const iso = poke(large, 0x8000, latin("\x01CD001\x01"));
const tarOf = (name: string) => poke(poke(large, 0, latin(name)), 257, latin("ustar"));

describe("formats that ECS does not import", () => {
  it.each<[string, Buffer, string]>([
    ["vhdx", poke(large, 0, latin("vhdxfile")), "qemu-img convert -p -f vhdx -O qcow2 FILE disk.qcow2"],
    ["vdi", poke(large, 0x40, latin("\x7f\x10\xda\xbe")), "-f vdi"],
    ["qed", poke(large, 0, latin("QED\0")), "-f qed"],
    ["qcow", poke(large, 0, latin("QFI\xfb\0\0\0\x01")), "-f qcow "],
    ["parallels", poke(large, 0, latin("WithouFreSpacExt")), "-f parallels"],
    ["dmg", poke(large, large.length - 512, latin("koly\0\0\0\x04")), "-f dmg"],
    ["vmdk-cowd", poke(large, 0, latin("COWD")), "-f vmdk"],
    ["iso", iso, "Install from it"],
    ["ova", tarOf("appliance.ovf"), "tar -xf FILE"],
    ["tar", tarOf("disk.raw"), "tar -xf FILE"],
    ["gzip", latin("\x1f\x8b\x08\0\0"), "gzip -d FILE"],
    ["xz", latin("\xfd7zXZ\0\0"), "xz -d FILE"],
    ["zstd", latin("\x28\xb5\x2f\xfd"), "zstd -d FILE"],
    ["bzip2", latin("BZh91AY&SY"), "bzip2 -d FILE"],
    ["zip", latin("PK\x03\x04"), "unzip FILE"],
    ["7z", latin("7z\xbc\xaf\x27\x1c"), "7z x FILE"],
    ["rar", latin("Rar!\x1a\x07\0"), "unrar x FILE"],
    ["lz4", latin("\x04\x22\x4d\x18"), "lz4 -d FILE"],
    ["lzma", latin(`\x5d\0\0\x80\0${"\xff".repeat(8)}\0`), "xz --format=lzma -d FILE"],
    ["bochs", poke(large, 0, latin("Bochs Virtual HD Image\0")), "-f bochs"],
    ["cloop", poke(large, 0, latin("#!/bin/sh\n#V2.0 Format\n")), "-f cloop"],
    ["text", latin("<html><body>404 Not Found</body></html>\n"), "head -c 300 FILE"],
  ])("%s is named, with the way out", async (format, image, command) => {
    const { findings, format: found } = await openBytes(image);
    expect(found).toBe(format);
    expect(findings).toEqual([expect.objectContaining({ code: "format.unsupported", severity: "error" })]);
    expect(findings[0]?.fix).toContain(command);
  });
});

describe("files that look like two formats", () => {
  const qcow2 = buildQcow2({ virtualSize: 2 ** 20 });
  const footer = buildVhd({ type: "fixed", disk: large }).subarray(-512);
  const partition = [0x80, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0];
  it.each<[string, Buffer]>([
    ["QCOW2 and ISO", poke(qcow2, 0x8000, latin("\x01CD001\x01"))],
    ["QCOW2 and VHD", Buffer.concat([qcow2, footer])],
    ["a fixed VHD that holds a QCOW2 at its first byte", buildVhd({ type: "fixed", disk: qcow2 })],
    ["VMDK and VHD", Buffer.concat([buildVmdk({ disk: pattern(65_536) }), footer])],
    ["ISO and VHD", Buffer.concat([iso, footer])],
    ["QCOW2 and a master boot record", poke(poke(qcow2, 446, partition), 510, [0x55, 0xaa])],
    ["QCOW2 and GPT", poke(qcow2, 512, latin("EFI PART"))],
    ["gzip and VHD", Buffer.concat([latin("\x1f\x8b\x08"), large, footer])],
  ])("%s is refused", async (_name, image) => {
    const { findings, disk } = await openBytes(image);
    expect(findings.map((found) => found.code)).toEqual(["image.polyglot"]);
    expect(disk).toBeUndefined();
  });

  it("a hybrid ISO, bootable from a stick, is an ISO", async () => {
    const hybrid = poke(poke(iso, 446, partition), 510, [0x55, 0xaa]);
    expect((await openBytes(hybrid)).format).toBe("iso");
  });

  it("a raw disk that begins with text, and does not end with it, is a raw disk", async () => {
    expect((await openBytes(poke(large, 0, Buffer.alloc(4096, "text ")))).format).toBe("RAW");
  });

  it("a raw disk that holds a QCOW2 further in is a raw disk", async () => {
    const { format, findings } = await openBytes(Buffer.concat([large, qcow2]));
    expect({ format, findings }).toEqual({ format: "RAW", findings: [] });
  });
});

describe("the verdict on a header", () => {
  const disk = Buffer.concat([pattern(4096), Buffer.alloc(4 << 20)]);
  it.each<[string, Buffer]>([
    ["QCOW2", buildQcow2({ virtualSize: 1 << 30 })],
    ["QCOW2 with a cluster size of 2 MiB", buildQcow2({ virtualSize: 1 << 30, clusterBits: 21 })],
    ["fixed VHD", buildVhd({ type: "fixed", disk })],
    ["dynamic VHD", buildVhd({ type: "dynamic", disk })],
    ["differencing VHD", buildVhd({ type: "differencing", disk })],
    ["RAW", disk],
    ["RAW of odd length", pattern(100_001)],
    ["gzip", poke(large, 0, latin("\x1f\x8b\x08"))],
  ])("of a %s reads at most 8 KiB in at most 3 requests", async (_name, image) => {
    const reader = memoryReader(image);
    const { cost } = await inspectImage(reader, { depth: "header" });
    expect(cost.requests).toBe(reader.ranges.length);
    expect(cost.bytes).toBe(reader.ranges.reduce((sum, range) => sum + range.length, 0));
    expect(cost.requests).toBeLessThanOrEqual(3);
    expect(cost.bytes).toBeLessThanOrEqual(8192);
  });
});
