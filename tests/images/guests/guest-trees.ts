/** Trees of files that imitate distributions: what an inspection looks at, where each distribution has it. */
import { cpio, moduleFiles } from "../../unit/inspection/guest/initramfs-builder.ts";
import { type Files, run } from "./build-disk.ts";

const earlyModules = moduleFiles("block/virtio_blk.ko.xz", "virtio/virtio_pci.ko.xz", "nvme/host/nvme.ko.xz");
const microcode = cpio([["kernel/x86/microcode/AuthenticAMD.bin", Buffer.alloc(5000, 1)]]);

/** An initramfs as dracut and mkinitramfs make it: microcode as it is, then an archive packed by `program`. */
export function initramfs(program: readonly string[], files = earlyModules): Buffer {
  const filler = Array.from(
    { length: 200 },
    (_, index) => [`usr/lib/x${index}`, `library ${index}`.repeat(300)] as const,
  );
  const [command = "", ...args] = program;
  return Buffer.concat([
    microcode,
    run(command, args, cpio([...filler.slice(0, 100), ...files, ...filler.slice(100)])),
  ]);
}

export const packers = {
  gzip: ["gzip", "-9", "-c"],
  zstd: ["zstd", "-q", "-19", "-T0", "-c"],
  xz: ["xz", "--check=crc32", "-c"],
  lz4: ["lz4", "-q", "-9", "-l", "-c"],
} as const;

export function elfOf(machine: number): Buffer {
  const bytes = Buffer.alloc(200);
  bytes.write("\x7fELF\x02\x01\x01", "latin1");
  bytes.writeUInt16LE(machine, 18);
  return bytes;
}

export const machines = { x86: 62, arm: 183 } as const;

export function kernelConfig(values: Readonly<Record<string, "y" | "m">>): string {
  return ["CONFIG_64BIT=y", ...Object.entries(values).map(([name, value]) => `CONFIG_${name}=${value}`), ""].join("\n");
}

export const modularConfig = kernelConfig({
  VIRTIO_BLK: "m",
  VIRTIO_PCI: "m",
  VIRTIO_NET: "m",
  BLK_DEV_NVME: "m",
  FW_CFG_SYSFS: "m",
});

/** What every distribution has, with the programs in /usr. */
export function baseFiles(machine: number, osRelease: string): Files {
  const programs = ["bash", "growpart", "cloud-init"].map((name) => [`/usr/bin/${name}`, elfOf(machine)] as const);
  const administration = ["sshd", "resize2fs", "xfs_growfs"].map(
    (name) => [`/usr/sbin/${name}`, elfOf(machine)] as const,
  );
  return {
    "/usr/lib/os-release": osRelease,
    "/etc/os-release": { link: "../usr/lib/os-release" },
    "/bin": { link: "usr/bin" },
    "/sbin": { link: "usr/sbin" },
    "/lib": { link: "usr/lib" },
    "/usr/bin/sh": { link: "bash" },
    "/etc/hostname": "localhost\n",
    ...Object.fromEntries([...programs, ...administration]),
  };
}

