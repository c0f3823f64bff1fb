/** What ImportImage asks of its plain parameters, as data. Values: the ImportImage reference and SDK 7.11.6. */
import { type EcsErrorCode, firstRefusal, type Refusal, refuse } from "./errors.ts";
import { integer, type Parameters, text } from "./parameters.ts";

const linuxPlatforms: readonly string[] = [
  ...["Aliyun", "Anolis", "CentOS", "Ubuntu", "CoreOS", "SUSE", "Debian", "OpenSUSE", "FreeBSD", "RedHat", "Kylin"],
  ...["UOS", "Fedora", "Fedora CoreOS", "CentOS Stream", "AlmaLinux", "Rocky Linux", "Gentoo"],
  ...["Customized Linux", "Others Linux"],
];
const windowsPlatforms: readonly string[] = [
  ...["2022", "2019", "2016", "2012", "2008", "2003"].map((year) => `Windows Server ${year}`),
  "Other Windows",
];

const diskFormats: readonly string[] = ["RAW", "VHD", "QCOW2", "VMDK"];

/** The list is unpublished: these are the suffixes that the documents use, and `.img`. Compared without case. */
const objectSuffixes: readonly string[] = [".raw", ".img", ".vhd", ".qcow2", ".vmdk"];

const startsOrContains = (value: string, starts: readonly string[], contains: readonly string[]): boolean =>
  starts.some((part) => value.startsWith(part)) || contains.some((part) => value.includes(part));

/** 2 to 128 characters: a letter, then letters, digits and `. : _ -`. Also the rule of ImageFamily. */
export const isImageName = (name: string): boolean =>
  /^\p{L}[\p{L}\p{N}.:_-]{1,127}$/u.test(name) && !startsOrContains(name, ["aliyun", "acs:"], ["http://", "https://"]);

export const isDescription = (description: string): boolean => {
  const { length } = [...description];
  return length >= 2 && length <= 256 && !startsOrContains(description, ["http://", "https://"], []);
};

const oneOf =
  (...allowed: readonly string[]) =>
  (value: string): boolean =>
    allowed.includes(value);

/** In the order in which they are checked. The order among parameters is unpublished. */
const plainRules: readonly (readonly [name: string, accepts: (value: string) => boolean, code: EcsErrorCode])[] = [
  ["ClientToken", (token) => /^[\x21-\x7e]{1,64}$/.test(token), "InvalidClientToken.Malformed"],
  ["ImageName", isImageName, "InvalidImageName.Malformed"],
  ["Description", isDescription, "InvalidDescription.Malformed"],
  ["Architecture", oneOf("i386", "x86_64", "arm64"), "InvalidArchitecture.Malformed"],
  ["OSType", oneOf("linux", "windows"), "InvalidOSType.Malformed"],
  ["Platform", oneOf(...linuxPlatforms, ...windowsPlatforms), "InvalidPlatform.Malformed"],
  ["BootMode", oneOf("BIOS", "UEFI"), "InvalidBootMode.Malformed"],
  ["LicenseType", oneOf("Auto", "Aliyun", "BYOL"), "InvalidLicenseType.NotSupported"],
  ["DetectionStrategy", oneOf("Standard"), "InvalidParameter.DetectionStrategy"],
  ["Features.NvmeSupport", oneOf("supported", "unsupported"), "InvalidParameter.FeaturesNvmeSupport"],
  ["Features.ImdsSupport", oneOf("v1", "v2"), "InvalidParameter.FeaturesImdsSupport"],
];

export const checkPlainParameters = (parameters: Parameters): Refusal | undefined =>
  firstRefusal(
    plainRules.map(([name, accepts, code]) => () => {
      const value = text(parameters, name);
      return value === undefined || accepts(value) ? undefined : refuse(code);
    }),
  );

