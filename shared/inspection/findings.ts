/**
 * The catalogue of finding codes: how grave each is, what it means, and which source the rule rests on. Codes are a
 * public contract; docs and tests are made from this table. Guest rules add their codes in the last section.
 */
import type { Finding, Severity } from "./report.ts";

export interface FindingKind {
  /** What it usually is; `alternative` where certainty decides. */
  readonly severity: Severity;
  readonly alternative?: Severity;
  readonly meaning: string;
  readonly source: string;
}

const reference = "ImportImage reference";
const qcow2Specification = "QEMU docs/interop/qcow2.txt";
const vhdSpecification = "Microsoft Virtual Hard Disk Image Format Specification";
const vmdkSpecification = "VMware Virtual Disk Format 1.1";
const ownRule = "a rule of this product";
const usageNotes = `${reference}: usage notes`;
const imageCheck = "ECS image check";
const imageRules = "ECS: rules for importing Linux images";

const containerFindings = {
  "format.unsupported": {
    severity: "error",
    meaning: "The file is not a disk image of a format that ECS imports.",
    source: `${reference}: RAW, VHD and QCOW2, VMDK by invitation`,
  },
  "format.mismatch": {
    severity: "error",
    meaning: "The declared format is not the one found.",
    source: `${reference}: Format`,
  },
  "image.empty": {
    severity: "error",
    meaning: "The file has no bytes, or its virtual disk has no sectors.",
    source: ownRule,
  },
  "image.truncated": {
    severity: "error",
    meaning: "The image names bytes past the end of the file: the upload was cut short.",
    source: `${ownRule}: offsets compared with the size of the object`,
  },
  "image.malformed": {
    severity: "error",
    meaning: "The image contradicts its own format.",
    source: "the specification of the format",
  },
  "image.encrypted": {
    severity: "error",
    meaning: "The disk is encrypted; ECS has no key for it.",
    source: `${qcow2Specification}; LUKS On-Disk Format Specification`,
  },
  "image.polyglot": {
    severity: "error",
    meaning: "The file looks like two formats at once, so that two programs may see two different disks.",
    source: `${ownRule}: both ends must agree`,
  },
  "image.too-large": {
    severity: "error",
    meaning: "The virtual disk is larger than 2048 GiB.",
    source: `${reference}: DiskDeviceMapping.N.DiskImageSize`,
  },
  "image.no-invitation": {
    severity: "warning",
    meaning: "VMDK can be imported only by accounts that were invited.",
    source: "ECS API definition: DiskDeviceMapping.N.Format",
  },
  "disk.size-too-small": {
    severity: "error",
    meaning: "The declared disk size is smaller than the virtual disk.",
    source: `${reference}: DiskDeviceMapping.N.DiskImageSize`,
  },
  "raw.partial-sector": {
    severity: "warning",
    meaning: "The size of a raw image is not a whole number of 512-byte sectors.",
    source: `${ownRule}: read as qemu reads it, rounded up with zeros`,
  },
  "qcow2.backing-file": {
    severity: "error",
    meaning: "Part of the disk is in another file, the backing file.",
    source: `${qcow2Specification}: backing_file_offset`,
  },
  "qcow2.data-file": {
    severity: "error",
    meaning: "The data of the disk are in another file.",
    source: `${qcow2Specification}: incompatible feature bit 2`,
  },
  "qcow2.corrupt": {
    severity: "error",
    meaning: "QEMU marked the image as corrupt.",
    source: `${qcow2Specification}: incompatible feature bit 1`,
  },
  "qcow2.unknown-feature": {
    severity: "error",
    meaning: "The image needs a feature that no published specification of QCOW2 names.",
    source: `${qcow2Specification}: incompatible_features`,
  },
  "qcow2.dirty": {
    severity: "warning",
    meaning: "The image was not closed cleanly: it may be a copy of a running disk.",
    source: `${qcow2Specification}: incompatible feature bit 0`,
  },
  "qcow2.snapshots": {
    severity: "warning",
    meaning: "The image holds internal snapshots; only the current state is imported.",
    source: `${qcow2Specification}: nb_snapshots`,
  },
  "qcow2.zstd": {
    severity: "warning",
    meaning: "Clusters are compressed with zstd; ECS does not say whether it reads that.",
    source: `${qcow2Specification}: compression_type`,
  },
  "qcow2.extended-l2": {
    severity: "warning",
    meaning: "The image uses extended L2 entries; ECS does not say whether it reads that.",
    source: `${qcow2Specification}: incompatible feature bit 4`,
  },
  "vhd.differencing": {
    severity: "error",
    meaning: "Part of the disk is in another file, the parent.",
    source: `${vhdSpecification}: disk type 4`,
  },
  "vhd.incorrect-size": {
    severity: "error",
    meaning: "The sizes that the VHD states do not agree.",
    source: `${reference}: InvalidVHDImage.IncorrectSize`,
  },
  "vhd.bad-checksum": {
    severity: "error",
    meaning: "The checksum of the footer or of the dynamic header is wrong.",
    source: `${vhdSpecification}: checksum`,
  },
  "vhd.footer-missing": {
    severity: "error",
    meaning: "The VHD begins with a copy of its footer but does not end with it: the upload was cut short.",
    source: `${vhdSpecification}: hard disk footer`,
  },
  "vhd.block-size": {
    severity: "warning",
    meaning: "The blocks of a dynamic VHD are not of the usual 2 MiB; ECS may refuse other sizes.",
    source: `${reference}: InvalidBlockSize.NotSupport`,
  },
  "vmdk.external-extent": {
    severity: "error",
    meaning: "The disk is made of more than this one file.",
    source: `${vmdkSpecification}: extent description`,
  },
} as const satisfies Record<string, FindingKind>;

