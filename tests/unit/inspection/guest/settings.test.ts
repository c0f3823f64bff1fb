import fc from "fast-check";
import { parseRootParameter, readRootParameter } from "../../../../shared/inspection/guest/linux/boot-parameters.ts";
import { entriesByMachineName, isMachineName, parseFstab } from "../../../../shared/inspection/guest/linux/fstab.ts";
import {
  readAddressing,
  readIfcfg,
  readInterfaces,
  readKeyfile,
  readNetplan,
  readNetworkd,
} from "../../../../shared/inspection/guest/linux/network.ts";
import {
  isStrongHash,
  loginDefsHashMethod,
  pamHashMethod,
  readHashMethod,
  readIsRtcLocal,
  readIsSelinuxEnforcing,
} from "../../../../shared/inspection/guest/linux/system-settings.ts";
import { memoryTree } from "./memory-tree.ts";

describe("fstab", () => {
  it("is read with its comments, blanks, quotes and escapes", () => {
    const text = [
      "# <file system> <mount point>",
      "",
      'UUID="1234"\t/  ext4 rw,noatime 0 1',
      "LABEL=my\\040disk /my\\040disk xfs",
      "/dev/sdb1 none swap sw 0 0",
      "short line",
    ].join("\n");
    expect(parseFstab(text)).toEqual([
      { device: "UUID=1234", mountPoint: "/", filesystem: "ext4", options: ["rw", "noatime"] },
      { device: "LABEL=my disk", mountPoint: "/my disk", filesystem: "xfs", options: ["defaults"] },
      { device: "/dev/sdb1", mountPoint: "none", filesystem: "swap", options: ["sw"] },
    ]);
  });

  it("of any text is read, 200 entries at most", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseFstab(text)));
    expect(parseFstab("a b c\n".repeat(1000))).toHaveLength(200);
  });

  it.each([
    ["/dev/sda1", true],
    ["/dev/vda", true],
    ["/dev/hda2", true],
    ["/dev/xvda1", true],
    ["/dev/nvme0n1p2", true],
    ["/dev/disk/by-id/ata-QEMU_HARDDISK-part1", true],
    ["/dev/disk/by-path/pci-0000:00:1f.2-part1", true],
    ["/dev/disk/by-uuid/1234", false],
    ["/dev/mapper/vg-root", false],
    ["/dev/vg/root", false],
    ["UUID=1234", false],
    ["tmpfs", false],
    ["/dev/sr0", false],
  ])("names by machine: %s: %s", (device, answer) => {
    expect(isMachineName(device)).toBe(answer);
  });

  it("counts device names only where the boot waits for them", () => {
    const entries = parseFstab("/dev/sda1 / ext4\n/dev/sdb1 /data ext4 nofail\n/dev/sdc1 /usb vfat noauto,user\n");
    expect(entriesByMachineName(entries).map(({ device }) => device)).toEqual(["/dev/sda1"]);
  });
});

describe("the root device of the boot loader", () => {
  it.each([
    ["GRUB's menu", "menuentry 'x' {\n\tlinux\t/boot/vmlinuz root=/dev/vda1 ro\n}", "/dev/vda1"],
    ["GRUB's menu for EFI", "  linuxefi /vmlinuz root=UUID=12 ro", "UUID=12"],
    ["a boot loader entry", "title x\noptions root=UUID=34 ro", "UUID=34"],
    ["a bare command line", "root=LABEL=r quiet", "LABEL=r"],
    ["a menu with variables only", "set root=hd0\nlinux /vmlinuz root=$kernelroot", undefined],
    ["a comment", "# linux root=/dev/sda1", undefined],
  ])("is read from %s", (_, text, root) => {
    expect(parseRootParameter(text)).toBe(root);
  });

  it("is that of the entries before that of the menu", async () => {
    const tree = memoryTree({
      "/boot/loader/entries/a.conf": "options root=UUID=1",
      "/boot/grub2/grub.cfg": "linux /x root=/dev/sda1",
    });
    expect(await readRootParameter(tree)).toBe("UUID=1");
  });
});

