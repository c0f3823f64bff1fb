/** Makes tests/unit/inspection/guest/small-disk.raw.gz: a whole disk in a few KiB, for tests that need only Node. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildDisk } from "./build-disk.ts";
import { machines, ubuntuRoot } from "./guest-trees.ts";

const folder = mkdtempSync(join(tmpdir(), "small-"));
const fstab =
  "LABEL=root / ext4 defaults 0 1\nUUID=ABCD-1234 /boot/efi vfat defaults 0 1\n/dev/sdb1 /data ext4 nofail 0 2\n";
const loader = { "/EFI/BOOT/BOOTX64.EFI": Buffer.from("MZ loader") };
buildDisk(join(folder, "disk"), {
  table: "gpt",
  partitions: [
    { type: "ef02", volume: { format: "raw", sizeInMiB: 1 } },
    { type: "ef00", volume: { format: "vfat", sizeInMiB: 1, files: loader, uuid: "ABCD1234", label: "EFI" } },
    {
      type: "8300",
      volume: {
        format: "ext4",
        sizeInMiB: 2,
        files: ubuntuRoot(machines.x86, "6.8.0-45-generic", fstab),
        label: "root",
      },
    },
  ],
  hasGrub: true,
});
const target = fileURLToPath(new URL("../../unit/inspection/guest/small-disk.raw.gz", import.meta.url));
writeFileSync(target, gzipSync(readFileSync(join(folder, "disk")), { level: 9 }));
rmSync(folder, { recursive: true });
