/**
 * The error codes of ImportImage with their HTTP statuses. Messages are those of the ImportImage reference where it has
 * the code, and our words elsewhere; `%s` is filled in. `met` says what brings the code about in the embedded ECS;
 * `undefined` means only a script does (`failNext`, or a fault of kind `refuse`).
 */
export const importErrors = {
  "UnsupportedSuffix.OSSObject": {
    status: 400,
    message: "The specified OSS object suffix is not supported.",
    met: "an object key that does not end in .raw, .img, .vhd, .qcow2 or .vmdk",
  },
  "MissingParameter.DiskDeviceMapping": {
    status: 403,
    message: "The specified parameter DiskDeviceMapping is not supplied.",
    met: "no DiskDeviceMapping.1",
  },
  "InvalidImageName.Malformed": {
    status: 400,
    message: "The specified Image name is wrongly formed.",
    met: "an ImageName against the rule",
  },
  "InvalidImageName.Duplicated": {
    status: 400,
    message: "The destination image is exist.",
    met: "the ImageName of an image that exists",
  },
  "InvalidDescription.Malformed": {
    status: 400,
    message: "The specified Image description is wrongly formed.",
    met: "a Description against the rule",
  },
  "InvalidArchitecture.Malformed": {
    status: 400,
    message: "The specified Architecture is wrongly formed.",
    met: "an unknown Architecture",
  },
  "InvalidArchitecture.PlatformUnsupported": {
    status: 403,
    message: "The OS platform you selected does not support the specified architecture.",
    met: "Windows with arm64",
  },
  "InvalidPlatform.Malformed": {
    status: 400,
    message: "The specified Platform is wrongly formed.",
    met: "an unknown Platform, or one that is not of the OSType",
  },
  "InvalidOSType.Malformed": {
    status: 400,
    message: "The specified OSType is wrongly formed.",
    met: "an unknown OSType",
  },
  "InvalidBootMode.Malformed": {
    status: 400,
    message: "The specified BootMode is wrongly formed.",
    met: "an unknown BootMode, UEFI-Preferred included",
  },
  "InvalidBootMode.NotSupport": {
    status: 400,
    message: "The specified BootMode does not support the specified architecture.",
    met: "arm64 with BIOS",
  },
  "InvalidLicenseType.NotSupported": {
    status: 400,
    message: "The specified LicenseType is not supported.",
    met: "an unknown LicenseType",
  },
  "InvalidLicenseType.BYOLOnly": {
    status: 400,
    message: "The specified platform only supports the license type BYOL.",
    met: "RedHat or SUSE with LicenseType Aliyun",
  },
  InvalidImageSize: {
    status: 400,
    message: "%s",
    met: "a system disk size out of range, or below the image's own size",
  },
  InvalidDataDiskSize: {
    status: 400,
    message: "The specified DiskDeviceMapping.N.DiskImSize should be in the specified range.",
    met: "a data disk size out of range, or below the disk's own size",
  },
  "InvalidImageFormat.Malformed": {
    status: 400,
    message: "The specified Image Format is wrongly formed.",
    met: "an unknown Format",
  },
  "InvalidImageFormat.RegionNotSupported": {
    status: 400,
    message: "The specified image format is not supported in this region.",
    met: "a Format of `settings.formatsNotInRegion`",
  },
  "InvalidVHDImage.IncorrectSize": {
    status: 403,
    message:
      "The specified size of the VHD image does not meet the 'header.MaxTableEntries * header.BlockSize' specification.",
    met: "a dynamic VHD whose table does not cover its size",
  },
  "InvalidBlockSize.NotSupport": {
    status: 403,
    message: "The block size of the specified VHD image is not supported.",
    met: "a dynamic VHD with blocks other than 512 KiB or 2 MiB",
  },
  "InvalidOSSObject.Malformed": {
    status: 400,
    message: "The specified OSS object is wrongly formed.",
    met: "a key over 1023 bytes, or one that starts with a slash",
  },
  "InvalidOSSObject.Size": {
    status: 400,
    message: "The size of the specified OSS object is zero.",
    met: "an empty object",
  },
  "InvalidOSSObject.NotFound": {
    status: 400,
    message: "The specified OSS object does not exist in this region.",
    met: "no such object",
  },
  "InvalidOSSObject.NeedRestore": {
    status: 400,
    message: "The specified OSS object is archived and must be restored first.",
    met: "an archived object that is not restored",
  },
  "InvalidOSSBucket.Malformed": {
    status: 400,
    message: "The specified OSS bucket is wrongly formed.",
    met: "a bucket name against the rule of OSS",
  },
  "InvalidOSSBucket.NotFound": {
    status: 400,
    message: "The specified OSS bucket does not exist in this region.",
    met: "no such bucket, or a bucket of another region",
  },
  "InvalidOSSBucket.NotMatched": {
    status: 400,
    message: "The specified OSS bucket is incorrect, %s.",
    met: "the bucket of another account",
  },
  "InvalidOSSBucket.EncryptUnsupported": {
    status: 403,
    message: "Accessing objects from encrypted OSS bucket is not supported.",
    met: "a bucket that encrypts by default (an encrypted object too, unless `settings.acceptsEncryptedObjects`)",
  },
  "InvalidOSSBucket.FlowLimit": { status: 400, message: "%s", met: undefined },
  "InvalidOSS.NotAuthorized": {
    status: 403,
    message: "ECS is not authorized to access the specified OSS object.",
    met: "a role whose policy leaves this object out",
  },
  NoSetRoletoECSServiceAcount: {
    status: 403,
    message:
      "ECS service account Have no right to access your OSS.please attach a role of access your oss to ECS service account.",
    met: "the role is missing, does not trust ECS, or lacks the actions",
  },
  NoSetRoletoECSServiceAccount: {
    status: 403,
    message:
      "ECS service account Have no right to access your OSS.please attach a role of access your oss to ECS service account.",
    met: "the same, with `settings.missingRoleCode` set to this spelling",
  },
  "InvalidAccountStatus.OSSDisabled": {
    status: 403,
    message: "OSS is disabled due to invalid account status.",
    met: "`settings.ossDisabled`",
  },
  UserNotInTheWhiteList: {
    status: 403,
    message: "The user is not in the white list of importing image.",
    met: "VMDK, declared or found, without `settings.invitedToVmdk`",
  },
  "QuotaExceed.Image": {
    status: 403,
    message: "The Image Quota exceeds.",
    met: "as many images as `settings.imageQuota`",
  },
  ImageIsImporting: {
    status: 403,
    message: "The specified Image is importing.",
    met: "the ImageName of an image being imported; DeleteImage of one",
  },
  ImportImageFailed: {
    status: 403,
    message: "Importing image is failed, Please contact the administrator.",
    met: undefined,
  },
  "InvalidRegion.NotSupport": {
    status: 400,
    message: "The specified region does not support image import or export.",
    met: "a region of `settings.regionsWithoutImport`",
  },
  "InvalidResourceGroup.NotFound": {
    status: 404,
    message: "The ResourceGroup provided does not exist in our records.",
    met: "a group that is not in `settings.resourceGroups`",
  },
  "InvalidParameter.Malformed": {
    status: 403,
    message: "The specified parameter Device is wrongly formed.",
    met: "DiskDeviceMapping.N.Device",
  },
  "InvalidParameter.DetectionStrategy": {
    status: 400,
    message: "The specified DetectionStrategy is invalid.",
    met: "a DetectionStrategy other than Standard",
  },
  "InvalidParameter.FeaturesNvmeSupport": {
    status: 400,
    message: "The specified Features.NvmeSupport is invalid.",
    met: "another value than supported or unsupported",
  },
  "InvalidParameter.FeaturesImdsSupport": {
    status: 400,
    message: "The specified Features.ImdsSupport is invalid.",
    met: "another value than v1 or v2, or going back from v2",
  },
  "ImageCheckUnsupported.WindowsImage": {
    status: 403,
    message: "The specified Windows image does not support the image check.",
    met: "DetectionStrategy with Windows Server 2003 or 2008",
  },
  "InvalidStorageLocation.NotFound": {
    status: 403,
    message: "The specified StorageLocationArn does not exist.",
    met: "an ARN that is no CloudBox of `settings.cloudBoxes`",
  },
  "InvalidOperation.CloudBoxImageImportRoleRequired": {
    status: 403,
    message: "The role for importing images to a CloudBox is required.",
    met: "a CloudBox without AliyunECSCloudBoxImageImportDefaultRole",
  },
  "InvalidOperation.CloudBoxImageImportUnsupported": {
    status: 403,
    message: "The specified CloudBox does not support importing images.",
    met: "a CloudBox that `settings.cloudBoxes` says cannot import",
  },
  "Account.Arrearage": {
    status: 400,
    message: "Your account has an outstanding payment.",
    met: "`settings.accountInArrears`",
  },
  "InvalidClientToken.Malformed": {
    status: 400,
    message: "The specified ClientToken is wrongly formed.",
    met: "a ClientToken over 64 characters or not ASCII",
  },
  DryRunOperation: {
    status: 400,
    message: "Request validation has been passed with DryRun flag set.",
    met: "DryRun of a good request",
  },
  "DRYRUN.SUCCESS": {
    status: 400,
    message: "All validations have been passed with DryRun flag set.",
    met: "the same, with `settings.dryRunCode` set to this code",
  },
} as const;