describe("addressing", () => {
  it.each([
    ["interfaces", readInterfaces, "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n", "dhcp"],
    ["interfaces", readInterfaces, "iface ens3 inet static\n  address 10.0.0.2\n", "static"],
    ["interfaces", readInterfaces, "iface lo inet static\n", undefined],
    ["interfaces", readInterfaces, "# iface eth0 inet dhcp\n", undefined],
    ["netplan", readNetplan, "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n", "dhcp"],
    ["netplan", readNetplan, 'network:\n  ethernets:\n    eth0:\n      dhcp4: "yes"\n', "dhcp"],
    [
      "netplan",
      readNetplan,
      "network:\n  ethernets:\n    eth0:\n      dhcp4: no\n      addresses: [10.0.0.2/24]\n",
      "static",
    ],
    ["netplan", readNetplan, "eth0:\n  nameservers:\n    addresses: [1.1.1.1]\n  mtu: 1500\n", undefined],
    [
      "netplan",
      readNetplan,
      "eth0:\n  nameservers:\n    addresses: [1.1.1.1]\n  addresses:\n    - 10.0.0.2/24\n",
      "static",
    ],
    ["ifcfg", readIfcfg, 'DEVICE=eth0\nBOOTPROTO="dhcp"\n', "dhcp"],
    ["ifcfg", readIfcfg, "BOOTPROTO=none\nIPADDR=10.0.0.2\n", "static"],
    ["ifcfg", readIfcfg, "BOOTPROTO=static\nIPADDR0=10.0.0.2\n", "static"],
    ["ifcfg", readIfcfg, "DEVICE=eth0\nONBOOT=yes\n", undefined],
    ["networkd", readNetworkd, "[Match]\nName=en*\n[Network]\nDHCP=ipv4\n", "dhcp"],
    ["networkd", readNetworkd, "[Network]\nDHCP=no\nAddress=10.0.0.2/24\n", "static"],
    ["keyfile", readKeyfile, "[ipv4]\nmethod=auto\n", "dhcp"],
    ["keyfile", readKeyfile, "[ipv4]\nmethod=manual\naddress1=10.0.0.2/24\n", "static"],
  ])("in %s", (_, read, text, answer) => {
    expect(read(text)).toBe(answer);
  });

  it("is DHCP as soon as one interface asks for it, and static only where none does", async () => {
    const fixed = { "/etc/netplan/10-a.yaml": "eth0:\n  addresses: [10.0.0.2/24]\n" };
    expect(await readAddressing(memoryTree(fixed))).toBe("static");
    const both = { ...fixed, "/etc/network/interfaces.d/eth1": "iface eth1 inet dhcp\n" };
    expect(await readAddressing(memoryTree(both))).toBe("dhcp");
    expect(await readAddressing(memoryTree({ "/etc/hosts": "" }))).toBeUndefined();
  });
});

describe("password hashing", () => {
  it.each([
    ["password [success=1 default=ignore] pam_unix.so obscure yescrypt", "yescrypt"],
    ["password    sufficient    pam_unix.so sha512 shadow nullok", "sha512"],
    ["password sufficient /lib64/security/pam_unix.so md5", "md5"],
    ["-password sufficient pam_unix2.so blowfish", "blowfish"],
    ["password sufficient pam_unix.so shadow", undefined],
    ["auth required pam_unix.so md5", undefined],
    ["# password sufficient pam_unix.so md5", undefined],
  ])("of %j is %s", (text, method) => {
    expect(pamHashMethod(text)).toBe(method);
  });

  it.each([
    ["ENCRYPT_METHOD SHA512", "sha512"],
    ["# ENCRYPT_METHOD MD5\nENCRYPT_METHOD\tDES\n", "des"],
    ["MD5_CRYPT_ENAB no", undefined],
  ])("of login.defs %j is %s", (text, method) => {
    expect(loginDefsHashMethod(text)).toBe(method);
  });

  it("is what PAM says before what login.defs says", async () => {
    const loginDefs = { "/etc/login.defs": "ENCRYPT_METHOD DES" };
    expect(await readHashMethod(memoryTree(loginDefs))).toBe("des");
    const pam = { "/etc/pam.d/system-auth": "password sufficient pam_unix.so sha512" };
    expect(await readHashMethod(memoryTree({ ...loginDefs, ...pam }))).toBe("sha512");
    expect(await readHashMethod(memoryTree({ "/etc/hosts": "" }))).toBeUndefined();
  });

  it("is strong from SHA-512 on", () => {
    expect(["sha512", "yescrypt", "gost_yescrypt", "sha256", "md5", "des", "blowfish"].map(isStrongHash)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("the hardware clock", () => {
  it.each([
    ["/etc/adjtime", "0.0 0 0.0\n0\nLOCAL\n", true],
    ["/etc/adjtime", "0.0 0 0.0\n0\nUTC\n", false],
    ["/etc/default/rcS", "UTC=no\n", true],
    ["/etc/default/rcS", "#UTC=no\n", false],
    ["/etc/sysconfig/clock", 'ZONE="Asia/Shanghai"\nUTC=false\n', true],
    ["/etc/conf.d/hwclock", 'clock="local"\n', true],
    ["/etc/conf.d/hwclock", 'clock="UTC"\n', false],
    ["/etc/hosts", "", false],
  ])("by %s %j is in local time: %s", async (path, text, answer) => {
    expect(await readIsRtcLocal(memoryTree({ [path]: text }))).toBe(answer);
  });
});

describe("SELinux", () => {
  it.each([
    ["SELINUX=enforcing\nSELINUXTYPE=targeted\n", true],
    ["# SELINUX=enforcing\nSELINUX=permissive\n", false],
    ["SELINUX=disabled\n", false],
  ])("set by %j enforces: %s", async (text, answer) => {
    expect(await readIsSelinuxEnforcing(memoryTree({ "/etc/selinux/config": text }))).toBe(answer);
  });
});
