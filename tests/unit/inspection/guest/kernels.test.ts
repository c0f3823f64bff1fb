import fc from "fast-check";
import {
  moduleName,
  parseBuiltInModules,
  parseKernelConfig,
} from "../../../../shared/inspection/guest/linux/kernel-config.ts";
import { compareVersions, kernelsAmong, readKernels } from "../../../../shared/inspection/guest/linux/kernels.ts";
import { processorTime } from "../../../fixtures/images/processor-time.ts";
import { memoryTree } from "./memory-tree.ts";

describe("kernel versions", () => {
  it.each([
    ["5.10.0-9-amd64", "5.10.0-10-amd64"],
    ["5.9.0", "5.10.0"],
    ["3.10.0-327.el7.x86_64", "3.10.0-1160.el7.x86_64"],
    ["6.1.0", "6.1.0-1"],
    ["6.1.0-rc1", "6.2.0"],
  ])("%s is older than %s", (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
    expect(compareVersions(newer, newer)).toBe(0);
  });
});

describe("the kernels of a guest", () => {
  it("of Debian have their initrd and config, newest first", () => {
    const boot = ["6.1.0-9-amd64", "6.1.0-31-amd64"].flatMap((version) => [
      `vmlinuz-${version}`,
      `initrd.img-${version}`,
      `config-${version}`,
      `System.map-${version}`,
    ]);
    expect(kernelsAmong(boot, ["6.1.0-9-amd64", "6.1.0-31-amd64"])).toEqual([
      {
        version: "6.1.0-31-amd64",
        imagePath: "/boot/vmlinuz-6.1.0-31-amd64",
        initramfsPath: "/boot/initrd.img-6.1.0-31-amd64",
        configPath: "/boot/config-6.1.0-31-amd64",
      },
      {
        version: "6.1.0-9-amd64",
        imagePath: "/boot/vmlinuz-6.1.0-9-amd64",
        initramfsPath: "/boot/initrd.img-6.1.0-9-amd64",
        configPath: "/boot/config-6.1.0-9-amd64",
      },
    ]);
  });

  it("of SUSE are not doubled by what lies beside them for debuggers", () => {
    const version = "6.4.0-150600.23.25-default";
    const boot = [`vmlinuz-${version}`, `vmlinux-${version}.gz`, `initrd-${version}`, `.vmlinuz-${version}.hmac`];
    expect(kernelsAmong(boot, [version])).toEqual([
      { version, imagePath: `/boot/vmlinuz-${version}`, initramfsPath: `/boot/initrd-${version}` },
    ]);
  });

  it("of Red Hat's family leave the rescue kernel out", () => {
    const boot = [
      "vmlinuz-5.14.0-427.el9.x86_64",
      ".vmlinuz-5.14.0-427.el9.x86_64.hmac",
      "initramfs-5.14.0-427.el9.x86_64.img",
      "initramfs-5.14.0-427.el9.x86_64kdump.img",
      "vmlinuz-0-rescue-4c1a5e3f",
      "initramfs-0-rescue-4c1a5e3f.img",
    ];
    expect(kernelsAmong(boot, ["5.14.0-427.el9.x86_64"])).toEqual([
      {
        version: "5.14.0-427.el9.x86_64",
        imagePath: "/boot/vmlinuz-5.14.0-427.el9.x86_64",
        initramfsPath: "/boot/initramfs-5.14.0-427.el9.x86_64.img",
      },
    ]);
  });

  it("of SUSE have an initrd without an ending", () => {
    const [kernel] = kernelsAmong(["vmlinuz-6.4.0-150600.21-default", "initrd-6.4.0-150600.21-default", "vmlinuz"], []);
    expect(kernel).toMatchObject({
      version: "6.4.0-150600.21-default",
      initramfsPath: "/boot/initrd-6.4.0-150600.21-default",
    });
  });

  it("of Alpine get their version from the modules of their flavour", () => {
    expect(kernelsAmong(["vmlinuz-virt", "initramfs-virt", "config-6.6.58-0-virt"], ["6.6.58-0-virt"])).toEqual([
      {
        version: "6.6.58-0-virt",
        imagePath: "/boot/vmlinuz-virt",
        initramfsPath: "/boot/initramfs-virt",
        configPath: "/boot/config-6.6.58-0-virt",
      },
    ]);
  });

  it("are those with modules where /boot has none", async () => {
    const tree = memoryTree({ "/lib/modules/6.1.0-1/modules.dep": "", "/lib/modules/extra/x": "" });
    expect(await readKernels(tree)).toEqual([{ version: "6.1.0-1" }]);
  });

  it("are compared in bounded time, however many names a directory has", () => {
    const names = Array.from({ length: 50_000 }, (_, index) => `vmlinuz-flavour${index % 7}`);
    const versions = Array.from({ length: 50_000 }, (_, index) => `6.${index}-flavour${index % 7}`);
    const begin = processorTime();
    expect(kernelsAmong(names, versions)).toHaveLength(32);
    expect(processorTime() - begin).toBeLessThan(2000);
  });

  it("are none in a container's filesystem", async () => {
    expect(await readKernels(memoryTree({ "/etc/os-release": "ID=debian" }))).toEqual([]);
  });
});

describe("a kernel's config", () => {
  const text = "#\nCONFIG_VIRTIO_BLK=y\nCONFIG_VIRTIO_BLK_EXTRA=m\n# CONFIG_VIRTIO_NET is not set\nCONFIG_NVME=m\n";
  it.each([
    ["CONFIG_VIRTIO_BLK", "y"],
    ["CONFIG_NVME", "m"],
    ["CONFIG_VIRTIO_NET", "n"],
    ["CONFIG_VIRTIO", "n"],
    ["CONFIG_ABSENT", "n"],
  ])("has %s as %s", (option, value) => {
    expect(parseKernelConfig(text, [option])?.get(option)).toBe(value);
  });

  it("counts from its first line", () => {
    expect(parseKernelConfig("CONFIG_A=y", ["CONFIG_A"])?.get("CONFIG_A")).toBe("y");
  });

  it("is none without an option in it", () => {
    expect(parseKernelConfig("hello", ["CONFIG_A"])).toBeUndefined();
  });
});

describe("names of modules", () => {
  it.each([
    ["kernel/drivers/block/virtio_blk.ko", "virtio_blk"],
    ["kernel/drivers/char/virtio-rng.ko.xz", "virtio_rng"],
    ["nvme.ko.zst", "nvme"],
    ["nvme.kox", undefined],
    ["", undefined],
  ])("of %s: %s", (path, name) => {
    expect(moduleName(path)).toBe(name);
  });

  it("are read from modules.builtin", () => {
    expect(parseBuiltInModules("kernel/a/virtio-pci.ko\nkernel/b/nvme.ko\n\n")).toEqual(
      new Set(["virtio_pci", "nvme"]),
    );
  });

  it("never throw", () => {
    fc.assert(fc.property(fc.string(), (path) => void moduleName(path)));
  });
});
