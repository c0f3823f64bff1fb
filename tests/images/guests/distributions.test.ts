import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectImage } from "../../../shared/inspection/inspect-image.ts";
import type { Guest } from "../../../shared/inspection/report.ts";
import { openFile } from "../../../shared/inspection/source/file-reader.ts";
import { moduleFiles } from "../../unit/inspection/guest/initramfs-builder.ts";
import { buildDisk, type DiskRecipe, type Files, type PartitionRecipe } from "./build-disk.ts";
import { baseFiles, initramfs, kernelConfig, machines, modularConfig, packers } from "./guest-trees.ts";

/** How distributions' own cloud images are laid out, each with what is peculiar to it; and each with exactly its findings. */
const folder = mkdtempSync(join(tmpdir(), "distributions-"));
afterAll(() => rmSync(folder, { recursive: true }));

const uuid = "5d3e4c62-1c2d-4d9e-8f47-c7a1b2c3d4e5";
const modules = moduleFiles("block/virtio_blk.ko.xz", "virtio/virtio_pci.ko.xz", "nvme/host/nvme.ko.xz");
const builtIn = kernelConfig({
  VIRTIO_BLK: "y",
  VIRTIO_PCI: "y",
  VIRTIO_NET: "y",
  BLK_DEV_NVME: "y",
  FW_CFG_SYSFS: "y",
});
const modularWithFwCfg = modularConfig.replace("CONFIG_FW_CFG_SYSFS=m", "CONFIG_FW_CFG_SYSFS=y");

/** A PE file's head, as far as it names its machine. */
function efiProgram(machine: number): Buffer {
  const bytes = Buffer.alloc(256);
  bytes.write("MZ");
  bytes.writeUInt32LE(128, 60);
  bytes.write("PE", 128);
  bytes.writeUInt16LE(machine, 132);
  return bytes;
}
const x64 = efiProgram(0x8664);
const arm64 = efiProgram(0xaa64);

const biosBoot: PartitionRecipe = { type: "ef02", volume: { format: "raw", sizeInMiB: 1 } };
const esp = (files: Files): PartitionRecipe => ({
  type: "ef00",
  volume: { format: "vfat", sizeInMiB: 40, files, uuid: "ABCD1234", label: "EFI" },
});
const linux = (format: "ext4" | "xfs", files: Files, label?: string): PartitionRecipe => ({
  type: "8300",
  volume: { format, sizeInMiB: format === "xfs" ? 320 : 64, files, uuid, ...(label === undefined ? {} : { label }) },
});

function cloudInit(python: string, version: string): Files {
  return {
    [`/usr/lib/${python}/cloudinit/version.py`]: `__VERSION__ = "${version}"\n_PACKAGED_VERSION = "@@PACKAGED_VERSION@@"\n`,
  };
}

/** A root of Red Hat's family with its kernel in /boot. */
function redHat(
  release: string,
  kernel: string,
  init: Buffer,
  more: Files = {},
  machine: number = machines.x86,
): Files {
  return {
    ...baseFiles(machine, release),
    "/etc/fstab": `UUID=${uuid} / xfs defaults 0 0\n`,
    "/etc/login.defs": "ENCRYPT_METHOD SHA512\n",
    "/etc/sysconfig/network-scripts/ifcfg-eth0": "DEVICE=eth0\nBOOTPROTO=dhcp\n",
    "/usr/share/keep": "",
    [`/boot/vmlinuz-${kernel}`]: "kernel",
    [`/boot/config-${kernel}`]: modularWithFwCfg,
    [`/boot/initramfs-${kernel}.img`]: init,
    [`/boot/initramfs-${kernel}kdump.img`]: "never read",
    ...more,
  };
}

function debianRoot(
  version: string,
  kernel: string,
  init: Buffer,
  more: Files = {},
  machine: number = machines.x86,
): Files {
  return {
    ...baseFiles(machine, `ID=debian\nVERSION_ID="${version}"\nPRETTY_NAME="Debian GNU/Linux ${version}"\n`),
    "/etc/fstab": `UUID=${uuid} / ext4 defaults 0 1\n`,
    "/etc/pam.d/common-password": "password [success=1 default=ignore] pam_unix.so obscure yescrypt\n",
    ...cloudInit("python3/dist-packages", "22.4.2"),
    [`/boot/vmlinuz-${kernel}`]: "kernel",
    [`/boot/config-${kernel}`]: modularConfig,
    [`/boot/initrd.img-${kernel}`]: init,
    ...more,
  };
}

const suse = (id: string, kernel: string, init: Buffer): Files => ({
  ...baseFiles(machines.x86, `ID="${id}"\nVERSION_ID="15.6"\n`),
  "/etc/fstab": `UUID=${uuid} / xfs defaults 0 0\n`,
  "/usr/etc/login.defs": "ENCRYPT_METHOD SHA512\n",
  ...cloudInit("python3.6/site-packages", "23.3"),
  [`/boot/vmlinuz-${kernel}`]: "kernel",
  [`/boot/vmlinux-${kernel}.gz`]: "for debuggers",
  [`/boot/config-${kernel}`]: modularConfig,
  [`/boot/initrd-${kernel}`]: init,
});

