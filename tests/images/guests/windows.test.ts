import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inspectImage } from "../../../shared/inspection/inspect-image.ts";
import { openFile } from "../../../shared/inspection/source/file-reader.ts";
import { type BuiltKey, buildHive, dword, keyPath, text } from "../../unit/inspection/windows-registry/built-hive.ts";
import { buildDisk } from "./build-disk.ts";

const folder = mkdtempSync(join(tmpdir(), "windows-"));
afterAll(() => rmSync(folder, { recursive: true }));

function service(name: string, start: number): BuiltKey {
  return {
    name,
    values: [dword("Start", start), text("ImagePath", `\\SystemRoot\\System32\\drivers\\${name}.sys`, 2)],
  };
}

function hives(product: string, build: string, services: readonly BuiltKey[]): Record<string, Buffer> {
  const values = [text("ProductName", product), text("CurrentBuildNumber", build), text("InstallationType", "Server")];
  const environment = keyPath("Session Manager\\Environment", { values: [text("PROCESSOR_ARCHITECTURE", "AMD64")] });
  const controlSet = [
    { name: "Control", keys: [environment] },
    { name: "Services", keys: [{ name: "Dhcp", values: [dword("Start", 2)] }, ...services] },
  ];
  return {
    "config/SOFTWARE": buildHive({
      name: "ROOT",
      keys: [keyPath("Microsoft\\Windows NT\\CurrentVersion", { values })],
    }),
    "config/SYSTEM": buildHive({
      name: "ROOT",
      keys: [
        { name: "ControlSet001", keys: controlSet },
        { name: "Select", values: [dword("Current", 1)] },
      ],
    }),
  };
}

/** The bytes of an NTFS volume with these files in System32. */
function volumeOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const [tree, image] = [join(folder, "tree"), join(folder, "volume")];
  rmSync(tree, { recursive: true, force: true });
  for (const [path, content] of Object.entries(files)) {
    const at = join(tree, "Windows/System32", path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, content);
  }
  writeFileSync(image, "");
  truncateSync(image, 40 * 2 ** 20);
  execFileSync("mkntfs", ["-q", "-F", image], { stdio: "ignore" });
  execFileSync("python3", [join(__dirname, "../filesystems/ntfs-copy-tree.py"), image, tree]);
  return readFileSync(image);
}

const driver = Buffer.alloc(100, 1);
const virtio = [service("viostor", 0), service("netkvm", 3)];
const drivers = { "drivers/viostor.sys": driver, "drivers/netkvm.sys": driver };

describe("a Windows on GPT", () => {
  it.each<[string, string, string, readonly BuiltKey[], Record<string, Buffer>, string, readonly string[]]>([
    ["with virtio", "Windows Server 2022 Datacenter", "20348", virtio, drivers, "Windows Server 2022", []],
    [
      "without virtio",
      "Windows Server 2019 Standard",
      "17763",
      [],
      {},
      "Windows Server 2019",
      ["virtio.missing error", "virtio.net-missing warning"],
    ],
    [
      "whose virtio driver starts on demand",
      "Windows Server 2012 R2 Standard",
      "9600",
      [service("viostor", 3), service("netkvm", 3)],
      drivers,
      "Windows Server 2012",
      ["virtio.missing error"],
    ],
    [
      "whose virtio driver has lost its file",
      "Windows Server 2016 Datacenter",
      "14393",
      virtio,
      { "drivers/netkvm.sys": driver },
      "Windows Server 2016",
      ["virtio.missing error"],
    ],
    ["newer than ECS's names", "Windows Server 2025 Datacenter", "26100", virtio, drivers, "Other Windows", []],
  ])("%s", async (_, product, build, services, files, platform, findings) => {
    const bytes = volumeOf({ ...hives(product, build, services), ...files });
    const loader = { "/EFI/Boot/bootx64.efi": Buffer.from("MZ loader"), "/EFI/Microsoft/Boot/bootmgfw.efi": driver };
    const path = join(folder, "disk");
    buildDisk(path, {
      table: "gpt",
      partitions: [
        { type: "ef00", volume: { format: "vfat", sizeInMiB: 40, files: loader } },
        { type: "0700", volume: { format: "raw", sizeInMiB: 40, bytes } },
      ],
    });
    const reader = await openFile(path);
    try {
      const report = await inspectImage(reader, { depth: "full" });
      expect(report.guest).toMatchObject({ osType: "windows", platform, architecture: "x86_64", bootModes: ["UEFI"] });
      const told = report.findings.map(({ code, severity }) => `${code} ${severity}`).sort();
      expect(told).toEqual(["guest.windows info", ...findings]);
    } finally {
      await reader.close?.();
    }
  });
});
