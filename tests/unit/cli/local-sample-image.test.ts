import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { qcow2Of, writeSampleImage } from "../../../cli/local/sample-image.ts";
import { openContainer } from "../../../shared/inspection/container/open-container.ts";
import { inspectImage } from "../../../shared/inspection/inspect-image.ts";
import { openFile } from "../../../shared/inspection/source/file-reader.ts";
import { fullGranularity, meteredSource } from "../../../shared/inspection/source/metered-source.ts";
import { memoryReader } from "../inspection/source/memory-reader.ts";

describe("the sample image", () => {
  const folder = mkdtempSync(join(tmpdir(), "sample-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("shows what detection tells, without a finding", async () => {
    const path = join(folder, "sample.qcow2");
    expect(await writeSampleImage(path)).toBe(statSync(path).size);
    const reader = await openFile(path);
    const report = await inspectImage(reader, { depth: "full" });
    await reader.close?.();
    expect(report).toMatchObject({
      format: "QCOW2",
      diskImageSize: 2,
      partitionTable: "gpt",
      guest: {
        osType: "linux",
        platform: "Debian",
        architecture: "x86_64",
        bootModes: ["BIOS", "UEFI"],
        cloudInit: "22.4.2",
        nvmeSupport: "supported",
      },
      findings: [],
      importable: true,
    });
    expect(report.size).toBeLessThan(2 ** 20);
  });
});

describe("a disk written as qcow2", () => {
  it("reads back as it was, with zeros after it", async () => {
    const disk = Buffer.alloc(5 * 65_536 + 100);
    disk.fill("first", 0, 10);
    disk.fill("last", 5 * 65_536);
    const image = qcow2Of(disk, 2 ** 20);
    expect(image.length).toBe(7 * 65_536);
    const container = await openContainer(meteredSource(memoryReader(image), fullGranularity));
    expect(container.findings).toEqual([]);
    const read = await container.disk?.read(0, 2 ** 20);
    expect(read?.equals(Buffer.concat([disk, Buffer.alloc(2 ** 20 - disk.length)]))).toBe(true);
  });
});
