import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Container } from "../../../shared/inspection/container/container.ts";
import { openContainer } from "../../../shared/inspection/container/open-container.ts";
import { openFile } from "../../../shared/inspection/source/file-reader.ts";
import { fullGranularity, meteredSource } from "../../../shared/inspection/source/metered-source.ts";
import { pattern } from "../../unit/inspection/container/open-bytes.ts";
import { qemuImg, qemuIo, virtualSizeByQemu } from "./qemu-tools.ts";

const folder = mkdtempSync(join(tmpdir(), "containers-"));
const raw = join(folder, "disk.raw");
const mebibyte = 2 ** 20;
const randomRanges = 1000;
const unlimited = { requests: 1e7, bytes: 1e13, milliseconds: 1e9 };

/** 48 MiB: text that compresses, random bytes that do not, holes, and an odd number of sectors. */
beforeAll(async () => {
  const file = await open(raw, "w");
  for (let at = 0; at < 40 * mebibyte; at += 1_234_944) {
    await file.write(
      Buffer.from(`sector ${at} `.repeat(1 + (at % 7919)).slice(0, 90_000)),
      0,
      undefined,
      at + mebibyte,
    );
  }
  await file.write(pattern(3 * mebibyte), 0, undefined, 20 * mebibyte);
  await file.write(pattern(512), 0, undefined, 48 * mebibyte);
  await file.truncate(48 * mebibyte + 1536);
  await file.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function withContainer<T>(path: string, use: (container: Container) => Promise<T>): Promise<T> {
  const reader = await openFile(path);
  try {
    return await use(await openContainer(meteredSource(reader, { ...fullGranularity, budget: unlimited })));
  } finally {
    await reader.close?.();
  }
}

/** Every byte, and random ranges in random order, equal those of the file that QEMU converts the image to. */
async function expectSameDisk(path: string, format: string): Promise<void> {
  const judged = join(folder, "judged.raw");
  qemuImg("convert", "-f", format, "-O", "raw", path, judged);
  const disk = await readFile(judged);
  await withContainer(path, async (container) => {
    expect((await container.checkComplete?.()) ?? []).toEqual([]);
    const virtual = container.disk;
    if (virtual === undefined) throw new Error(`refused: ${JSON.stringify(container.findings)}`);
    expect(virtual.size).toBe(disk.length);
    const same = async (offset: number, length: number) =>
      (await virtual.read(offset, length)).equals(disk.subarray(offset, offset + length));
    for (let at = 0; at < disk.length; at += mebibyte)
      expect(await same(at, Math.min(mebibyte, disk.length - at))).toBe(true);
    let wrong = 0;
    for (let turn = 0; turn < randomRanges; turn++) {
      const offset = Math.floor(Math.random() * disk.length);
      const length = Math.floor(Math.random() * (turn % 10 === 0 ? mebibyte : 20_000));
      if (!(await same(offset, Math.min(length, disk.length - offset)))) wrong += 1;
    }
    expect(wrong).toBe(0);
  });
}

const variants: [name: string, format: string, ...options: string[]][] = [
  ["QCOW2", "qcow2"],
  ["QCOW2 version 2", "qcow2", "-o", "compat=0.10"],
  ["QCOW2 version 2, zlib", "qcow2", "-c", "-o", "compat=0.10"],
  ["QCOW2, zlib", "qcow2", "-c"],
  ["QCOW2, zstd", "qcow2", "-c", "-o", "compression_type=zstd"],
  ["QCOW2, extended L2", "qcow2", "-o", "extended_l2=on,cluster_size=128k"],
  ["QCOW2, extended L2, zstd", "qcow2", "-c", "-o", "extended_l2=on,compression_type=zstd"],
  ...["512", "4k", "256k", "2M"].flatMap((size): [string, string, ...string[]][] => [
    [`QCOW2, clusters of ${size}`, "qcow2", "-o", `cluster_size=${size}`],
    [`QCOW2, clusters of ${size}, zlib`, "qcow2", "-c", "-o", `cluster_size=${size}`],
  ]),
  ["QCOW2, preallocated metadata", "qcow2", "-o", "preallocation=metadata"],
  ["QCOW2, fully preallocated", "qcow2", "-o", "preallocation=full"],
  ["QCOW2, without holes", "qcow2", "-S", "0"],
  ["dynamic VHD", "vpc", "-o", "subformat=dynamic"],
  ["dynamic VHD of exact size", "vpc", "-o", "subformat=dynamic,force_size=on"],
  ["fixed VHD", "vpc", "-o", "subformat=fixed,force_size=on"],
  ["sparse VMDK", "vmdk", "-o", "subformat=monolithicSparse"],
  ["stream-optimised VMDK", "vmdk", "-o", "subformat=streamOptimized"],
];

describe("the virtual disk, byte by byte as QEMU reads it", () => {
  it.each(variants)("%s", async (_name, format, ...options) => {
    const path = join(folder, "variant.img");
    qemuImg("convert", "-f", "raw", "-O", format, ...options, raw, path);
    await expectSameDisk(path, format);
  });

  it.each(["off", "on"])("QCOW2 after writes, zeros and discards inside clusters, extended L2 %s", async (extended) => {
    const path = join(folder, "written.qcow2");
    qemuImg("create", "-f", "qcow2", "-o", `extended_l2=${extended}`, path, "8M");
    qemuIo(
      path,
      "write -P 1 0 512",
      "write -P 2 70000 3000",
      "write -P 3 1M 1M",
      "write -z 1100000 200000",
      "discard 1500000 300000",
      "write -P 4 5000000 100",
      "write -z 4M 64k",
      "write -P 5 4200000 2048",
    );
    await expectSameDisk(path, "qcow2");
  });

  it("QCOW2 whose last cluster ends with the disk", async () => {
    const path = join(folder, "odd.qcow2");
    qemuImg("create", "-f", "qcow2", path, "1000448");
    qemuIo(path, "write -P 7 999936 512");
    await expectSameDisk(path, "qcow2");
  });

  it("QCOW2 grown by resize, and one with snapshots", async () => {
    const path = join(folder, "grown.qcow2");
    qemuImg("convert", "-O", "qcow2", raw, path);
    qemuImg("snapshot", "-c", "one", path);
    qemuIo(path, "write -P 9 3M 100k");
    qemuImg("resize", "-f", "qcow2", path, "64M");
    await expectSameDisk(path, "qcow2");
    await withContainer(path, async ({ findings }) => {
      expect(findings.map((found) => found.code)).toEqual(["qcow2.snapshots"]);
    });
  });
});

describe("the virtual size", () => {
  it.each<[string, string, string, number]>([
    ["qcow2", "qcow2", "40G", 40],
    ["qcow2", "qcow2", "2T", 2048],
    ["vpc", "vpc", "2G", 3],
    ["vmdk", "vmdk", "5G", 5],
    ["raw", "raw", "3G", 3],
  ])("of %s is the one that qemu-img info tells", async (format, driver, size, gibibytes) => {
    const path = join(folder, `size.${format}`);
    qemuImg("create", "-f", driver, path, size);
    await withContainer(path, async ({ virtualSize }) => {
      expect(virtualSize).toBe(virtualSizeByQemu(path, driver));
      expect(Math.ceil((virtualSize ?? 0) / 2 ** 30)).toBe(gibibytes);
    });
  });

  it("of a raw file with a partial sector is rounded up as QEMU rounds it", async () => {
    const path = join(folder, "partial.raw");
    writeFileSync(path, pattern(70_001));
    await withContainer(path, async ({ virtualSize }) => expect(virtualSize).toBe(virtualSizeByQemu(path, "raw")));
  });
});

describe("an upload that was cut short", () => {
  it.each(variants.filter(([, format]) => format === "qcow2" || format === "vmdk"))(
    "is found in %s",
    async (_name, format, ...options) => {
      const path = join(folder, "cut.img");
      qemuImg("convert", "-f", "raw", "-O", format, ...options, raw, path);
      truncateSync(path, Math.floor((await readFile(path)).length * 0.9));
      await withContainer(path, async ({ findings, checkComplete }) => {
        const codes = [...findings, ...((await checkComplete?.()) ?? [])].map((found) => found.code);
        expect(codes).toContain("image.truncated");
      });
    },
  );
});