const kylin = 'ID="kylin"\nVERSION_ID="V10"\n';
const coreOs = `/ostree/deploy/fedora-coreos/deploy/${"0a".repeat(32)}.0`;
const stream = 'NAME="CentOS Stream"\nID="centos"\nVERSION_ID="9"\nPRETTY_NAME="CentOS Stream 9"\n';
const el9 = "5.14.0-503.el9.x86_64";

const cases: readonly [string, DiskRecipe, Guest, readonly string[]][] = [
  [
    "CentOS 7",
    {
      table: "mbr",
      hasGrub: true,
      partitions: [
        linux(
          "xfs",
          redHat(
            'NAME="CentOS Linux"\nID="centos"\nVERSION_ID="7"\n',
            "3.10.0-1160.el7.x86_64",
            initramfs(packers.gzip),
            {
              ...cloudInit("python2.7/site-packages", "19.4"),
              "/boot/vmlinuz-0-rescue-4c1a": "kernel",
            },
          ),
        ),
      ],
    },
    { platform: "CentOS", bootModes: ["BIOS"], kernels: ["3.10.0-1160.el7.x86_64"], cloudInit: "19.4" },
    [],
  ],
  [
    "AlmaLinux 8, its initramfs packed with xz",
    {
      table: "gpt",
      hasGrub: true,
      partitions: [
        biosBoot,
        esp({ "/EFI/BOOT/BOOTX64.EFI": x64, "/EFI/almalinux/shimx64.efi": x64 }),
        linux(
          "xfs",
          redHat(
            'ID="almalinux"\nVERSION_ID="8.10"\n',
            "4.18.0-553.el8_10.x86_64",
            initramfs(packers.xz),
            cloudInit("python3.6/site-packages", "23.4"),
          ),
        ),
      ],
    },
    { platform: "AlmaLinux", bootModes: ["BIOS", "UEFI"], nvmeSupport: "supported" },
    [],
  ],
  [
    "CentOS Stream 9 with a cloud-init of 19.1.2",
    {
      table: "gpt",
      hasGrub: true,
      partitions: [
        biosBoot,
        linux("xfs", redHat(stream, el9, initramfs(packers.zstd), cloudInit("python3.9/site-packages", "19.1.2"))),
      ],
    },
    { platform: "CentOS Stream", cloudInit: "19.1.2" },
    ["cloud-init.too-old warning"],
  ],
  [
    "CentOS Stream 9 with a cloud-init of 19.1.3",
    {
      table: "gpt",
      hasGrub: true,
      partitions: [
        biosBoot,
        linux("xfs", redHat(stream, el9, initramfs(packers.zstd), cloudInit("python3.9/site-packages", "19.1.3"))),
      ],
    },
    { platform: "CentOS Stream", cloudInit: "19.1.3" },
    [],
  ],
  [
    "Alibaba Cloud Linux 3, whose cloud-init may be any of 19.1",
    {
      table: "gpt",
      hasGrub: true,
      partitions: [
        biosBoot,
        linux("ext4", {
          ...redHat(
            'ID="alinux"\nVERSION_ID="3"\n',
            "5.10.134-16.al8.x86_64",
            initramfs(packers.gzip, []),
            cloudInit("python3.6/site-packages", "19.1"),
          ),
          "/boot/config-5.10.134-16.al8.x86_64": builtIn,
        }),
      ],
    },
    { platform: "Aliyun", cloudInit: "19.1", nvmeSupport: "supported" },
    [],
  ],
  [
    "Kylin on arm64, told all that the usage notes ask of it",
    {
      table: "gpt",
      partitions: [
        esp({ "/EFI/BOOT/BOOTAA64.EFI": arm64 }),
        linux(
          "ext4",
          redHat(
            kylin,
            "4.19.90-25.ky10.aarch64",
            initramfs(packers.gzip),
            {
              ...cloudInit("python3.7/site-packages", "0.7.6a14"),
              "/etc/login.defs": "ENCRYPT_METHOD MD5\n",
              "/etc/adjtime": "0.0 0 0\n0\nLOCAL\n",
              "/boot/config-4.19.90-25.ky10.aarch64": modularConfig.replace("CONFIG_FW_CFG_SYSFS=m\n", ""),
            },
            machines.arm,
          ),
        ),
      ],
    },
    { platform: "Kylin", architecture: "arm64", bootModes: ["UEFI"] },
    ["cloud-init.too-old warning", "kernel.fw-cfg warning", "password-hash.not-sha512 warning", "rtc.not-utc warning"],
  ],
  [
    "Debian 12 on arm64 with a loader for x86_64 only",
    {
      table: "gpt",
      partitions: [
        esp({ "/EFI/BOOT/BOOTX64.EFI": x64 }),
        linux("ext4", debianRoot("12", "6.1.0-31-arm64", initramfs(packers.gzip), {}, machines.arm)),
      ],
    },
    { architecture: "arm64", bootModes: [] },
    ["boot.uefi-missing error", "kernel.fw-cfg warning"],
  ],
  [
    "Debian 13 with virtio in no initramfs",
    {
      table: "mbr",
      hasGrub: true,
      partitions: [
        linux("ext4", debianRoot("13", "6.12.41-amd64", initramfs(packers.zstd, moduleFiles("scsi/vmw_pvscsi.ko.xz")))),
      ],
    },
    { platform: "Debian", nvmeSupport: "unsupported" },
    ["kernel.fw-cfg info", "nvme.missing info", "virtio.missing error"],
  ],
  [
    "Debian 13 with virtio in the older kernel's initramfs",
    {
      table: "mbr",
      hasGrub: true,
      partitions: [
        linux(
          "ext4",
          debianRoot("13", "6.12.41-amd64", initramfs(packers.zstd, []), {
            "/boot/vmlinuz-6.12.9-amd64": "kernel",
            "/boot/config-6.12.9-amd64": modularConfig,
            "/boot/initrd.img-6.12.9-amd64": initramfs(packers.zstd, modules),
          }),
        ),
      ],
    },
    { kernels: ["6.12.41-amd64", "6.12.9-amd64"] },
    ["kernel.fw-cfg info", "nvme.missing info", "virtio.missing warning"],
  ],
  [
    "openSUSE Leap, with its uncompressed kernel beside the other",
    {
      table: "gpt",
      hasGrub: true,
      partitions: [biosBoot, linux("xfs", suse("opensuse-leap", "6.4.0-150600.21-default", initramfs(packers.xz)))],
    },
    { platform: "OpenSUSE", kernels: ["6.4.0-150600.21-default"], nvmeSupport: "supported" },
    ["kernel.fw-cfg info"],
  ],
  [
    "Arch Linux with its kernels on the EFI system partition",
    {
      table: "gpt",
      partitions: [
        esp({
          "/EFI/BOOT/BOOTX64.EFI": x64,
          "/loader/entries/arch.conf": "title Arch\nlinux /vmlinuz-linux\n",
          "/vmlinuz-linux": "kernel",
          "/initramfs-linux.img": initramfs(packers.zstd),
        }),
        linux("ext4", {
          ...baseFiles(machines.x86, "ID=arch\n"),
          "/etc/fstab": `UUID=${uuid} / ext4 rw 0 1\n`,
          "/boot/keep": "",
          "/usr/lib/modules/6.11.5-arch1-1/modules.builtin":
            "kernel/drivers/firmware/qemu_fw_cfg.ko\nkernel/drivers/net/virtio_net.ko\n",
          ...Object.fromEntries(
            ["block/virtio_blk", "virtio/virtio_pci", "nvme/host/nvme"].map((name) => [
              `/usr/lib/modules/6.11.5-arch1-1/kernel/drivers/${name}.ko.zst`,
              "module",
            ]),
          ),
        }),
      ],
    },
    { platform: "Others Linux", bootModes: ["UEFI"], kernels: ["6.11.5-arch1-1"], nvmeSupport: "supported" },
    [],
  ],
  [
    "a system whose kernel is a unified image",
    {
      table: "gpt",
      partitions: [
        esp({ "/EFI/BOOT/BOOTX64.EFI": x64, "/EFI/Linux/fedora.efi": x64 }),
        linux("ext4", baseFiles(machines.x86, "ID=fedora\nVERSION_ID=41\n")),
      ],
    },
    { platform: "Fedora", bootModes: ["UEFI"], kernels: [] },
    [],
  ],
  [
    "Fedora CoreOS, which is a deployment of OSTree",
    {
      table: "gpt",
      partitions: [
        esp({ "/EFI/BOOT/BOOTX64.EFI": x64 }),
        linux("ext4", {
          [`${coreOs}/etc/os-release`]: "ID=fedora\nVARIANT_ID=coreos\nVERSION_ID=41\n",
          [`${coreOs}/usr/bin/sshd`]: "program",
          [`${coreOs}/lib`]: { link: "usr/lib" },
          [`${coreOs}/usr/lib/modules/6.11.5-300.fc41.x86_64/config`]: builtIn,
          "/ostree/repo/config": "",
        }),
      ],
    },
    { platform: "Fedora CoreOS", kernels: ["6.11.5-300.fc41.x86_64"], nvmeSupport: "supported" },
    ["cloud-init.missing info", "growpart.missing info", "resize2fs.missing info"],
  ],
];

describe("the layout of", () => {
  it.each(cases)("%s", async (name, recipe, guest, findings) => {
    const path = join(folder, name.replaceAll(/\W/g, "-"));
    buildDisk(path, recipe);
    const reader = await openFile(path);
    try {
      const report = await inspectImage(reader, { depth: "full" });
      expect(report.guest).toMatchObject(guest);
      expect(report.findings.map(({ code, severity }) => `${code} ${severity}`).sort()).toEqual(findings);
    } finally {
      await reader.close?.();
      rmSync(path);
    }
  });
});
