/**
 * What an inspection answers. `InspectionReport` is a public contract: `oss-image-import inspect --json` prints it.
 */

/** `error`: ECS surely refuses, or the instance surely cannot boot. `warning`: a feature will be missing. */
export type Severity = "error" | "warning" | "info";

/** One thing worth saying about an image. */
export interface Finding {
  /** Stable and documented, e.g. `qcow2.backing-file`. */
  readonly code: string;
  readonly severity: Severity;
  /** One plain sentence: what is so. */
  readonly message: string;
  /** One plain sentence: what to do about it. */
  readonly fix: string;
}

/** ECS's own names for the formats that ImportImage takes. */
export type EcsFormat = "RAW" | "VHD" | "QCOW2" | "VMDK";

export type BootMode = "BIOS" | "UEFI";
export type Architecture = "i386" | "x86_64" | "arm64";

/** What is installed in the image. Absent fields could not be told. */
export interface Guest {
  readonly osType?: "linux" | "windows";
  /** ECS's own spelling, e.g. `Rocky Linux`. */
  readonly platform?: string;
  readonly distribution?: { readonly id: string; readonly versionId?: string; readonly name?: string };
  /** Of the system's programs; where no system could be read (`osType` is absent), of the EFI boot loader. */
  readonly architecture?: Architecture;
  /** All that the disk offers: empty when there is no boot loader. */
  readonly bootModes?: readonly BootMode[];
  readonly kernels?: readonly string[];
  readonly cloudInit?: string;
  readonly nvmeSupport?: "supported" | "unsupported";
}

/** One line of the picture of the disk. */
export interface PartitionSummary {
  readonly index: number;
  readonly offset: number;
  readonly size: number;
  /** e.g. `EFI system partition`, `Linux filesystem`. */
  readonly type: string;
  /** e.g. `ext4`, `xfs`, `vfat`, `lvm2`; absent when unknown. */
  readonly filesystem?: string;
  readonly label?: string;
}

export interface InspectionReport {
  readonly source: string;
  /** Bytes of the file or object. */
  readonly size: number;
  /** ECS's name (`QCOW2`), or a lower-case name for what ECS does not take (`vhdx`, `gzip`). */
  readonly format: EcsFormat | (string & {});
  /** Bytes of the disk inside; null when it could not be told. */
  readonly virtualSize: number | null;
  /** GiB to ask ImportImage for: the virtual size, rounded up. */
  readonly diskImageSize: number | null;
  /** `mbr`, `gpt`, `none`; absent when the depth was `header`. */
  readonly partitionTable?: string;
  readonly partitions?: readonly PartitionSummary[];
  readonly guest: Guest | null;
  readonly findings: readonly Finding[];
  /** False exactly when a finding is an error. */
  readonly importable: boolean;
  readonly cost: { readonly requests: number; readonly bytes: number; readonly milliseconds: number };
}
