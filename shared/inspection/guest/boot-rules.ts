/** Rules on how a disk boots, whatever system it holds. */
import type { BootMode } from "../report.ts";
import type { EfiLoaders } from "./boot-modes.ts";
import type { Machine } from "./machine-code.ts";
import type { Rule, Verdict } from "./rules.ts";

/** What the disk and its system tell of how it boots. Absent: could not be told. */
export interface BootFacts {
  readonly efiLoaders?: EfiLoaders;
  readonly hasBiosCode?: boolean;
  /** What the system's programs are for. */
  readonly machine?: Machine;
  readonly bootModes?: readonly BootMode[];
}

export const bootRules: readonly Rule<BootFacts>[] = [
  {
    code: "architecture.unsupported",
    check: ({ machine }) =>
      machine?.startsWith("other:")
        ? {
            message: `The programs are for a processor that ECS has no instances for (ELF machine ${machine.slice(6)}).`,
            fix: "Install the system for x86_64 or arm64.",
          }
        : undefined,
  },
  { code: "boot.uefi-missing", check: uefiMissing },
  {
    code: "boot.uefi-fallback-missing",
    check: ({ efiLoaders, bootModes }) =>
      efiLoaders?.distribution && efiLoaders.fallback.length === 0
        ? {
            message:
              "The EFI system partition has a boot loader in a distribution's folder only, and a new instance has no boot entry for it.",
            fix: "Install the loader under the fallback name too, e.g. `grub-install --removable`.",
            ...(bootModes?.includes("BIOS") ? { severity: "info" as const } : {}),
          }
        : undefined,
  },
  {
    code: "boot.not-found",
    check: ({ bootModes, machine }) =>
      bootModes?.length === 0 && machine !== "arm64"
        ? {
            message: "The disk has neither BIOS boot code nor a boot loader on an EFI system partition.",
            fix: "Install a boot loader on this disk, e.g. `grub-install`; if it boots all the same, set bootMode in the manifest.",
          }
        : undefined,
  },
];

function uefiMissing({ machine, efiLoaders }: BootFacts): Verdict | undefined {
  if (machine !== "arm64" || efiLoaders === undefined || efiLoaders.distribution) return undefined;
  if (efiLoaders.fallback.includes("arm64")) return undefined;
  return {
    message: "The image is for arm64, which boots by UEFI only, and has no EFI boot loader for it.",
    fix: "Create an EFI system partition and install a loader as \\EFI\\BOOT\\BOOTAA64.EFI, e.g. `grub-install --target=arm64-efi --removable`.",
  };
}
