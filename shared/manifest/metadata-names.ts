/** What object metadata can set: the name after `x-oss-meta-import-`, and where the value goes. */
export const metadataSettings = {
  "image-name": "/imageName",
  description: "/description",
  architecture: "/architecture",
  "os-type": "/osType",
  platform: "/platform",
  "boot-mode": "/bootMode",
  "license-type": "/licenseType",
  "role-name": "/roleName",
  "resource-group-id": "/resourceGroupId",
  "storage-location-arn": "/storageLocationArn",
  "detection-strategy": "/detectionStrategy",
  "nvme-support": "/features/nvmeSupport",
  "imds-support": "/features/imdsSupport",
  inspect: "/inspect",
} as const;

const nameByPointer = new Map<string, string>(
  Object.entries(metadataSettings).map(([name, pointer]) => [pointer, name]),
);

/** The metadata header that sets the value at a pointer; of a group, the group's own. */
export function metadataNameOf(pointer: string): string {
  return `x-oss-meta-import-${nameByPointer.get(pointer) ?? "*"}`;
}

/** How the names of the import's metadata start; ali-oss gives them without `x-oss-meta-`. */
export const metadataPrefix = /^(?:x-oss-meta-)?import-/i;
