import { findingCatalogue } from "../../../../shared/inspection/findings.ts";
import type { KernelDrivers } from "../../../../shared/inspection/guest/linux/drivers.ts";
import { linuxRules } from "../../../../shared/inspection/guest/linux/inspect-linux.ts";
import { isKernelAtMost } from "../../../../shared/inspection/guest/linux/kernel-rules.ts";
import type { LinuxFacts } from "../../../../shared/inspection/guest/linux/linux-facts.ts";
import { judge } from "../../../../shared/inspection/guest/rules.ts";

const version = "6.1.0-1";

const drivers: KernelDrivers = {
  version,
  hasConfig: true,
  kinds: { virtio_blk: "m", virtio_pci: "m", virtio_net: "m", nvme: "m", qemu_fw_cfg: "y" },
  inInitramfs: new Set(["virtio_blk", "virtio_pci", "nvme"]),
  initramfsComplete: true,
};

/** A guest that nothing can be said against. */
const good: LinuxFacts = {
  rootFilesystem: "ext4",
  unclean: [],
  missingMounts: [],
  efiLoaders: { fallback: ["x86_64"], distribution: true },
  hasBiosCode: true,
  distribution: { id: "debian", versionId: "12" },
  platform: "Debian",
  machine: "x86_64",
  kernelMachine: "x86_64",
  bootModes: ["BIOS", "UEFI"],
  kernels: [{ version, imagePath: `/boot/vmlinuz-${version}`, initramfsPath: `/boot/initrd.img-${version}` }],
  drivers: [drivers],
  cloudInit: { installed: true, version: "22.4.2" },
  hasGrowpart: true,
  growTool: { name: "resize2fs", present: true },
  hashMethod: "yescrypt",
  isRtcLocal: false,
  fstab: [],
  rootParameter: "UUID=1",
  addressing: "dhcp",
  isSelinuxEnforcing: false,
  hasQemuGuestAgent: false,
  hasSshServer: true,
};

const arm: Partial<LinuxFacts> = {
  machine: "arm64",
  kernelMachine: "arm64",
  efiLoaders: { fallback: ["arm64"], distribution: true },
  hasBiosCode: false,
  bootModes: ["UEFI"],
};
const rocky: Partial<LinuxFacts> = { platform: "Rocky Linux", distribution: { id: "rocky" } };

function withKinds(
  kinds: KernelDrivers["kinds"],
  inInitramfs: readonly string[] = ["virtio_blk", "virtio_pci", "nvme"],
) {
  return { ...drivers, kinds: { ...drivers.kinds, ...kinds }, inInitramfs: new Set(inInitramfs) };
}

function judged(facts: Partial<LinuxFacts>): string[] {
  return judge(linuxRules, { ...good, ...facts }).map(({ code, severity }) => `${code} ${severity}`);
}

const bare = withKinds({}, ["nvme"]);
const older = { version: "5.10.0-1" };

