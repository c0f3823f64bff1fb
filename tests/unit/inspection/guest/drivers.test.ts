import { gzipSync } from "node:zlib";
import {
  isThereEarly,
  lacksVirtioDisk,
  readDriversOfKernels,
} from "../../../../shared/inspection/guest/linux/drivers.ts";
import { readKernels } from "../../../../shared/inspection/guest/linux/kernels.ts";
import { cpio, moduleFiles } from "./initramfs-builder.ts";
import { type MemoryFiles, memoryTree } from "./memory-tree.ts";

const version = "6.1.0-1";
const allModules = moduleFiles("block/virtio_blk.ko", "virtio/virtio_pci.ko", "nvme/host/nvme.ko");

function config(values: Record<string, "y" | "m" | "n">): string {
  const lines = Object.entries(values).map(([name, value]) =>
    value === "n" ? `# CONFIG_${name} is not set` : `CONFIG_${name}=${value}`,
  );
  return ["CONFIG_64BIT=y", ...lines, ""].join("\n");
}

const modular = config({ VIRTIO_BLK: "m", VIRTIO_PCI: "m", VIRTIO_NET: "m", BLK_DEV_NVME: "m", FW_CFG_SYSFS: "m" });

function kernelFiles(name: string, files: { config?: string; initramfs?: Buffer }): MemoryFiles {
  return {
    [`/boot/vmlinuz-${name}`]: "kernel",
    ...(files.config === undefined ? {} : { [`/boot/config-${name}`]: files.config }),
    ...(files.initramfs === undefined ? {} : { [`/boot/initrd.img-${name}`]: files.initramfs }),
  };
}

async function driversOf(files: MemoryFiles) {
  const tree = memoryTree(files);
  return readDriversOfKernels(tree, await readKernels(tree));
}

describe("the drivers of a kernel", () => {
  it("are there early when the initramfs holds them", async () => {
    const [kernel] = await driversOf(kernelFiles(version, { config: modular, initramfs: gzipSync(cpio(allModules)) }));
    expect(kernel && lacksVirtioDisk(kernel)).toBe(false);
    expect(kernel && isThereEarly(kernel, "nvme")).toBe(true);
    expect(kernel?.kinds).toEqual({ virtio_blk: "m", virtio_pci: "m", virtio_net: "m", nvme: "m", qemu_fw_cfg: "m" });
  });

  it("are there early when they are built in, and the initramfs is left alone", async () => {
    const builtIn = config({ VIRTIO_BLK: "y", VIRTIO_PCI: "y", BLK_DEV_NVME: "y" });
    const [kernel] = await driversOf(kernelFiles(version, { config: builtIn, initramfs: Buffer.from("not read") }));
    expect(kernel && [isThereEarly(kernel, "virtio_blk"), isThereEarly(kernel, "nvme")]).toEqual([true, true]);
  });

  it("are surely not there when an initramfs that was read to its end has none", async () => {
    const initramfs = gzipSync(cpio(moduleFiles("block/virtio_blk.ko", "scsi/hv_storvsc.ko")));
    const [kernel] = await driversOf(kernelFiles(version, { config: modular, initramfs }));
    expect(kernel && isThereEarly(kernel, "virtio_blk")).toBe(true);
    expect(kernel && isThereEarly(kernel, "virtio_pci")).toBe(false);
    expect(kernel && lacksVirtioDisk(kernel)).toBe(true);
  });

  it.each([
    ["the initramfs is cut short", { config: modular, initramfs: gzipSync(cpio([])).subarray(0, 15) }],
    ["there is no initramfs", { config: modular }],
    ["nothing says what is built in", { initramfs: gzipSync(cpio([])) }],
  ])("cannot be told when %s", async (_, files) => {
    const [kernel] = await driversOf(kernelFiles(version, files));
    expect(kernel && isThereEarly(kernel, "virtio_blk")).toBeUndefined();
    expect(kernel && lacksVirtioDisk(kernel)).toBe(false);
  });

  it.each([
    ["without an initramfs", {}],
    ["with an initramfs that cannot be read", { initramfs: Buffer.from("BZh9") }],
  ])("are surely not there in a kernel that was built without them, %s", async (_, files) => {
    const [kernel] = await driversOf(kernelFiles(version, { config: config({ VIRTIO_PCI: "y" }), ...files }));
    expect(kernel && isThereEarly(kernel, "virtio_blk")).toBe(false);
    expect(kernel && lacksVirtioDisk(kernel)).toBe(true);
  });

  it("are told without a config by modules.builtin and the installed modules", async () => {
    const directory = `/lib/modules/${version}`;
    const [kernel] = await driversOf({
      ...kernelFiles(version, { initramfs: gzipSync(cpio([])) }),
      [`${directory}/modules.builtin`]: "kernel/drivers/virtio/virtio_pci.ko\n",
      [`${directory}/kernel/drivers/block/virtio_blk.ko.xz`]: "module",
    });
    expect(kernel?.kinds).toEqual({ virtio_blk: "m", virtio_pci: "y", virtio_net: "n", nvme: "n", qemu_fw_cfg: "n" });
    expect(kernel && isThereEarly(kernel, "virtio_blk")).toBe(false);
    expect(kernel && isThereEarly(kernel, "virtio_pci")).toBe(true);
  });

  it("are read of older kernels only where the newest lacks them, and of three at most", async () => {
    const without = { config: modular, initramfs: gzipSync(cpio([])) };
    const files = ["1", "2", "3", "4"].map((minor) => kernelFiles(`6.${minor}.0`, without));
    expect((await driversOf(Object.assign({}, ...files))).map((kernel) => kernel.version)).toEqual([
      "6.4.0",
      "6.3.0",
      "6.2.0",
    ]);
    const good = kernelFiles("6.5.0", { config: modular, initramfs: gzipSync(cpio(allModules)) });
    expect((await driversOf(Object.assign({}, good, ...files))).map((kernel) => kernel.version)).toEqual(["6.5.0"]);
  });
});
