/** Rules on the programs and settings of a Linux guest. */
import { printable } from "../../printable-text.ts";
import type { Rule } from "../rules.ts";
import { isCloudInitNewEnough } from "./cloud-init.ts";
import { entriesByMachineName } from "./fstab.ts";
import type { LinuxFacts } from "./linux-facts.ts";
import { whereAsked } from "./platform.ts";
import { isStrongHash } from "./system-settings.ts";

export const settingRules: readonly Rule<LinuxFacts>[] = [
  {
    code: "cloud-init.missing",
    check: (facts) =>
      facts.cloudInit?.installed === false
        ? {
            message: "cloud-init is not installed: an instance's password, key pair, name and network are not set.",
            fix: "Install the package cloud-init.",
            severity: whereAsked(facts),
          }
        : undefined,
  },
  {
    code: "cloud-init.too-old",
    check: (facts) => {
      const version = facts.cloudInit?.version;
      return version !== undefined && isCloudInitNewEnough(version) === false
        ? {
            message: `cloud-init ${printable(version)} is older than ECS asks for (19.1.3, or 0.7.6a15).`,
            fix: "Update cloud-init, or install Alibaba Cloud's build of it.",
            severity: whereAsked(facts),
          }
        : undefined;
    },
  },
  {
    code: "growpart.missing",
    check: (facts) =>
      facts.hasGrowpart === false
        ? {
            message: "growpart is not installed: the root partition does not grow with its disk.",
            fix: "Install cloud-utils-growpart (cloud-guest-utils on Debian and Ubuntu, growpart on SUSE).",
            severity: whereAsked(facts),
          }
        : undefined,
  },
  {
    code: "resize2fs.missing",
    check: (facts) =>
      facts.growTool?.name === "resize2fs" && !facts.growTool.present
        ? {
            message: "resize2fs is not installed: the root filesystem does not grow with its partition.",
            fix: "Install e2fsprogs.",
            severity: whereAsked(facts),
          }
        : undefined,
  },
  {
    code: "xfs-growfs.missing",
    check: (facts) =>
      facts.growTool?.name === "xfs_growfs" && !facts.growTool.present
        ? {
            message: "xfs_growfs is not installed: the root filesystem does not grow with its partition.",
            fix: "Install xfsprogs.",
            severity: whereAsked(facts),
          }
        : undefined,
  },
  {
    code: "password-hash.not-sha512",
    check: (facts) =>
      facts.hashMethod !== undefined && !isStrongHash(facts.hashMethod)
        ? {
            message: `New passwords are hashed with ${printable(facts.hashMethod, 20)}, not with SHA-512.`,
            fix: "Set ENCRYPT_METHOD SHA512 in /etc/login.defs, and sha512 for pam_unix.so in /etc/pam.d.",
            severity: whereAsked(facts),
          }
        : undefined,
  },
  {
    code: "rtc.not-utc",
    check: (facts) =>
      facts.isRtcLocal
        ? {
            message: "The system takes the hardware clock for local time; on ECS it has UTC.",
            fix: "Run `timedatectl set-local-rtc 0`.",
            ...(facts.machine === "arm64" ? {} : { severity: "info" as const }),
          }
        : undefined,
  },
  {
    code: "fstab.device-names",
    check: ({ fstab }) => {
      const entries = entriesByMachineName(fstab ?? []);
      const devices = entries.map(({ device }) => device);
      return entries.length > 0
        ? {
            message: `/etc/fstab names ${printable(devices.join(", "))}: names that change with the machine.`,
            fix: "Use UUID=… there, as `blkid` shows it.",
          }
        : undefined;
    },
  },
  {
    code: "fstab.missing-filesystem",
    check: ({ missingMounts }) =>
      missingMounts !== undefined && missingMounts.length > 0
        ? {
            message: `/etc/fstab waits for ${printable(missingMounts.map(({ device }) => device).join(", "))}, which this disk does not have.`,
            fix: "Remove these lines, or add nofail to their options, unless a data disk of the same image brings them.",
          }
        : undefined,
  },
  {
    code: "filesystem.unclean",
    check: ({ unclean }) =>
      unclean.length > 0
        ? {
            message: `The filesystem at ${printable(unclean.join(", "))} was not cleanly unmounted: the image may be a copy of a running system.`,
            fix: "Shut the source machine down before copying its disk, or run fsck on the image.",
          }
        : undefined,
  },
  {
    code: "network.not-dhcp",
    check: ({ addressing, cloudInit }) =>
      addressing === "static"
        ? {
            message: "The network has a fixed address; ECS gives addresses by DHCP.",
            fix: "Configure the first network interface for DHCP.",
            // cloud-init writes a network configuration of its own at the first boot.
            ...(cloudInit?.installed ? { severity: "info" as const } : {}),
          }
        : undefined,
  },
  {
    code: "selinux.enforcing",
    check: ({ isSelinuxEnforcing }) =>
      isSelinuxEnforcing
        ? {
            message: "SELinux is set to enforce, which ECS's image check points out.",
            fix: "Nothing for a distribution's own image; if instances do not start, set SELINUX=permissive in /etc/selinux/config.",
          }
        : undefined,
  },
  {
    code: "qemu-guest-agent.present",
    check: ({ hasQemuGuestAgent }) =>
      hasQemuGuestAgent
        ? {
            message: "The QEMU guest agent is installed; ECS asks for images without it.",
            fix: "Remove the package qemu-guest-agent.",
          }
        : undefined,
  },
  {
    code: "sshd.missing",
    check: ({ hasSshServer }) =>
      hasSshServer === false
        ? {
            message: "No SSH server is installed: an instance can be reached through the console only.",
            fix: "Install openssh-server, unless this is intended.",
          }
        : undefined,
  },
];