describe("the rules of a Linux guest", () => {
  it("have nothing against a good one", () => {
    expect(judged({})).toEqual([]);
    expect(judged(arm)).toEqual([]);
    expect(judged(rocky)).toEqual([]);
  });

  it("conclude nothing from facts that could not be told", () => {
    expect(judge(linuxRules, { rootFilesystem: "ext4", unclean: [], platform: "Others Linux" })).toEqual([]);
  });

  it.each<[string, Partial<LinuxFacts>, string[]]>([
    ["another processor", { machine: "other:243", kernelMachine: "other:243" }, ["architecture.unsupported error"]],
    ["programs of 32 bits on a kernel of 64", { machine: "i386" }, ["architecture.mixed info"]],
    [
      "no boot loader",
      { efiLoaders: { fallback: [], distribution: false }, hasBiosCode: false, bootModes: [] },
      ["boot.not-found warning"],
    ],
    [
      "arm64 without a loader",
      { ...arm, efiLoaders: { fallback: [], distribution: false }, bootModes: [] },
      ["boot.uefi-missing error"],
    ],
    [
      "arm64 with a loader for another machine",
      { ...arm, efiLoaders: { fallback: ["x86_64"], distribution: false } },
      ["boot.uefi-missing error"],
    ],
    [
      "arm64 with a loader in a folder only",
      { ...arm, efiLoaders: { fallback: [], distribution: true } },
      ["boot.uefi-fallback-missing warning"],
    ],
    [
      "a loader in a folder and BIOS",
      { efiLoaders: { fallback: [], distribution: true } },
      ["boot.uefi-fallback-missing info"],
    ],
    [
      "a loader in a folder and no BIOS",
      { efiLoaders: { fallback: [], distribution: true }, hasBiosCode: false, bootModes: ["UEFI"] },
      ["boot.uefi-fallback-missing warning"],
    ],
    ["a root by device name", { rootParameter: "/dev/sda1" }, ["boot.device-names warning"]],
    [
      "kernels on the EFI system partition only",
      { kernels: [], drivers: [], efiLoaders: { fallback: ["x86_64"], distribution: false, hasKernel: true } },
      [],
    ],
    ["no kernel", { kernels: [], drivers: [] }, ["kernel.missing warning"]],
    ["virtio missing in the only initramfs", { drivers: [bare] }, ["virtio.missing error"]],
    [
      "virtio missing while a journal may hold a newer initramfs",
      { drivers: [bare], unclean: ["/boot"] },
      ["virtio.missing warning", "filesystem.unclean warning"],
    ],
    ["virtio_pci alone missing", { drivers: [withKinds({}, ["virtio_blk", "nvme"])] }, ["virtio.missing error"]],
    [
      "virtio not even built",
      { drivers: [withKinds({ virtio_blk: "n" }, ["virtio_pci", "nvme"])] },
      ["virtio.missing error"],
    ],
    ["virtio built in", { drivers: [withKinds({ virtio_blk: "y", virtio_pci: "y", nvme: "y" }, [])] }, []],
    [
      "virtio missing in every kernel",
      { kernels: [...(good.kernels ?? []), older], drivers: [bare, { ...bare, ...older }] },
      ["virtio.missing error"],
    ],
    [
      "virtio missing in the newest kernel only",
      { kernels: [...(good.kernels ?? []), older], drivers: [bare, { ...drivers, ...older }] },
      ["virtio.missing warning"],
    ],
    [
      "virtio missing in those kernels that were read",
      { kernels: [...(good.kernels ?? []), older], drivers: [bare] },
      ["virtio.missing warning"],
    ],
    [
      "an initramfs that could not be read",
      { drivers: [{ ...bare, inInitramfs: new Set(), initramfsComplete: false }] },
      [],
    ],
    [
      "modules and no initramfs",
      {
        kernels: [{ version, imagePath: "/boot/vmlinuz" }],
        drivers: [{ version, kinds: drivers.kinds, hasConfig: true, initramfsComplete: false }],
      },
      ["virtio.missing warning"],
    ],
    [
      "modules and a kernel that is elsewhere",
      {
        kernels: [{ version }],
        drivers: [{ version, kinds: drivers.kinds, hasConfig: true, initramfsComplete: false }],
      },
      [],
    ],
    ["no network driver", { drivers: [withKinds({ virtio_net: "n" })] }, ["virtio.net-missing warning"]],
    ["no NVMe driver", { drivers: [withKinds({}, ["virtio_blk", "virtio_pci"])] }, ["nvme.missing info"]],
    ["kernel 3.6", { kernels: [{ version: "3.6.0" }] }, ["kernel.too-old info"]],
    ["kernel 2.6.32 on Rocky Linux", { ...rocky, kernels: [{ version: "2.6.32" }] }, ["kernel.too-old warning"]],
    ["fw_cfg as a module", { drivers: [withKinds({ qemu_fw_cfg: "m" })] }, ["kernel.fw-cfg info"]],
    ["fw_cfg as a module on arm64", { ...arm, drivers: [withKinds({ qemu_fw_cfg: "m" })] }, ["kernel.fw-cfg warning"]],
    ["no fw_cfg on Rocky Linux", { ...rocky, drivers: [withKinds({ qemu_fw_cfg: "n" })] }, ["kernel.fw-cfg warning"]],
    ["no cloud-init", { cloudInit: { installed: false } }, ["cloud-init.missing info"]],
    ["no cloud-init on arm64", { ...arm, cloudInit: { installed: false } }, ["cloud-init.missing warning"]],
    ["an old cloud-init", { cloudInit: { installed: true, version: "0.7.6a14" } }, ["cloud-init.too-old info"]],
    ["a cloud-init of no known version", { cloudInit: { installed: true } }, []],
    ["no growpart", { hasGrowpart: false }, ["growpart.missing info"]],
    ["no growpart on Rocky Linux", { ...rocky, hasGrowpart: false }, ["growpart.missing warning"]],
    ["no resize2fs", { growTool: { name: "resize2fs", present: false } }, ["resize2fs.missing info"]],
    ["no xfs_growfs", { ...rocky, growTool: { name: "xfs_growfs", present: false } }, ["xfs-growfs.missing warning"]],
    ["MD5", { hashMethod: "md5" }, ["password-hash.not-sha512 info"]],
    ["MD5 on Rocky Linux", { ...rocky, hashMethod: "md5" }, ["password-hash.not-sha512 warning"]],
    ["local time", { isRtcLocal: true }, ["rtc.not-utc info"]],
    ["local time on arm64", { ...arm, isRtcLocal: true }, ["rtc.not-utc warning"]],
    [
      "fstab by device name",
      { fstab: [{ device: "/dev/sda1", mountPoint: "/", filesystem: "ext4", options: [] }] },
      ["fstab.device-names warning"],
    ],
    [
      "fstab with a filesystem that is not there",
      { missingMounts: [{ device: "UUID=9", mountPoint: "/data", filesystem: "ext4", options: [] }] },
      ["fstab.missing-filesystem warning"],
    ],
    ["an unclean root", { unclean: ["/"] }, ["filesystem.unclean warning"]],
    [
      "a fixed address without cloud-init",
      { addressing: "static", cloudInit: { installed: false } },
      ["cloud-init.missing info", "network.not-dhcp warning"],
    ],
    ["a fixed address", { addressing: "static" }, ["network.not-dhcp info"]],
    ["SELinux", { isSelinuxEnforcing: true }, ["selinux.enforcing info"]],
    ["the QEMU guest agent", { hasQemuGuestAgent: true }, ["qemu-guest-agent.present warning"]],
    ["no SSH server", { hasSshServer: false }, ["sshd.missing info"]],
  ])("find with %s", (_, facts, findings) => {
    expect(judged(facts)).toEqual(findings);
  });

  it("give only severities that the catalogue names", () => {
    for (const { code } of linuxRules) expect(findingCatalogue).toHaveProperty([code]);
    expect(new Set(linuxRules.map(({ code }) => code)).size).toBe(linuxRules.length);
  });

  it("keep hostile text out of their messages", () => {
    const [finding] = judge(linuxRules, { ...good, rootParameter: `/dev/disk/by-id/\x1b[2J${"x".repeat(190)}` });
    expect(finding?.message).not.toContain("\x1b");
    expect(finding?.message.length).toBeLessThan(300);
  });
});

describe("a kernel's version", () => {
  it.each([
    ["3.6.11", true],
    ["3.7.0", false],
    ["2.6.32-754.el6", true],
    ["6.1.0", false],
    ["linux", false],
  ])("%s is at most 3.6: %s", (text, answer) => {
    expect(isKernelAtMost(text, 3, 6)).toBe(answer);
  });
});
