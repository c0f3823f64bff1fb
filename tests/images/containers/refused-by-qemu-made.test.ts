import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectImage } from "../../../shared/inspection/inspect-image.ts";
import type { InspectionReport } from "../../../shared/inspection/report.ts";
import { openFile } from "../../../shared/inspection/source/file-reader.ts";
import { qemuImg } from "./qemu-tools.ts";

const folder = mkdtempSync(join(tmpdir(), "refused-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

async function inspect(path: string): Promise<InspectionReport> {
  const reader = await openFile(path);
  try {
    return await inspectImage(reader, { depth: "header" });
  } finally {
    await reader.close?.();
  }
}

const secret = ["--object", "secret,id=s,data=password"];

describe("images that QEMU makes and ECS cannot import", () => {
  it.each<[string, string, string[], string]>([
    ["a VHDX", "vhdx", ["create", "-f", "vhdx", "FILE", "64M"], "format.unsupported"],
    ["a VDI", "vdi", ["create", "-f", "vdi", "FILE", "64M"], "format.unsupported"],
    ["a QED", "qed", ["create", "-f", "qed", "FILE", "64M"], "format.unsupported"],
    ["a QCOW of version 1", "qcow", ["create", "-f", "qcow", "FILE", "64M"], "format.unsupported"],
    ["a Parallels disk", "parallels", ["create", "-f", "parallels", "FILE", "64M"], "format.unsupported"],
    [
      "LUKS",
      "RAW",
      ["create", "-f", "luks", ...secret, "-o", "key-secret=s,iter-time=2000", "FILE", "8M"],
      "image.encrypted",
    ],
    [
      "a QCOW2 encrypted with LUKS",
      "QCOW2",
      [
        "create",
        "-f",
        "qcow2",
        ...secret,
        "-o",
        "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=2000",
        "FILE",
        "64M",
      ],
      "image.encrypted",
    ],
    [
      "a QCOW2 encrypted with AES",
      "QCOW2",
      ["create", "-f", "qcow2", ...secret, "-o", "encrypt.format=aes,encrypt.key-secret=s", "FILE", "64M"],
      "image.encrypted",
    ],
    [
      "a QCOW2 with a backing file",
      "QCOW2",
      ["create", "-f", "qcow2", "-u", "-b", "base.qcow2", "-F", "qcow2", "FILE", "64M"],
      "qcow2.backing-file",
    ],
    [
      "a QCOW2 with a data file",
      "QCOW2",
      ["create", "-f", "qcow2", "-o", `data_file=${at("data.raw")}`, "FILE", "64M"],
      "qcow2.data-file",
    ],
    ["a QCOW2 over 2 TiB", "QCOW2", ["create", "-f", "qcow2", "FILE", "3T"], "image.too-large"],
    [
      "a flat VMDK's description",
      "VMDK",
      ["create", "-f", "vmdk", "-o", "subformat=monolithicFlat", "FILE", "8M"],
      "vmdk.external-extent",
    ],
    [
      "a split flat VMDK",
      "VMDK",
      ["create", "-f", "vmdk", "-o", "subformat=twoGbMaxExtentFlat", "FILE", "8M"],
      "vmdk.external-extent",
    ],
    [
      "a split sparse VMDK",
      "VMDK",
      ["create", "-f", "vmdk", "-o", "subformat=twoGbMaxExtentSparse", "FILE", "8M"],
      "vmdk.external-extent",
    ],
  ])("%s", async (name, format, parameters, code) => {
    const path = at(`${name.replaceAll(" ", "-")}.img`);
    qemuImg(...parameters.map((parameter) => (parameter === "FILE" ? path : parameter)));
    const report = await inspect(path);
    expect(report).toMatchObject({ format, importable: false });
    expect(report.findings.map((found) => found.code)).toEqual([code]);
    expect(report.findings[0]?.fix.length).toBeGreaterThan(20);
  });

  it("a single part of a split sparse VMDK", async () => {
    qemuImg("create", "-f", "vmdk", "-o", "subformat=twoGbMaxExtentSparse", at("split.vmdk"), "8M");
    expect((await inspect(at("split-s001.vmdk"))).findings.map((found) => found.code)).toEqual([
      "vmdk.external-extent",
    ]);
  });
});

describe("single fields of good images, changed", () => {
  it.each<[string, string, number, number[], string]>([
    ["the corrupt bit", "qcow2", 79, [2], "qcow2.corrupt"],
    ["the dirty bit", "qcow2", 79, [1], "qcow2.dirty"],
    ["an unknown feature bit", "qcow2", 77, [1], "qcow2.unknown-feature"],
    ["the cluster size", "qcow2", 23, [30], "image.malformed"],
    ["the L1 table's offset", "qcow2", 44, [0x7f], "image.truncated"],
    ["the creator of a VHD", "vpc", 28, [0x21], "vhd.bad-checksum"],
    ["the grain size of a VMDK", "vmdk", 20, [7], "image.malformed"],
  ])("%s", async (name, format, offset, value, code) => {
    const path = at(`${name.replaceAll(/\W/g, "-")}.img`);
    qemuImg("create", "-f", format, path, "64M");
    const bytes = readFileSync(path);
    bytes.set(value, offset);
    writeFileSync(path, bytes);
    expect((await inspect(path)).findings.map((found) => found.code)).toContain(code);
  });
});
