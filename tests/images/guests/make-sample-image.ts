/**
 * Makes cli/local/sample/disk.raw.gz, the disk that `npm start -- --once` imports: laid out as Debian's cloud images are, in a
 * few KiB, with nothing of Debian's on it. Run it with: node scripts/run.mjs tests/images/guests/make-sample-image.ts
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildDisk, type Files } from "./build-disk.ts";
import { baseFiles, initramfs, kernelConfig, machines, packers } from "./guest-trees.ts";

const kernel = "6.1.0-sample-amd64";
const rootId = "5a3b1c9e-0d2f-4e6a-8b7c-1f2e3d4c5b6a";

const root: Files = {
  ...baseFiles(
    machines.x86,
    'PRETTY_NAME="Debian GNU/Linux 12 (a sample: files only, no programs)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
  ),
  "/etc/fstab": `UUID=${rootId} / ext4 defaults 0 1\nUUID=5A3B-1C9E /boot/efi vfat defaults 0 2\n`,
  "/etc/login.defs": "ENCRYPT_METHOD SHA512\n",
  "/etc/pam.d/common-password": "password [success=1 default=ignore] pam_unix.so obscure sha512\n",
  "/etc/netplan/50-cloud-init.yaml": "network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n",
  "/usr/lib/python3/dist-packages/cloudinit/version.py": '__VERSION__ = "22.4.2"\n_PACKAGED_VERSION = "22.4.2-1"\n',
  [`/boot/vmlinuz-${kernel}`]: "not a kernel\n",
  [`/boot/config-${kernel}`]: kernelConfig({
    VIRTIO_BLK: "m",
    VIRTIO_PCI: "m",
    VIRTIO_NET: "m",
    BLK_DEV_NVME: "m",
    FW_CFG_SYSFS: "y",
  }),
  [`/boot/initrd.img-${kernel}`]: initramfs(packers.gzip),
  "/boot/grub/grub.cfg": `linux /boot/vmlinuz-${kernel} root=UUID=${rootId} ro\n`,
};

const folder = mkdtempSync(join(tmpdir(), "sample-"));
const loader: Files = { "/EFI/BOOT/BOOTX64.EFI": Buffer.from("MZ not a loader\n") };
buildDisk(join(folder, "disk"), {
  table: "gpt",
  partitions: [
    { type: "ef02", volume: { format: "raw", sizeInMiB: 1 } },
    { type: "ef00", volume: { format: "vfat", sizeInMiB: 1, files: loader, uuid: "5A3B1C9E", label: "ESP" } },
    { type: "8300", volume: { format: "ext4", sizeInMiB: 5, files: root, uuid: rootId, label: "root" } },
  ],
  hasGrub: true,
});
const target = fileURLToPath(new URL("../../../cli/local/sample/disk.raw.gz", import.meta.url));
writeFileSync(target, gzipSync(readFileSync(join(folder, "disk")), { level: 9 }));
rmSync(folder, { recursive: true });