/** The attributes that an import gives its image when it is not told otherwise. */
export interface ImportAttributes {
  readonly architecture: string;
  readonly osType: string;
  readonly platform: string;
  readonly bootMode: string;
  readonly licenseType: string;
}

export const readAttributes = (parameters: Parameters): ImportAttributes => {
  const architecture = text(parameters, "Architecture") ?? "x86_64";
  const platform = text(parameters, "Platform");
  // A Windows platform alone is taken for Windows: tools send Platform without OSType.
  const osType = text(parameters, "OSType") ?? (windowsPlatforms.includes(platform ?? "") ? "windows" : "linux");
  return {
    architecture,
    osType,
    platform: platform ?? (osType === "windows" ? "Other Windows" : "Others Linux"),
    bootMode: text(parameters, "BootMode") ?? (architecture === "arm64" ? "UEFI" : "BIOS"),
    licenseType: text(parameters, "LicenseType") ?? "Auto",
  };
};

/** Rules that look at several attributes. */
export const checkAttributes = (attributes: ImportAttributes, isChecked: boolean): Refusal | undefined => {
  const { architecture, osType, platform, bootMode, licenseType } = attributes;
  if (windowsPlatforms.includes(platform) !== (osType === "windows")) return refuse("InvalidPlatform.Malformed");
  if (architecture === "arm64" && osType === "windows") return refuse("InvalidArchitecture.PlatformUnsupported");
  if (architecture === "arm64" && bootMode !== "UEFI") return refuse("InvalidBootMode.NotSupport");
  if (licenseType === "Aliyun" && ["RedHat", "SUSE"].includes(platform)) return refuse("InvalidLicenseType.BYOLOnly");
  if (isChecked && ["Windows Server 2003", "Windows Server 2008"].includes(platform))
    return refuse("ImageCheckUnsupported.WindowsImage");
  return undefined;
};

/** One disk as asked for. */
export interface DiskRequest {
  readonly position: number;
  readonly bucket: string;
  readonly key: string;
  /** In capitals; `undefined` lets ECS look. */
  readonly format: string | undefined;
  readonly sizeInGiB: number | undefined;
}

/** Reads and checks `DiskDeviceMapping.N.*`; each N has its own fields. */
export const readDisk = (position: number, fields: Parameters): DiskRequest | Refusal => {
  const name = `DiskDeviceMapping.${position}`;
  const bucket = text(fields, "OSSBucket");
  const key = text(fields, "OSSObject");
  if (bucket === undefined) return refuse("MissingParameter", `${name}.OSSBucket`);
  if (key === undefined) return refuse("MissingParameter", `${name}.OSSObject`);
  if (text(fields, "Device") !== undefined) return refuse("InvalidParameter.Malformed");
  const format = text(fields, "Format")?.toUpperCase();
  if (format !== undefined && !diskFormats.includes(format)) return refuse("InvalidImageFormat.Malformed");
  const sizeInGiB = integer(fields, "DiskImageSize") ?? integer(fields, "DiskImSize");
  if (sizeInGiB !== undefined && !(sizeInGiB >= 1 && sizeInGiB <= 2048)) return wrongSize(position);
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)) return refuse("InvalidOSSBucket.Malformed");
  if (Buffer.byteLength(key) > 1023 || /^[/\\]/.test(key)) return refuse("InvalidOSSObject.Malformed");
  const lowerKey = key.toLowerCase();
  if (!objectSuffixes.some((suffix) => lowerKey.endsWith(suffix))) return refuse("UnsupportedSuffix.OSSObject");
  return { position, bucket, key, format, sizeInGiB };
};

/** The system disk and the data disks have different codes for a size out of range. */
export const wrongSize = (position: number, reason = "it must be 1 to 2048 GiB"): Refusal =>
  position === 1
    ? refuse("InvalidImageSize", `The specified DiskDeviceMapping.1.DiskImageSize is invalid: ${reason}.`)
    : refuse("InvalidDataDiskSize");
