import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectImage } from "../../../shared/inspection/inspect-image.ts";
import { openFile } from "../../../shared/inspection/source/file-reader.ts";
import { buildDisk, changedCopy, type DiskRecipe, type PartitionRecipe, run } from "./build-disk.ts";
import {
  alpineRoot,
  elfOf,
  machines,
  oldCentosRoot,
  rockyBoot,
  rockyRoot,
  suseRoot,
  ubuntuRoot,
} from "./guest-trees.ts";

const folder = mkdtempSync(join(tmpdir(), "guests-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function inspect(path: string) {
  const reader = await openFile(path);
  try {
    const { guest, findings, partitions, importable, cost } = await inspectImage(reader, { depth: "full" });
    return {
      guest,
      findings: findings.map(({ code, severity }) => `${code} ${severity}`).sort(),
      partitions,
      importable,
      cost,
    };
  } finally {
    await reader.close?.();
  }
}

async function inspectDisk(name: string, recipe: DiskRecipe) {
  const path = join(folder, name);
  buildDisk(path, recipe);
  return inspect(path);
}

const uuid = "5d3e4c62-1c2d-4d9e-8f47-c7a1b2c3d4e5";
const bootUuid = "11111111-2222-4333-8444-555555555555";
const biosBoot = { type: "ef02", volume: { format: "raw", sizeInMiB: 1 } } as const;

function efi(name: string) {
  const files = { [`/EFI/BOOT/${name}`]: Buffer.from("MZ loader") };
  return { type: "ef00", volume: { format: "vfat", sizeInMiB: 40, files, uuid: "ABCD1234", label: "EFI" } } as const;
}

describe("Debian 12, from its own packages", () => {
  const built = join(__dirname, "../.cache/debian-12-amd64.qcow2");
  const raw = join(__dirname, "../.cache/debian-12-amd64.raw");
  const tree = join(__dirname, "../.cache/debian-bookworm-amd64.root");
  const rootOffset = 66 * 2 ** 20;
  beforeAll(() => run(join(__dirname, "../build-debian.sh"), []));

  it("is told with its drivers and tools, and is importable as it comes", async () => {
    const { guest, findings, importable, cost } = await inspect(built);
    expect(guest).toEqual({
      osType: "linux",
      platform: "Debian",
      distribution: { id: "debian", versionId: "12", name: "Debian GNU/Linux 12 (bookworm)" },
      architecture: "x86_64",
      bootModes: ["BIOS", "UEFI"],
      kernels: [expect.stringMatching(/^6\.1\.0-\d+-cloud-amd64$/)],
      cloudInit: "22.4.2",
      nvmeSupport: "supported",
    });
    expect(findings).toEqual(["kernel.fw-cfg info"]);
    expect(importable).toBe(true);
    expect(cost.requests).toBeLessThanOrEqual(60);
    expect(cost.bytes).toBeLessThanOrEqual(22 * 2 ** 20);
  });

  it.each<[string, DiskRecipe["table"], readonly PartitionRecipe[], string[]]>([
    [
      "on btrfs, with GPT and UEFI only",
      "gpt",
      [efi("BOOTX64.EFI"), { type: "8300", volume: { format: "btrfs", sizeInMiB: 1500, directory: tree } }],
      ["UEFI"],
    ],
    [
      "on LVM, with MBR and BIOS only",
      "mbr",
      [{ type: "8e00", volume: { format: "ext4", sizeInMiB: 1500, directory: tree } }],
      ["BIOS"],
    ],
    [
      "on XFS, with MBR and BIOS only",
      "mbr",
      [{ type: "8300", volume: { format: "xfs", sizeInMiB: 1500, directory: tree } }],
      ["BIOS"],
    ],
  ])("is told the same %s", async (name, table, partitions, bootModes) => {
    const hasGrub = table === "mbr";
    const { guest, findings } = await inspectDisk(`${name}.raw`, { table, partitions, hasGrub });
    const original = (await inspect(built)).guest;
    expect(guest).toEqual({ ...original, bootModes });
    const growTool = partitions.at(-1)?.volume.format === "xfs" ? ["xfs-growfs.missing info"] : [];
    // Its fstab names filesystems of the disk that it was made for.
    expect(findings).toEqual(["fstab.missing-filesystem warning", "kernel.fw-cfg info", ...growTool]);
  });

  it("with everything wrong has a finding for each thing, and for nothing else", async () => {
    const { kernels } = (await inspect(built)).guest ?? {};
    const kernel = kernels?.[0] ?? "";
    const work = join(folder, "work");
    const script = `
      mkdir -p ${work}/tree && cd ${work} && debugfs -R "dump /boot/initrd.img-${kernel} initrd" "${raw}?offset=${rootOffset}"
      cd tree && zcat ../initrd | cpio -idm && find . -name 'virtio*.ko*' -delete
      find . | cpio -o -H newc | gzip -1 > ../initrd.new
      printf '/dev/sda1 / ext4 defaults 0 1\\nUUID=99999999-0000-4000-8000-000000000000 /data ext4 defaults 0 2\\n' > ../fstab
      printf '0.0 0 0.0\\n0\\nLOCAL\\n' > ../adjtime
      printf 'password required pam_unix.so md5\\n' > ../common-password
      printf 'auto eth0\\niface eth0 inet static\\n  address 10.0.0.2/24\\n' > ../interfaces`;
    run("sh", ["-c", script]);
    const faulty = join(folder, "faulty.raw");
    const initrd = `/boot/initrd.img-${kernel}`;
    changedCopy(raw, faulty, rootOffset, [
      ...[initrd, "/etc/fstab", "/etc/pam.d/common-password", "/etc/network/interfaces"].map((path) => `rm ${path}`),
      `write ${work}/initrd.new ${initrd}`,
      `write ${work}/fstab /etc/fstab`,
      `write ${work}/adjtime /etc/adjtime`,
      `write ${work}/common-password /etc/pam.d/common-password`,
      `write ${work}/interfaces /etc/network/interfaces`,
      ...["/usr/bin/growpart", "/usr/sbin/resize2fs", "/usr/sbin/sshd", "/usr/bin/cloud-init"].map(
        (path) => `rm ${path}`,
      ),
      "rm /usr/lib/python3/dist-packages/cloudinit/version.py",
    ]);
    const { findings, importable } = await inspect(faulty);
    expect(findings).toEqual([
      "cloud-init.missing info",
      "fstab.device-names warning",
      "fstab.missing-filesystem warning",
      "growpart.missing info",
      "kernel.fw-cfg info",
      "network.not-dhcp warning",
      "password-hash.not-sha512 info",
      "resize2fs.missing info",
      "rtc.not-utc info",
      "sshd.missing info",
      "virtio.missing error",
    ]);
    expect(importable).toBe(false);
  });
});

describe("a guest", () => {
  it("of Red Hat's family has its root on LVM with XFS and its kernels on a partition of their own", async () => {
    const kernel = "5.14.0-427.13.1.el9_4.x86_64";
    const fstab = `/dev/mapper/vg--root-root / xfs defaults 0 0\nUUID=${bootUuid} /boot xfs defaults 0 0\nUUID=ABCD-1234 /boot/efi vfat defaults 0 0\n`;
    const { guest, findings, partitions } = await inspectDisk("rocky.raw", {
      table: "gpt",
      partitions: [
        biosBoot,
        efi("BOOTX64.EFI"),
        { type: "8300", volume: { format: "xfs", sizeInMiB: 320, files: rockyBoot(kernel), uuid: bootUuid } },
        { type: "8e00", volume: { format: "xfs", sizeInMiB: 320, files: rockyRoot(kernel, fstab) } },
      ],
      hasGrub: true,
    });
    expect(guest).toEqual({
      osType: "linux",
      platform: "Rocky Linux",
      distribution: { id: "rocky", versionId: "9.4", name: "Rocky Linux" },
      architecture: "x86_64",
      bootModes: ["BIOS", "UEFI"],
      kernels: [kernel],
      cloudInit: "23.4",
      nvmeSupport: "supported",
    });
    expect(findings).toEqual(["qemu-guest-agent.present warning", "selinux.enforcing info"]);
    expect(partitions?.map(({ filesystem }) => filesystem)).toEqual([undefined, "vfat", "xfs", "lvm2"]);
  });

  it("of SUSE has its root on btrfs", async () => {
    const kernel = "6.4.0-150600.23.25-default";
    const { guest, findings } = await inspectDisk("sles.raw", {
      table: "gpt",
      partitions: [
        efi("BOOTX64.EFI"),
        {
          type: "8300",
          volume: {
            format: "btrfs",
            sizeInMiB: 300,
            files: suseRoot(kernel, `UUID=${uuid} / btrfs defaults 0 0\n`),
            uuid,
          },
        },
      ],
    });
    expect(guest).toMatchObject({ platform: "SUSE", bootModes: ["UEFI"], kernels: [kernel], cloudInit: "23.3" });
    expect(findings).toEqual(["kernel.fw-cfg info"]);
  });

  it("of Ubuntu on arm64 has nothing against it", async () => {
    const kernel = "6.8.0-45-generic";
    const files = ubuntuRoot(
      machines.arm,
      kernel,
      "LABEL=cloudimg-rootfs / ext4 discard 0 1\nLABEL=EFI /boot/efi vfat umask=0077 0 1\n",
    );
    const { guest, findings } = await inspectDisk("ubuntu.raw", {
      table: "gpt",
      partitions: [
        { type: "8300", volume: { format: "ext4", sizeInMiB: 64, files, label: "cloudimg-rootfs" } },
        efi("BOOTAA64.EFI"),
      ],
    });
    expect(guest).toEqual({
      osType: "linux",
      platform: "Ubuntu",
      distribution: { id: "ubuntu", versionId: "24.04", name: "Ubuntu 24.04.1 LTS" },
      architecture: "arm64",
      bootModes: ["UEFI"],
      kernels: [kernel],
      cloudInit: "24.1.3",
      nvmeSupport: "supported",
    });
    expect(findings).toEqual([]);
  });

  it("for arm64 without an EFI loader cannot boot", async () => {
    const files = ubuntuRoot(machines.arm, "6.8.0-45-generic", "");
    const { guest, findings, importable } = await inspectDisk("arm.raw", {
      table: "gpt",
      partitions: [{ type: "8300", volume: { format: "ext4", sizeInMiB: 64, files } }],
    });
    expect(guest).toMatchObject({ architecture: "arm64", bootModes: [] });
    expect(findings).toEqual(["boot.uefi-missing error"]);
    expect(importable).toBe(false);
  });

  it("that ECS has no platform for is Others Linux", async () => {
    const { guest, findings } = await inspectDisk("alpine.raw", {
      table: "mbr",
      partitions: [
        {
          type: "8300",
          volume: { format: "ext4", sizeInMiB: 64, files: alpineRoot(`UUID=${uuid} / ext4 rw 0 1\n`), uuid },
        },
      ],
      hasGrub: true,
    });
    expect(guest).toMatchObject({
      platform: "Others Linux",
      distribution: { id: "alpine", versionId: "3.20.3" },
      architecture: "x86_64",
      bootModes: ["BIOS"],
      kernels: ["6.6.58-0-virt"],
      nvmeSupport: "unsupported",
    });
    expect(findings).toEqual(["cloud-init.missing info", "growpart.missing info", "nvme.missing info"]);
  });

  it("copied from a physical server is told all that stands in its way", async () => {
    const kernel = "3.10.0-1160.el7.x86_64";
    const { guest, findings, importable } = await inspectDisk("centos.raw", {
      table: "mbr",
      partitions: [{ type: "8300", volume: { format: "xfs", sizeInMiB: 320, files: oldCentosRoot(kernel) } }],
    });
    expect(guest).toMatchObject({
      platform: "CentOS",
      cloudInit: "0.7.6a12",
      bootModes: [],
      nvmeSupport: "unsupported",
    });
    expect(findings).toEqual([
      "boot.device-names warning",
      "boot.not-found warning",
      "cloud-init.too-old info",
      "fstab.device-names warning",
      "fstab.missing-filesystem warning",
      "network.not-dhcp info",
      "nvme.missing info",
      "password-hash.not-sha512 info",
      "rtc.not-utc info",
      "virtio.missing error",
    ]);
    expect(importable).toBe(false);
  });

  it("for another processor cannot run", async () => {
    const files = { "/etc/os-release": "ID=debian\n", "/usr/bin/bash": elfOf(243) };
    const { guest, findings } = await inspectDisk("riscv.raw", {
      table: "gpt",
      partitions: [efi("BOOTRISCV64.EFI"), { type: "8300", volume: { format: "ext4", sizeInMiB: 64, files } }],
    });
    expect(guest?.architecture).toBeUndefined();
    expect(findings).toContain("architecture.unsupported error");
  });
});

describe("a disk whose guest cannot be read", () => {
  it("has what its boot loader tells when its root is encrypted", async () => {
    const bytes = Buffer.concat([Buffer.from("LUKS\xba\xbe\0\x02", "latin1"), Buffer.alloc(4096)]);
    const { guest, findings, importable } = await inspectDisk("luks.raw", {
      table: "gpt",
      partitions: [efi("BOOTX64.EFI"), { type: "8300", volume: { format: "raw", sizeInMiB: 20, bytes } }],
    });
    expect(guest).toEqual({ architecture: "x86_64", bootModes: ["UEFI"] });
    expect(findings).toEqual(["guest.not-inspected info", "partition.encrypted warning"]);
    expect(importable).toBe(true);
  });

  it("is importable when it holds data only", async () => {
    const { guest, findings, importable } = await inspectDisk("data.raw", {
      table: "gpt",
      partitions: [{ type: "8300", volume: { format: "ext4", sizeInMiB: 20, files: { "/photo": "x" } } }],
    });
    expect(guest).toBeNull();
    expect(findings).toEqual(["guest.not-inspected info"]);
    expect(importable).toBe(true);
  });
});