const objectFindings = {
  "object.archived": {
    severity: "error",
    meaning: "The object is in an archive storage class and must be restored first.",
    source: "OSS: RestoreObject",
  },
  "object.encrypted": {
    severity: "error",
    meaning: "The object is encrypted with a key that ECS may not use.",
    source: reference,
  },
  "object.changed": {
    severity: "error",
    meaning: "The object was replaced while it was being read.",
    source: "OSS: If-Match",
  },
  "object.unexpected": {
    severity: "error",
    meaning: "The object is not the one that the manifest expects.",
    source: "manifest: expect",
  },
} as const satisfies Record<string, FindingKind>;

const guestFindings = {
  "guest.not-inspected": {
    severity: "info",
    meaning: "What is installed, or a part of it, could not be told; the import goes on with what was declared.",
    source: ownRule,
  },
  "guest.windows": {
    severity: "info",
    meaning: "The image holds Windows.",
    source: `${reference}: OSType`,
  },
  "guest.several-systems": {
    severity: "info",
    meaning: "The disk has more than one root filesystem; the one that is most complete was inspected.",
    source: `${imageRules}: a single root partition`,
  },
  "partition-table.damaged": {
    severity: "warning",
    meaning: "The partition table contradicts itself or the size of the disk.",
    source: "UEFI specification 5.3; the MBR as Linux reads it",
  },
  "partition.encrypted": {
    severity: "warning",
    meaning: "A partition is encrypted with LUKS or BitLocker: an instance waits for its passphrase.",
    source: "LUKS On-Disk Format Specification",
  },
  "architecture.unsupported": {
    severity: "error",
    meaning: "The guest is for a processor that ECS has no instances for.",
    source: `${reference}: Architecture; the ELF specification's e_machine`,
  },
  "architecture.mixed": {
    severity: "info",
    meaning: "Programs and kernel are for different processors of one family.",
    source: ownRule,
  },
  "boot.uefi-missing": {
    severity: "error",
    meaning: "An arm64 image has no EFI boot loader.",
    source: `${reference}: BootMode; UEFI specification 3.5.1.1`,
  },
  "boot.uefi-fallback-missing": {
    severity: "warning",
    alternative: "info",
    meaning: "The EFI boot loader is not where firmware without boot entries looks for it.",
    source: "UEFI specification 3.5.1.1",
  },
  "boot.not-found": {
    severity: "warning",
    meaning: "Neither BIOS boot code nor an EFI boot loader was found.",
    source: `${reference}: BootMode`,
  },
  "boot.device-names": {
    severity: "warning",
    meaning: "The boot loader names the root filesystem by a device name that changes with the machine.",
    source: `${imageCheck}: GUESTOS.Grub`,
  },
  "kernel.missing": {
    severity: "warning",
    meaning: "No kernel was found.",
    source: ownRule,
  },
  "virtio.missing": {
    severity: "error",
    alternative: "warning",
    meaning: "The driver of the system disk (virtio) is not there when the system starts.",
    source: `${usageNotes}: virtio driver; ${imageCheck}: GUESTOS.Virtio`,
  },
  "virtio.net-missing": {
    severity: "warning",
    meaning: "The kernel has no driver for the network card (virtio).",
    source: `${usageNotes}: virtio driver`,
  },
  "nvme.missing": {
    severity: "info",
    meaning: "The driver of NVMe disks is not there when the system starts.",
    source: `${imageCheck}: GUESTOS.Nvme`,
  },
  "kernel.too-old": {
    severity: "warning",
    alternative: "info",
    meaning: "The kernel is not later than 3.6: disks and filesystems cannot be resized.",
    source: usageNotes,
  },
  "kernel.fw-cfg": {
    severity: "warning",
    alternative: "info",
    meaning: "The kernel has no CONFIG_FW_CFG_SYSFS built in: passwords and key pairs may not be settable.",
    source: usageNotes,
  },
  "cloud-init.missing": {
    severity: "warning",
    alternative: "info",
    meaning: "cloud-init is not installed.",
    source: `${usageNotes}; ${imageCheck}: GUESTOS.CloudInit`,
  },
  "cloud-init.too-old": {
    severity: "warning",
    alternative: "info",
    meaning: "cloud-init is older than 19.1.3, or than 0.7.6a15 of that line.",
    source: usageNotes,
  },
  "growpart.missing": {
    severity: "warning",
    alternative: "info",
    meaning: "growpart is not installed: the root partition does not grow with its disk.",
    source: `${usageNotes}; ${imageCheck}: GUESTOS.OnlineResizeFS`,
  },
  "resize2fs.missing": {
    severity: "warning",
    alternative: "info",
    meaning: "The root filesystem is ext and resize2fs is not installed.",
    source: `${usageNotes}; ${imageCheck}: GUESTOS.OnlineResizeFS`,
  },
  "xfs-growfs.missing": {
    severity: "warning",
    alternative: "info",
    meaning: "The root filesystem is XFS and xfs_growfs is not installed.",
    source: `${imageCheck}: GUESTOS.OnlineResizeFS`,
  },
  "password-hash.not-sha512": {
    severity: "warning",
    alternative: "info",
    meaning: "New passwords are hashed with something weaker than SHA-512.",
    source: usageNotes,
  },
  "rtc.not-utc": {
    severity: "warning",
    alternative: "info",
    meaning: "The hardware clock is taken for local time.",
    source: `${usageNotes}, for arm64; ${imageCheck}: GUESTOS.RtcTimeMode`,
  },
  "fstab.device-names": {
    severity: "warning",
    meaning: "/etc/fstab names devices by names that change with the machine.",
    source: `${imageCheck}: GUESTOS.Fstab`,
  },
  "fstab.missing-filesystem": {
    severity: "warning",
    meaning: "/etc/fstab waits for a filesystem that the disk does not have.",
    source: `${imageCheck}: GUESTOS.Fstab`,
  },
  "filesystem.unclean": {
    severity: "warning",
    meaning: "A filesystem was not cleanly unmounted.",
    source: ownRule,
  },
  "network.not-dhcp": {
    severity: "warning",
    alternative: "info",
    meaning: "The network has a fixed address.",
    source: `${imageRules}: DHCP; ${imageCheck}: GUESTOS.Dhcp`,
  },
  "selinux.enforcing": {
    severity: "info",
    meaning: "SELinux is set to enforce.",
    source: `${imageCheck}: GUESTOS.Selinux`,
  },
  "qemu-guest-agent.present": {
    severity: "warning",
    meaning: "The QEMU guest agent is installed.",
    source: `${imageRules}: qemu-ga`,
  },
  "sshd.missing": {
    severity: "info",
    meaning: "No SSH server is installed.",
    source: ownRule,
  },
} as const satisfies Record<string, FindingKind>;

/** Every finding code that an inspection or a plan can give. */
export const findingCatalogue = { ...containerFindings, ...objectFindings, ...guestFindings };
export type FindingCode = keyof typeof findingCatalogue;

/** A finding with its catalogued severity; `severity` only where the catalogue names an alternative. */
export function finding(code: FindingCode, message: string, fix: string, severity?: Severity): Finding {
  return { code, severity: severity ?? findingCatalogue[code].severity, message, fix };
}

const ranks: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

/** Errors first, then warnings, then notes; otherwise in the order in which they were found. */
export function gravestFirst(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((a, b) => ranks[a.severity] - ranks[b.severity]);
}
