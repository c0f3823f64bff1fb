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
    meaning: "What is installed could not be told; the import goes on with what was declared.",
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
