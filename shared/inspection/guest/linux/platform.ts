/** ECS's Platform for a distribution: the values and their spelling are those of ImportImage's reference. */
import type { Severity } from "../../report.ts";
import type { Distribution } from "./os-release.ts";

const platforms = new Map<string, string>([
  ["alinux", "Aliyun"],
  ["aliyun", "Aliyun"],
  ["anolis", "Anolis"],
  ["centos", "CentOS"],
  ["ubuntu", "Ubuntu"],
  ["coreos", "CoreOS"],
  ["sles", "SUSE"],
  ["sles_sap", "SUSE"],
  ["sle_hpc", "SUSE"],
  ["sle-micro", "SUSE"],
  ["sl-micro", "SUSE"],
  ["sled", "SUSE"],
  ["debian", "Debian"],
  ["opensuse", "OpenSUSE"],
  ["freebsd", "FreeBSD"],
  ["rhel", "RedHat"],
  ["kylin", "Kylin"],
  ["neokylin", "Kylin"],
  ["uos", "UOS"],
  ["deepin", "UOS"],
  ["fedora", "Fedora"],
  ["almalinux", "AlmaLinux"],
  ["rocky", "Rocky Linux"],
  ["gentoo", "Gentoo"],
]);

/** The last resort of the reference, and its default. */
const othersLinux = "Others Linux";

/** ECS's Platform. A distribution that the reference does not list is `Others Linux`, whatever it derives from. */
export function platformOf(distribution: Distribution | undefined): string {
  if (distribution === undefined) return othersLinux;
  if (distribution.id === "centos" && /\bStream\b/i.test(distribution.name ?? "")) return "CentOS Stream";
  if (distribution.id === "fedora" && distribution.variantId === "coreos") return "Fedora CoreOS";
  // openSUSE's editions are IDs of their own: opensuse-leap, opensuse-tumbleweed, opensuse-microos.
  return platforms.get(distribution.id.replace(/^opensuse-.*$/, "opensuse")) ?? othersLinux;
}

/** Platforms whose images the reference's usage notes ask more of, as of every arm64 image. */
const platformsAskedForMore = new Set(["CentOS Stream", "Anolis", "AlmaLinux", "UOS", "Kylin", "Rocky Linux"]);

/** Whether the usage notes of ImportImage on passwords, key pairs and resizing name this image. */
export function isAskedForMore(platform: string | undefined, architecture: string | undefined): boolean {
  return architecture === "arm64" || (platform !== undefined && platformsAskedForMore.has(platform));
}

/** The severity of what those usage notes ask: a warning where they do, a note elsewhere. */
export function whereAsked({ platform, machine }: { platform?: string; machine?: string }): Severity {
  return isAskedForMore(platform, machine) ? "warning" : "info";
}
