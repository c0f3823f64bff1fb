import fc from "fast-check";
import { bootModesOf, readEfiLoaders } from "../../../../shared/inspection/guest/boot-modes.ts";
import {
  elfMachine,
  kernelMachine,
  type Machine,
  peMachine,
} from "../../../../shared/inspection/guest/machine-code.ts";
import { memoryTree } from "./memory-tree.ts";

function elf(number: number, isBigEndian = false): Buffer {
  const head = Buffer.alloc(64);
  head.write("\x7fELF", "latin1");
  head[5] = isBigEndian ? 2 : 1;
  if (isBigEndian) head.writeUInt16BE(number, 18);
  else head.writeUInt16LE(number, 18);
  return head;
}

function pe(number: number): Buffer {
  const head = Buffer.alloc(512);
  head.write("MZ", "latin1");
  head.writeUInt32LE(128, 60);
  head.write("PE\0\0", 128, "latin1");
  head.writeUInt16LE(number, 132);
  return head;
}

function bzImage(protocol: number, flags: number): Buffer {
  const head = Buffer.alloc(1024);
  head.write("HdrS", 0x202, "latin1");
  head.writeUInt16LE(protocol, 0x206);
  head.writeUInt16LE(flags, 0x236);
  return head;
}

describe("the machine of a program", () => {
  it.each([
    [elf(3), "i386"],
    [elf(62), "x86_64"],
    [elf(183), "arm64"],
    [elf(243), "other:243"],
    [elf(21, true), "other:21"],
    [Buffer.from("#!/bin/sh"), undefined],
    [Buffer.alloc(0), undefined],
  ])("by its ELF header %#", (head, machine) => {
    expect(elfMachine(head)).toBe(machine);
  });

  it.each([
    [pe(0x14c), "i386"],
    [pe(0x8664), "x86_64"],
    [pe(0xaa64), "arm64"],
    [pe(0x5064), `other:${0x5064}`],
    [pe(0x8664).subarray(0, 100), undefined],
    [Buffer.from("MZ"), undefined],
  ])("by its PE header %#", (head, machine) => {
    expect(peMachine(head)).toBe(machine);
  });

  it.each([
    [bzImage(0x20f, 1), "x86_64"],
    [bzImage(0x20f, 0), "i386"],
    [bzImage(0x206, 1), "i386"],
    [pe(0xaa64), "arm64"],
    [Buffer.from([0x1f, 0x8b]), undefined],
  ])("that is a kernel %#", (head, machine) => {
    expect(kernelMachine(head)).toBe(machine);
  });

  it("of any bytes is told or not", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
        for (const read of [elfMachine, peMachine, kernelMachine]) read(Buffer.from(bytes));
        kernelMachine(Buffer.concat([Buffer.from("MZ"), Buffer.from(bytes)]));
      }),
    );
  });
});

describe("EFI boot loaders", () => {
  it.each<[string, Record<string, Buffer>, readonly Machine[], boolean]>([
    ["of the fallback name", { "/EFI/BOOT/BOOTX64.EFI": pe(0x8664) }, ["x86_64"], false],
    ["of both names", { "/EFI/BOOT/BOOTX64.EFI": pe(0x8664), "/EFI/sles/shim.efi": pe(0x8664) }, ["x86_64"], true],
    [
      "for two machines",
      { "/EFI/BOOT/BOOTX64.EFI": pe(0x8664), "/EFI/BOOT/BOOTIA32.EFI": pe(0x14c) },
      ["x86_64", "i386"],
      false,
    ],
    ["whose header is not understood", { "/EFI/BOOT/BOOTAA64.EFI": Buffer.from("loader") }, ["arm64"], false],
    ["for another machine than its name says", { "/EFI/BOOT/BOOTAA64.EFI": pe(0x8664) }, [], false],
    ["that is empty", { "/EFI/BOOT/BOOTX64.EFI": Buffer.alloc(0) }, [], false],
    ["in a distribution's folder only", { "/EFI/debian/shimx64.efi": pe(0x8664) }, [], true],
    ["that are a unified kernel image", { "/EFI/Linux/6.11.efi": pe(0x8664) }, [], true],
    ["that are Windows' own", { "/EFI/Microsoft/Boot/bootmgfw.efi": pe(0x8664) }, [], true],
    ["that only update firmware", { "/EFI/fedora/fwupdx64.efi": pe(0x8664) }, [], false],
    ["that are none", { "/EFI/debian/BOOTX64.CSV": Buffer.from("x") }, [], false],
    ["on a partition without EFI", { "/dos/command.com": Buffer.from("x") }, [], false],
  ])("%s", async (_, files, fallback, distribution) => {
    expect(await readEfiLoaders(memoryTree(files))).toMatchObject({ fallback, distribution });
  });

  it.each<[string, Record<string, string>, boolean | undefined]>([
    ["a unified kernel image", { "/EFI/Linux/fedora-6.11.efi": "" }, true],
    ["an entry of systemd-boot", { "/EFI/BOOT/BOOTX64.EFI": "x", "/loader/entries/arch.conf": "" }, true],
    ["a loader only", { "/EFI/BOOT/BOOTX64.EFI": "x", "/EFI/debian/grubx64.efi": "" }, false],
  ])("may stand beside kernels: %s", async (_, files, hasKernel) => {
    expect((await readEfiLoaders(memoryTree(files))).hasKernel).toBe(hasKernel);
  });
});

describe("boot modes", () => {
  const none = { fallback: [], distribution: false };
  const uefi = { fallback: ["x86_64" as const], distribution: true };
  it.each([
    [none, false, "x86_64", []],
    [undefined, true, "x86_64", undefined],
    [uefi, undefined, "x86_64", undefined],
    [none, true, "x86_64", ["BIOS"]],
    [uefi, true, "x86_64", ["BIOS", "UEFI"]],
    [uefi, false, undefined, ["UEFI"]],
    [{ fallback: [], distribution: true }, false, "x86_64", ["UEFI"]],
    [none, true, "arm64", []],
    [{ fallback: ["x86_64"], distribution: false }, true, "arm64", []],
    [{ fallback: ["arm64"], distribution: false }, true, "x86_64", ["BIOS"]],
    [{ fallback: ["x86_64"], distribution: false }, false, "i386", ["UEFI"]],
  ] as const)("%#", (loaders, hasBiosCode, machine, modes) => {
    expect(bootModesOf(loaders, hasBiosCode, machine)).toEqual(modes);
  });
});
