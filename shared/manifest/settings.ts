/** The settings that a user can give for one import, in the manifests' own names (lowerCamelCase of ImportImage's). */

export interface DiskSettings {
  /** A key in the same bucket; relative to the manifest's folder unless it starts with `/`. Left out: the image itself. */
  readonly ossObject?: string;
  readonly format?: "RAW" | "VHD" | "QCOW2" | "VMDK";
  readonly diskImageSize?: number;
}

export interface Settings {
  readonly imageName?: string;
  readonly description?: string;
  readonly architecture?: "i386" | "x86_64" | "arm64";
  readonly osType?: "linux" | "windows";
  readonly platform?: string;
  readonly bootMode?: "BIOS" | "UEFI";
  readonly licenseType?: "Auto" | "Aliyun" | "BYOL";
  readonly roleName?: string;
  readonly resourceGroupId?: string;
  readonly storageLocationArn?: string;
  readonly detectionStrategy?: "Standard";
  readonly features?: { readonly nvmeSupport?: "supported" | "unsupported"; readonly imdsSupport?: "v1" | "v2" };
  readonly tags?: Readonly<Record<string, string>>;
  readonly disks?: readonly DiskSettings[];
  readonly expect?: { readonly size?: number; readonly crc64?: string; readonly etag?: string };
  readonly inspect?: "full" | "header" | "off";
}

export interface Rule extends Settings {
  /** Glob over the key, e.g. `windows/**`. */
  readonly match: string;
  readonly ignore?: boolean;
  readonly requireManifest?: boolean;
}

export interface BucketManifest {
  readonly version: 1;
  readonly defaults?: Settings;
  readonly rules?: readonly Rule[];
  readonly policy?: Policy;
  /** Deleting an image or its sidecar cancels the import that it was being made into. */
  readonly cancelOnDelete?: boolean;
}

/** What those who can upload may decide themselves, though it is the bucket owner's. */
export interface Policy {
  readonly sidecarMay?: readonly PrivilegedKey[];
}

/** `disks`: disks from other folders of the bucket. */
export type PrivilegedKey = "roleName" | "resourceGroupId" | "storageLocationArn" | "disks";

/** Which layer a value comes from, weakest first. */
export type LayerName = "default" | "detected" | "bucket-defaults" | "bucket-rule" | "metadata" | "sidecar";

/** Where one effective value was said. `place` reads well in a sentence: `sidecar web.qcow2.import.yaml:3`. */
export interface Provenance {
  readonly layer: LayerName;
  readonly place: string;
  /** Where it stands in a manifest; left out for what was said in no manifest. */
  readonly position?: SourcePosition;
}

/** A place in a manifest: the file or key, line and column from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One layer of settings with the place of each value; the pointer (`/features/nvmeSupport`) names the value. */
export interface Layer {
  readonly name: LayerName;
  readonly settings: Settings;
  readonly placeOf: (pointer: string) => string;
  /** For layers that are manifests. */
  readonly positionOf?: (pointer: string) => SourcePosition;
}

/** All layers merged. `provenance` has an entry for every leaf pointer that is set (`/imageName`, `/tags/team`, `/disks`). */
export interface ResolvedSettings {
  readonly settings: Settings;
  readonly provenance: ReadonlyMap<string, Provenance>;
}