export function rockyRoot(kernel: string, fstab: string): Files {
  return {
    ...baseFiles(machines.x86, 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n'),
    "/etc/fstab": fstab,
    "/etc/redhat-release": "Rocky Linux release 9.4 (Blue Onyx)\n",
    "/etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n",
    "/etc/login.defs": "ENCRYPT_METHOD SHA512\n",
    "/etc/pam.d/system-auth": { link: "/etc/authselect/system-auth" },
    "/etc/authselect/system-auth": "password    sufficient    pam_unix.so sha512 shadow nullok use_authtok\n",
    "/usr/bin/qemu-ga": elfOf(machines.x86),
    "/usr/lib/python3.9/site-packages/cloudinit/version.py":
      '__VERSION__ = "23.4"\n_PACKAGED_VERSION = "@@PACKAGED_VERSION@@"\n',
    [`/usr/lib/modules/${kernel}/modules.builtin`]: "kernel/drivers/char/random.ko\n",
  };
}

export function rockyBoot(kernel: string): Files {
  return {
    [`/vmlinuz-${kernel}`]: "kernel",
    [`/config-${kernel}`]: kernelConfig({
      VIRTIO_BLK: "m",
      VIRTIO_PCI: "m",
      VIRTIO_NET: "m",
      BLK_DEV_NVME: "m",
      FW_CFG_SYSFS: "y",
    }),
    [`/initramfs-${kernel}.img`]: initramfs(packers.gzip),
    "/vmlinuz-0-rescue-0123456789abcdef": "kernel",
    "/initramfs-0-rescue-0123456789abcdef.img": "never read",
    [`/loader/entries/0123-${kernel}.conf`]: `title Rocky\nlinux /vmlinuz-${kernel}\noptions root=/dev/mapper/vg--root-root ro\n`,
  };
}

export function ubuntuRoot(machine: number, kernel: string, fstab: string): Files {
  return {
    ...baseFiles(
      machine,
      'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nNAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n',
    ),
    "/etc/fstab": fstab,
    "/etc/pam.d/common-password": "password [success=1 default=ignore] pam_unix.so obscure yescrypt\n",
    "/etc/netplan/50-cloud-init.yaml": "network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n",
    "/usr/lib/python3/dist-packages/cloudinit/version.py":
      '__VERSION__ = "24.1.3"\n_PACKAGED_VERSION = "24.1.3-0ubuntu3.3"\n',
    [`/boot/vmlinuz-${kernel}`]: "kernel",
    [`/boot/config-${kernel}`]: kernelConfig({
      VIRTIO_BLK: "y",
      VIRTIO_PCI: "y",
      VIRTIO_NET: "y",
      BLK_DEV_NVME: "m",
      FW_CFG_SYSFS: "y",
    }),
    [`/boot/initrd.img-${kernel}`]: initramfs(packers.zstd),
    "/boot/grub/grub.cfg": `linux /boot/vmlinuz-${kernel} root=LABEL=cloudimg-rootfs ro\n`,
  };
}

export function suseRoot(kernel: string, fstab: string): Files {
  return {
    ...baseFiles(
      machines.x86,
      'NAME="SLES"\nVERSION="15-SP6"\nVERSION_ID="15.6"\nPRETTY_NAME="SUSE Linux Enterprise Server 15 SP6"\nID="sles"\n',
    ),
    "/etc/fstab": fstab,
    "/usr/sbin/btrfs": elfOf(machines.x86),
    "/etc/login.defs": "ENCRYPT_METHOD SHA512\n",
    "/etc/sysconfig/network/ifcfg-eth0": "BOOTPROTO='dhcp'\nSTARTMODE='auto'\n",
    "/usr/lib/python3.6/site-packages/cloudinit/version.py": '__VERSION__ = "23.3"\n',
    [`/boot/vmlinuz-${kernel}`]: "kernel",
    [`/boot/config-${kernel}`]: modularConfig,
    [`/boot/initrd-${kernel}`]: initramfs(packers.xz),
    "/boot/grub2/grub.cfg": `  linux /boot/vmlinuz-${kernel} root=UUID=5d3e4c62-1c2d-4d9e-8f47-c7a1b2c3d4e5\n`,
  };
}

/** No cloud-init, no growpart, no config of the kernel in /boot; a kernel that is named by its flavour. */
export function alpineRoot(fstab: string): Files {
  return {
    "/etc/os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n',
    "/etc/alpine-release": "3.20.3\n",
    "/bin/busybox": elfOf(machines.x86),
    "/bin/sh": { link: "/bin/busybox" },
    "/sbin/resize2fs": elfOf(machines.x86),
    "/usr/sbin/sshd": elfOf(machines.x86),
    "/etc/fstab": fstab,
    "/etc/network/interfaces": "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n",
    "/boot/vmlinuz-virt": "kernel",
    "/boot/initramfs-virt": initramfs(packers.lz4, moduleFiles("block/virtio_blk.ko.gz", "virtio/virtio_pci.ko.gz")),
    "/lib/modules/6.6.58-0-virt/modules.builtin": "kernel/drivers/firmware/qemu_fw_cfg.ko\n",
    "/lib/modules/6.6.58-0-virt/kernel/drivers/block/virtio_blk.ko.gz": "module",
    "/lib/modules/6.6.58-0-virt/kernel/drivers/virtio/virtio_pci.ko.gz": "module",
    "/lib/modules/6.6.58-0-virt/kernel/drivers/net/virtio_net.ko.gz": "module",
  };
}

/** CentOS 7 with what a physical server had: an initramfs for its own hardware, names of its own disks. */
export function oldCentosRoot(kernel: string): Files {
  return {
    ...baseFiles(machines.x86, 'NAME="CentOS Linux"\nVERSION="7 (Core)"\nID="centos"\nVERSION_ID="7"\n'),
    "/etc/fstab":
      "/dev/sda1 / xfs defaults 0 0\n/dev/sda2 swap swap defaults 0 0\nUUID=deadbeef-0000-4000-8000-000000000000 /data xfs defaults 0 0\n",
    "/etc/adjtime": "0.0 0 0.0\n0\nLOCAL\n",
    "/etc/login.defs": "ENCRYPT_METHOD MD5\n",
    "/etc/sysconfig/network-scripts/ifcfg-eth0": "DEVICE=eth0\nBOOTPROTO=static\nIPADDR=192.168.1.10\n",
    "/etc/sysconfig/network-scripts/ifcfg-lo": "DEVICE=lo\nIPADDR=127.0.0.1\n",
    "/usr/lib/python2.7/site-packages/cloudinit/version.py":
      'from distutils import version as vr\ndef version():\n    return vr.StrictVersion("0.7.6")\n',
    "/usr/lib/python2.7/site-packages/cloud_init-0.7.6a12-py2.7.egg-info/PKG-INFO": "Name: cloud-init\n",
    [`/boot/vmlinuz-${kernel}`]: "kernel",
    [`/boot/config-${kernel}`]: kernelConfig({ VIRTIO_BLK: "m", VIRTIO_PCI: "m", VIRTIO_NET: "m", FW_CFG_SYSFS: "y" }),
    [`/boot/initramfs-${kernel}.img`]: initramfs(packers.gzip, moduleFiles("scsi/megaraid/megaraid_sas.ko.xz")),
    "/boot/grub2/grub.cfg": `linux16 /boot/vmlinuz-${kernel} root=/dev/sda1 ro\n`,
  };
}
