/** A Linux guest: its facts, what they say of it in a report, and the findings that follow. */
import { printable } from "../../printable-text.ts";
import type { Finding, Guest } from "../../report.ts";
import { type BootFacts, bootRules } from "../boot-rules.ts";
import { guestTreeOf, type Unread } from "../guest-tree.ts";
import { architectureOf } from "../machine-code.ts";
import { mountGuest, type RootCandidate } from "../root-filesystem.ts";
import { judge, type Rule } from "../rules.ts";
import type { Volume } from "../volumes.ts";
import { isThereEarly } from "./drivers.ts";
import { kernelRules } from "./kernel-rules.ts";
import { type LinuxFacts, readLinuxFacts } from "./linux-facts.ts";
import type { Distribution } from "./os-release.ts";
import { settingRules } from "./setting-rules.ts";

/** All rules of a Linux guest, in the order in which their findings are told. */
export const linuxRules: readonly Rule<LinuxFacts>[] = [...bootRules, ...kernelRules, ...settingRules];

/** Reads the Linux whose root filesystem is `root`. `unread` gets a sentence for each thing that could not be told. */
export async function inspectLinux(
  root: RootCandidate,
  volumes: readonly Volume[],
  boot: Pick<BootFacts, "efiLoaders" | "hasBiosCode">,
  unread: Unread[],
): Promise<{ guest: Guest; findings: Finding[] }> {
  const { tree, used, missing } = await mountGuest(root, volumes, unread);
  const disk = {
    ...boot,
    rootFilesystem: root.volume.kind ?? "",
    unclean: used.filter(({ volume }) => volume.fs?.unclean).map(({ at }) => at),
    ...(isEverythingRead(volumes) ? { missingMounts: missing } : {}),
  };
  const facts = await readLinuxFacts(guestTreeOf(tree), disk, unread);
  return { guest: guestOf(facts), findings: judge(linuxRules, facts) };
}

/** Whether a filesystem that fstab means, and that was not found, surely is not on the disk. */
function isEverythingRead(volumes: readonly Volume[]): boolean {
  const hasLogicalVolumes = volumes.some(({ lvm }) => lvm !== undefined);
  return volumes.every(
    ({ kind, fs, partition }) =>
      fs !== undefined ||
      kind === "swap" ||
      (kind === "lvm2" && hasLogicalVolumes) ||
      partition?.typeName === "BIOS boot",
  );
}

function guestOf(facts: LinuxFacts): Guest {
  const architecture = architectureOf(facts.machine ?? facts.kernelMachine);
  const newest = facts.drivers?.[0];
  const hasNvme = newest === undefined ? undefined : isThereEarly(newest, "nvme");
  const version = facts.cloudInit?.version;
  return {
    osType: "linux",
    ...(facts.platform === undefined ? {} : { platform: facts.platform }),
    ...(facts.distribution === undefined ? {} : { distribution: shownDistribution(facts.distribution) }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(facts.bootModes === undefined ? {} : { bootModes: facts.bootModes }),
    ...(facts.kernels === undefined ? {} : { kernels: facts.kernels.map((kernel) => printable(kernel.version)) }),
    ...(version === undefined ? {} : { cloudInit: printable(version, 64) }),
    ...(hasNvme === undefined ? {} : { nvmeSupport: hasNvme ? "supported" : "unsupported" }),
  };
}

function shownDistribution({ id, versionId, name }: Distribution): NonNullable<Guest["distribution"]> {
  return { id, ...(versionId === undefined ? {} : { versionId }), ...(name === undefined ? {} : { name }) };
}
