import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectionPage } from "../../../cli/inspect/inspection-page.ts";
import { runInspect } from "../../../cli/inspect/run-inspect.ts";
import { displayWidth, wrapped } from "../../../cli/terminal-text.ts";
import type { InspectionReport } from "../../../shared/inspection/report.ts";

const mebibyte = 2 ** 20;

const debian: InspectionReport = {
  source: "debian.qcow2",
  size: 547 * mebibyte,
  format: "QCOW2",
  virtualSize: 2048 * mebibyte,
  diskImageSize: 2,
  partitionTable: "gpt",
  partitions: [
    { index: 1, offset: mebibyte, size: mebibyte, type: "BIOS boot" },
    {
      index: 2,
      offset: 2 * mebibyte,
      size: 64 * mebibyte,
      type: "EFI system partition",
      filesystem: "vfat",
      label: "ESP",
    },
    {
      index: 3,
      offset: 66 * mebibyte,
      size: 1024 * mebibyte,
      type: "Linux filesystem",
      filesystem: "ext4",
      label: "root",
    },
  ],
  guest: {
    osType: "linux",
    platform: "Debian",
    distribution: { id: "debian", versionId: "12", name: "Debian GNU/Linux 12 (bookworm)" },
    architecture: "x86_64",
    bootModes: ["BIOS", "UEFI"],
    kernels: ["6.1.0-31-cloud-amd64"],
    cloudInit: "22.4.2",
    nvmeSupport: "supported",
  },
  findings: [],
  importable: true,
  cost: { requests: 41, bytes: 10_592_321, milliseconds: 49.4 },
};

const page = (report: InspectionReport, columns = 80): string => inspectionPage(report, { colour: false, columns });

describe("the page of an inspection", () => {
  it("tells what the image is, draws its disk to scale, and says what looking cost", () => {
    expect(page(debian)).toBe(`debian.qcow2
  Format        QCOW2, 547 MiB
  Disk          2 GiB
  System        Debian GNU/Linux 12 (bookworm)
  Platform      Debian
  Architecture  x86_64
  Boot modes    BIOS, UEFI
  Kernels       6.1.0-31-cloud-amd64
  cloud-init    22.4.2
  NVMe          supported

  Partitions (GPT)
  █▓${"█".repeat(33)}${"░".repeat(29)}
    1  at     1 MiB      1 MiB  BIOS boot
    2  at     2 MiB     64 MiB  EFI system partition · vfat · "ESP"
    3  at    66 MiB      1 GiB  Linux filesystem · ext4 · "root"

  Importable.
  Read 10.1 MiB in 41 requests, 49 ms.
`);
  });

  it("tells exact bytes and the size to come where ECS makes the disk larger than the machine saw it", () => {
    const vhd = page({ ...debian, virtualSize: 2_147_991_552, diskImageSize: 3 });
    expect(vhd).toContain("  Disk          2 GiB (2147991552 bytes), imported as 3 GiB\n");
    expect(page({ ...debian, virtualSize: 2 ** 52, diskImageSize: null })).toContain("  Disk          4096 TiB\n");
  });

  it("says that nobody looked inside when only the container was asked for", () => {
    const header = { ...debian, guest: null, partitions: [] };
    const options = { colour: false, columns: 80, lookedInside: false };
    expect(inspectionPage(header, options)).toContain("  System        not looked at; --depth full does\n");
    expect(inspectionPage({ ...header, importable: false }, options)).not.toContain("System");
  });

  it("names every finding with its fix, and the number of errors in its verdict", () => {
    const text = page({
      ...debian,
      guest: null,
      partitions: [],
      findings: [
        { code: "image.truncated", severity: "error", message: "Its end is missing.", fix: "Upload it again." },
        { code: "qcow2.zstd", severity: "warning", message: "It is packed with zstd.", fix: "Convert it." },
      ],
      importable: false,
    });
    expect(text).toContain("  ✗ error    image.truncated\n      Its end is missing.\n      → Upload it again.\n");
    expect(text).toContain("  ! warning  qcow2.zstd\n");
    expect(text).toContain("\n  Not importable: 1 error.\n");
    expect(text).not.toContain("Partitions");
  });

  it.each([40, 60, 100])("keeps to %d columns", (columns) => {
    const finding = {
      code: "kernel.fw-cfg",
      severity: "warning",
      message: "A long sentence about a kernel that goes on and on for more than one line. ".repeat(3).trim(),
      fix: "Another long sentence on what is to be done about it, which has several lines too.",
    } as const;
    const lines = page({ ...debian, findings: [finding] }, columns).split("\n");
    for (const line of lines.slice(11)) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  });

  it("has colours on a terminal only", () => {
    const colourless = page({ ...debian, importable: false });
    expect(colourless).not.toContain("\u001b");
    expect(inspectionPage(debian, { colour: true, columns: 80 })).toContain("\u001b[");
  });

  it("draws partitions that overlap, lie outside or are many without leaving its line", () => {
    const partitions = Array.from({ length: 128 }, (_, index) => ({
      index,
      offset: index % 2 === 0 ? 0 : 4096 * mebibyte,
      size: 4096 * mebibyte,
      type: "Linux filesystem",
    }));
    const bar = page({ ...debian, partitions }).split("\n")[12] ?? "";
    expect(displayWidth(bar)).toBe(66);
  });
});

describe("a fix for a file on this machine", () => {
  it("names the file, quoted for the shell, on the page; the JSON stays the same everywhere", async () => {
    const folder = mkdtempSync(join(tmpdir(), "my images "));
    const file = join(folder, "disk.qcow2.gz");
    writeFileSync(file, Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), Buffer.alloc(1000)]));
    const written: string[] = [];
    const output = {
      out: (text: string) => void written.push(text),
      err: () => {},
      isTerminal: false,
      takesColours: false,
      columns: 500,
    };
    try {
      expect(await runInspect(file, { depth: "full", json: false }, {}, output)).toBe(1);
      expect(await runInspect(file, { depth: "full", json: true }, {}, output)).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
    const [page = "", json = ""] = written;
    expect(page.replaceAll(/\n\s*/g, " ")).toContain(`gzip -d '${file}'`);
    expect(JSON.parse(json)).toMatchObject({ findings: [{ fix: expect.stringContaining("gzip -d FILE") }] });
  });
});

describe("wrapped text", () => {
  it("breaks between words, counts Chinese characters twice and leaves long words whole", () => {
    expect(wrapped("one two three", 8)).toEqual(["one two", "three"]);
    expect(wrapped("镜像 文件 ok", 9)).toEqual(["镜像 文件", "ok"]);
    expect(wrapped("see /a/very/long/path now", 10)).toEqual(["see", "/a/very/long/path", "now"]);
  });
});
