/** Which processor a program is for: the first bytes of ELF and PE files and of Linux kernels. Pure. */

import type { Architecture } from "../report.ts";
import { hasText, uint8, uint16be, uint16le, uint32le } from "../source/byte-fields.ts";

/** Enough of a file to tell: a PE header may begin after a stub of a few hundred bytes. */
export const machineHeadBytes = 4096;

/** `other:N` names a machine that ECS has no instances for, by its number in the format. */
export type Machine = Architecture | `other:${number}`;

/** e_machine numbers of the ELF specification's supplements. */
const elfMachines = new Map<number, Machine>([
  [3, "i386"],
  [62, "x86_64"],
  [183, "arm64"],
]);

/** Machine numbers of the PE/COFF specification. */
const peMachines = new Map<number, Machine>([
  [0x14c, "i386"],
  [0x8664, "x86_64"],
  [0xaa64, "arm64"],
]);

/** The machine of an ELF file; undefined when it is none. */
export function elfMachine(head: Buffer): Machine | undefined {
  if (head.length < 20 || !hasText(head, 0, "\x7fELF")) return undefined;
  const number = uint8(head, 5) === 2 ? uint16be(head, 18) : uint16le(head, 18);
  return elfMachines.get(number) ?? `other:${number}`;
}

/** The machine of a PE file (an EFI program, a Windows one); undefined when it is none or its header lies further in. */
export function peMachine(head: Buffer): Machine | undefined {
  if (head.length < 64 || !hasText(head, 0, "MZ")) return undefined;
  const start = uint32le(head, 60);
  if (start + 6 > head.length || !hasText(head, start, "PE\0\0")) return undefined;
  const number = uint16le(head, start + 4);
  return peMachines.get(number) ?? `other:${number}`;
}

/**
 * The machine of a Linux kernel file: x86's boot protocol (Documentation/arch/x86/boot.rst: "HdrS" at 0x202, bit 0 of
 * xloadflags at 0x236 for a 64-bit entry) or arm64's image header ("ARM\x64" at 56). Undefined for others, also
 * compressed ones.
 */
export function kernelMachine(head: Buffer): Machine | undefined {
  if (head.length >= 0x238 && hasText(head, 0x202, "HdrS")) {
    const protocol = uint16le(head, 0x206);
    return protocol >= 0x20c && (uint16le(head, 0x236) & 1) === 1 ? "x86_64" : "i386";
  }
  if (hasText(head, 56, "ARM\x64")) return "arm64";
  return peMachine(head);
}

/** ECS's name for a machine; undefined for those that it has none for. */
export function architectureOf(machine: Machine | undefined): Architecture | undefined {
  return machine === "i386" || machine === "x86_64" || machine === "arm64" ? machine : undefined;
}
