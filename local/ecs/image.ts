import type { ImportState } from "./import-task.ts";
import type { EcsSettings } from "./settings.ts";

interface ImageDisk {
  readonly bucket: string;
  readonly key: string;
  /** RAW, VHD, QCOW2 or VMDK: as declared, else as found. */
  readonly format: string;
  readonly sizeInGiB: number;
  readonly snapshotId: string;
}

interface ImageFeatures {
  readonly nvmeSupport: string;
  readonly imdsSupport: string;
}

/** What is stored of an image. Its progress and status come from its task. */
export interface Image {
  readonly imageId: string;
  readonly taskId: string;
  readonly region: string;
  readonly name: string;
  readonly description: string;
  readonly family: string;
  readonly architecture: string;
  readonly osType: string;
  readonly platform: string;
  readonly bootMode: string;
  readonly licenseType: string;
  readonly resourceGroupId: string;
  readonly features: ImageFeatures;
  readonly checked: boolean;
  readonly deprecated: boolean;
  readonly tags: ReadonlyMap<string, string>;
  readonly disks: readonly ImageDisk[];
  readonly createdAt: number;
}

/** `Available` and so on, as in DescribeImages; `undefined` when the image is gone or not yet visible. */
export const imageStatus = (image: Image, state: ImportState, settings: EcsSettings): string | undefined => {
  switch (state.phase) {
    case "waiting":
      return "Waiting";
    case "running":
      return "Creating";
    case "failed":
      return "CreateFailed";
    case "cancelled":
      return settings.cancelledImage === "gone" ? undefined : "CreateFailed";
    case "finished":
      if (!state.imageUsable) return "CreateFailed";
      return image.deprecated ? "Deprecated" : "Available";
  }
};
