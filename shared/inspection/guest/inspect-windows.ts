/** A Windows guest: what its registry says of it in a report, and the findings that follow. */
import { finding } from "../findings.ts";
import { printable } from "../printable-text.ts";
import type { Finding, Guest } from "../report.ts";
import { bootModesOf } from "./boot-modes.ts";
import { type BootFacts, bootRules } from "./boot-rules.ts";
import { architectureOf } from "./machine-code.ts";
import { judge, type Rule, type Verdict } from "./rules.ts";
import type { WindowsFacts, WindowsService } from "./windows-registry/windows-facts.ts";

/** Values of a service's Start. */
const atBoot = 0;
const disabled = 4;

/** The drivers of virtio disks. ECS's are of the first kind. */
const virtioDiskDrivers = ["viostor", "vioscsi"];

interface WindowsGuestFacts extends BootFacts {
  readonly windows: WindowsFacts;
  /** True when the volume was not cleanly unmounted, or Windows hibernated on it. */
  readonly unclean: boolean;
}

const windowsRules: readonly Rule<WindowsGuestFacts>[] = [
  ...bootRules,
  { code: "virtio.missing", check: virtioMissing },
  {
    code: "virtio.net-missing",
    check: ({ windows }) =>
      knowsServices(windows) && !isUsable(windows.networkDriver)
        ? {
            message: "The virtio network driver (netkvm) is not installed: an instance would have no network.",
            fix: "Install the virtio drivers for Windows (virtio-win) before copying the disk.",
          }
        : undefined,
  },
  {
    code: "network.not-dhcp",
    check: ({ windows }) =>
      windows.dhcpClient?.start === disabled
        ? {
            message: "The DHCP client is disabled; ECS gives addresses by DHCP.",
            fix: "Set the service Dhcp to start automatically.",
          }
        : undefined,
  },
  {
    code: "filesystem.unclean",
    check: ({ unclean }) =>
      unclean
        ? {
            message: "The system volume was not cleanly unmounted, or Windows hibernated on it.",
            fix: "Turn fast startup off (powercfg /h off) and shut Windows down before copying its disk.",
          }
        : undefined,
  },
];

/** Every Windows has the DHCP client: without it the list of services was not there to be read. */
function knowsServices(windows: WindowsFacts): boolean {
  return windows.dhcpClient !== undefined || windows.storageDrivers.length > 0;
}

function isUsable(service: WindowsService | undefined): boolean {
  return service?.filePresent === true && service.start !== disabled;
}

function startsAtBoot({ start, filePresent }: WindowsService): boolean {
  return start === atBoot && filePresent;
}

/** A driver that is in place and yet passed over at boot, as nothing needed it where it was installed. */
function isHeldBack({ startOverride = atBoot }: WindowsService): boolean {
  return startOverride !== atBoot;
}

function virtioMissing({ windows, unclean }: WindowsGuestFacts): Verdict | undefined {
  if (!knowsServices(windows)) return undefined;
  const installed = windows.storageDrivers.filter(({ name }) => virtioDiskDrivers.includes(name));
  const ready = installed.filter(startsAtBoot);
  if (ready.some((driver) => !isHeldBack(driver))) return undefined;
  if (ready[0] !== undefined) {
    const { name } = ready[0];
    return {
      severity: "warning",
      message: `The virtio disk driver (${name}) is installed, but its key StartOverride holds it back at boot.`,
      fix: `Delete the key HKLM\\SYSTEM\\CurrentControlSet\\Services\\${name}\\StartOverride before copying the disk.`,
    };
  }
  const state =
    installed.length === 0
      ? "is not installed"
      : installed.every(({ filePresent }) => !filePresent)
        ? "is registered, but its file is not there"
        : "does not start at boot";
  return {
    message: `The virtio disk driver (viostor) ${state}: Windows cannot reach its disk on an ECS instance.`,
    fix: "Install the virtio drivers for Windows (virtio-win) before copying the disk, so that viostor starts at boot.",
    // Changes that are still in the registry's logs, or the filesystem's, may have brought it.
    ...(windows.isRegistryClean && !unclean ? {} : { severity: "warning" as const }),
  };
}

/** What a Windows is, and what is to be said of it. */
export function inspectWindows(
  windows: WindowsFacts,
  unclean: boolean,
  boot: Pick<BootFacts, "efiLoaders" | "hasBiosCode">,
): { guest: Guest; findings: Finding[] } {
  const machine = windows.architecture;
  const architecture = architectureOf(machine);
  const bootModes = bootModesOf(boot.efiLoaders, boot.hasBiosCode, machine);
  const modes = bootModes === undefined ? {} : { bootModes };
  const facts = { ...boot, ...(machine === undefined ? {} : { machine }), ...modes, windows, unclean };
  const nvme = windows.storageDrivers.find(({ name }) => name === "stornvme");
  const name = windows.productName === undefined ? "Windows" : printable(windows.productName);
  return {
    guest: {
      osType: "windows",
      ...(windows.platform === undefined ? {} : { platform: windows.platform }),
      distribution: {
        id: "windows",
        ...(windows.build === undefined ? {} : { versionId: String(windows.build) }),
        name,
      },
      ...(architecture === undefined ? {} : { architecture }),
      ...modes,
      ...(nvme !== undefined && startsAtBoot(nvme) && !isHeldBack(nvme) ? { nvmeSupport: "supported" as const } : {}),
    },
    findings: [
      finding(
        "guest.windows",
        `The image holds ${name}.`,
        "Say licenseType in the manifest: Aliyun (billed with the instance) or BYOL (a licence of your own).",
      ),
      ...judge(windowsRules, facts),
    ],
  };
}
