import { type ImageView, toSeconds } from "./cloud.ts";
import type { Image } from "./image.ts";
import type { DetectionItem, EcsSettings } from "./settings.ts";

/** Systems that the image check does not cover: the import goes through and the image has no DetectionOptions. */
const uncheckedPlatforms = ["Gentoo", "FreeBSD", "CoreOS", "Fedora CoreOS", "Customized Linux"];

/** An image as DescribeImages lists it. */
export const imageView = (settings: EcsSettings, { image, state, status }: ImageView, now: number) => {
  const isOwn = { ImageOwnerAlias: "self", IsSelfShared: "", IsPublic: false, IsSubscribed: false, IsCopied: false };
  const tags = [...image.tags, ...tagsOfCheck(settings, image, state.endedAt, status, now)];
  return {
    ImageId: image.imageId,
    ImageName: image.name,
    Description: image.description,
    ImageFamily: image.family,
    ImageVersion: "",
    Status: status,
    Progress: `${state.progress}%`,
    Size: image.disks[0]?.sizeInGiB ?? 0,
    CreationTime: toSeconds(image.createdAt),
    Architecture: image.architecture,
    OSType: image.osType,
    Platform: image.platform,
    OSName: image.platform,
    OSNameEn: image.platform,
    BootMode: image.bootMode,
    LicenseType: image.licenseType,
    ResourceGroupId: image.resourceGroupId,
    Usage: "none",
    IsSupportCloudinit: image.osType === "linux",
    IsSupportIoOptimized: true,
    ...isOwn,
    Features: { NvmeSupport: image.features.nvmeSupport, ImdsSupport: image.features.imdsSupport },
    Tags: { Tag: tags.map(([TagKey, TagValue]) => ({ TagKey, TagValue })) },
    DiskDeviceMappings: {
      DiskDeviceMapping: image.disks.map((disk, index) => ({
        Device: `/dev/xvd${String.fromCharCode("a".charCodeAt(0) + index)}`,
        Type: index === 0 ? "system" : "data",
        Format: disk.format,
        Size: String(disk.sizeInGiB),
        SnapshotId: disk.snapshotId,
        Progress: `${state.progress}%`,
        RemainTime: state.remainingSeconds ?? 0,
        ImportOSSBucket: disk.bucket,
        ImportOSSObject: disk.key,
        Encrypted: false,
      })),
    },
    ...detectionOptions(settings, image, state.endedAt, status, now),
  };
};

/** When the check ends: it starts once the image is available, and never blocks it. */
const checkEnd = (settings: EcsSettings, image: Image, endedAt: number | undefined, status: string) =>
  image.checked && !uncheckedPlatforms.includes(image.platform) && ["Available", "Deprecated"].includes(status)
    ? (endedAt ?? 0) + settings.detectionSeconds * 1000
    : undefined;

const detectionOptions = (
  settings: EcsSettings,
  image: Image,
  endedAt: number | undefined,
  status: string,
  now: number,
) => {
  const end = checkEnd(settings, image, endedAt, status);
  if (end === undefined) return {};
  if (now < end) return { DetectionOptions: { Status: "Processing", Items: { Item: [] } } };
  const risky = new Map(settings.detectionRisks.map((item) => [item.name, item]));
  const all = goodItems(image).map((item) => risky.get(item.name) ?? item);
  const extra = settings.detectionRisks.filter(({ name }) => !all.some((item) => item.name === name));
  return {
    DetectionOptions: {
      Status: "Finished",
      Items: {
        Item: [...all, ...extra].map(({ name, value, riskCode, riskLevel }) => ({
          Name: name,
          Value: value,
          ...(riskCode === undefined ? {} : { RiskCode: riskCode }),
          ...(riskLevel === undefined ? {} : { RiskLevel: riskLevel }),
        })),
      },
    },
  };
};

/** A check that succeeds tags its image. */
const tagsOfCheck = (
  settings: EcsSettings,
  image: Image,
  endedAt: number | undefined,
  status: string,
  now: number,
): readonly (readonly [string, string])[] => {
  const end = checkEnd(settings, image, endedAt, status);
  if (end === undefined || now < end) return [];
  return [
    ["acs:ecs:image:osVersion", image.platform],
    ["acs:ecs:image:kernelVersion", "unknown"],
  ];
};

const linuxItems = [
  ...["RtcTimeMode", "KernelVersion", "Virtio", "Nvme", "Fstab", "Grub", "Dhcp", "Selinux", "OnlineResizeFS"],
  ...["SystemImage", "CloudAssistant", "CloudInit", "SecurityCenterAgent", "SupportMocInstanceTypes"],
];
const windowsItems = [
  ...["KernelVersion", "Virtio", "BCD", "Registry", "Hotfix", "Disk", "Sysprep", "Update", "Xen", "CloudAssistant"],
  ...["Server", "DesktopConfig", "BootMgr"],
];

/** The items of the help page "Image check items", without their prefix `GUESTOS.`, as a DescribeImages sample has them. */
const goodItems = (image: Image): readonly DetectionItem[] => [
  { name: "Platform", value: image.platform },
  { name: "OSVersion", value: image.platform },
  { name: "Architecture", value: image.architecture },
  ...(image.osType === "linux" ? [{ name: "BootMode", value: image.bootMode === "UEFI" ? "UEFI" : "LEGACY" }] : []),
  ...(image.osType === "linux" ? linuxItems : windowsItems).map((name) => ({ name, value: "Supported" })),
];
