/**
 * Every error code that ImportImage is known to answer with, from its reference, its newer documentation and the codes
 * common to all ECS operations. `docs/errors.md` is generated from this table.
 */

/**
 * `transient`: the same call may succeed in a moment. `account`: somebody must change the account, then the same call
 * succeeds. `permanent`: the manifest or the object must change. `success`: not a fault at all.
 */
export type FailureClass = "transient" | "account" | "permanent" | "success";

export interface CataloguedError {
  readonly code: string;
  readonly status: number;
  readonly class: FailureClass;
  /** What is so, in one plain sentence. */
  readonly reason: string;
  /** What to do about it, in one or two plain sentences. */
  readonly advice: string;
}

const p = (status: number, code: string, reason: string, advice: string): CataloguedError => ({
  code,
  status,
  class: "permanent",
  reason,
  advice,
});
const a = (status: number, code: string, reason: string, advice: string): CataloguedError => ({
  code,
  status,
  class: "account",
  reason,
  advice,
});
const t = (status: number, code: string, reason: string): CataloguedError => ({
  code,
  status,
  class: "transient",
  reason,
  advice: "Nothing: it is tried again.",
});

const roleMissing =
  "ECS has no right to read your OSS bucket: the role AliyunECSImageImportDefaultRole is missing or incomplete.";
const createRole =
  "Create the RAM role AliyunECSImageImportDefaultRole with the trust policy and permissions in the ram/ folder (docs/deploy.md has the commands). Waiting imports go on by themselves then.";
const ramAdvice = "Attach the policies in the ram/ folder to the function's role (docs/deploy.md).";
const ourFault = "This is a fault of oss-image-import: please report it with the request id.";

export const errorCatalogue: readonly CataloguedError[] = [
  p(
    400,
    "UnsupportedSuffix.OSSObject",
    "ECS does not take objects whose name ends like this.",
    "Name the object with the ending of its format: .qcow2, .vhd, .raw or .vmdk.",
  ),
  p(
    400,
    "MissingParameter",
    "A required parameter is missing.",
    "Give the value that the message names in the image's manifest.",
  ),
  p(
    403,
    "MissingParameter.DiskDeviceMapping",
    "The request names no disk.",
    "List at least the system disk under `disks`, or leave `disks` out.",
  ),
  p(
    400,
    "InvalidImageName.Malformed",
    "The image name does not follow ECS's rules.",
    "Use 2 to 128 letters, digits, `.`, `:`, `_` and `-`, beginning with a letter, not with `aliyun` or `acs:`.",
  ),
  p(
    400,
    "InvalidImageName.Duplicated",
    "Another image already has this name.",
    "Give another `imageName`, for example one with the placeholder {modified}.",
  ),
  p(
    400,
    "InvalidDescription.Malformed",
    "The description does not follow ECS's rules.",
    "Use 2 to 256 characters, not beginning with http:// or https://.",
  ),
  p(
    400,
    "InvalidArchitecture.Malformed",
    "ECS does not know this architecture.",
    "Set `architecture` to i386, x86_64 or arm64.",
  ),
  p(
    403,
    "InvalidArchitecture.PlatformUnsupported",
    "The platform does not exist for this architecture.",
    "Change `platform` or `architecture` to what the image really holds.",
  ),
  p(
    400,
    "InvalidPlatform.Malformed",
    "ECS does not know this platform.",
    "Set `platform` to one of the names in docs/manifest.md, spelt exactly so.",
  ),
  p(
    400,
    "InvalidOSType.Malformed",
    "ECS does not know this operating system type.",
    "Set `osType` to linux or windows.",
  ),
  p(400, "InvalidBootMode.Malformed", "ECS does not know this boot mode.", "Set `bootMode` to BIOS or UEFI."),
  p(
    400,
    "InvalidBootMode.NotSupport",
    "This boot mode cannot be used with the image's architecture or region.",
    "Use UEFI for arm64; otherwise leave `bootMode` out.",
  ),
  p(
    400,
    "InvalidLicenseType.NotSupported",
    "ECS does not take this licence type here.",
    "Set `licenseType` to Auto, Aliyun or BYOL, as the platform allows.",
  ),
  p(
    400,
    "InvalidLicenseType.BYOLOnly",
    "Images of this platform can only be imported with your own licence.",
    "Set `licenseType: BYOL`.",
  ),
  p(
    400,
    "InvalidImageSize",
    "ECS does not take this size for the system disk.",
    "Set `diskImageSize` of the first disk to at least the image's virtual size in GiB, and at most 2048.",
  ),
  p(
    400,
    "InvalidDataDiskSize",
    "ECS does not take this size for a data disk.",
    "Set `diskImageSize` of the disk to between its virtual size and 2048 GiB.",
  ),
  p(
    400,
    "InvalidImageFormat.Malformed",
    "ECS does not know this image format, or the file is of another one.",
    "Set `format` to RAW, VHD, QCOW2 or VMDK, or leave it out.",
  ),
  p(
    400,
    "InvalidImageFormat.RegionNotSupported",
    "This image format cannot be imported in this region.",
    "Convert the image: qemu-img convert -O qcow2 IN OUT.qcow2",
  ),
  p(
    403,
    "InvalidVHDImage.IncorrectSize",
    "The VHD's header does not fit its size: MaxTableEntries × BlockSize must cover it.",
    "Write the VHD anew: qemu-img convert -O vpc -o subformat=dynamic,force_size=on IN OUT.vhd",
  ),
  p(
    403,
    "InvalidBlockSize.NotSupport",
    "ECS does not take VHDs with this block size.",
    "Write the VHD anew with 2 MiB blocks: qemu-img convert -O vpc IN OUT.vhd",
  ),
  p(
    400,
    "InvalidOSSObject.Malformed",
    "ECS cannot use this object key.",
    "Upload the image under a plain key of letters, digits, `.`, `-`, `_` and `/`.",
  ),
  p(400, "InvalidOSSBucket.Malformed", "ECS cannot use this bucket name.", "Check the bucket's name."),
  p(400, "InvalidOSSObject.Size", "The object is empty.", "Upload the image again."),
  p(
    400,
    "InvalidOSSObject.NotFound",
    "ECS finds no such object in this region.",
    "Check that the object still exists, then upload it again or replay it.",
  ),
  p(
    400,
    "InvalidOSSBucket.NotFound",
    "ECS finds no such bucket in this region.",
    "Deploy the function in the bucket's region: an image can be imported only there.",
  ),
  p(
    400,
    "InvalidOSSBucket.NotMatched",
    "The bucket does not belong to this region or account.",
    "Deploy the function in the bucket's region and account.",
  ),
  a(
    400,
    "InvalidOSSObject.NeedRestore",
    "The object is archived.",
    "Restore the object and wait until it can be read, or keep images in Standard storage.",
  ),
  a(
    403,
    "InvalidOSSBucket.EncryptUnsupported",
    "ECS cannot read objects from an encrypted bucket.",
    "Turn the bucket's default encryption off and upload the image again.",
  ),
  t(400, "InvalidOSSBucket.FlowLimit", "The bucket's traffic is limited just now."),
  a(403, "InvalidOSS.NotAuthorized", "ECS may not read the bucket.", createRole),
  a(403, "NoSetRoletoECSServiceAcount", roleMissing, createRole),
  a(403, "NoSetRoletoECSServiceAccount", roleMissing, createRole),
  a(
    403,
    "InvalidAccountStatus.OSSDisabled",
    "OSS is disabled for this account.",
    "Bring the account into good standing in the console.",
  ),
  a(
    403,
    "UserNotInTheWhiteList",
    "This account may not import such images: VMDK, for example, is by invitation.",
    "Ask Alibaba Cloud for access, or convert the image to qcow2.",
  ),
  a(
    403,
    "QuotaExceed.Image",
    "The account's quota of custom images in this region is used up.",
    "Delete images that are no longer needed, or raise the quota in Quota Center.",
  ),
  t(403, "ImageIsImporting", "ECS is already importing this image."),
  a(
    403,
    "ImportImageFailed",
    "ECS refused the import without saying why.",
    "Ask Alibaba Cloud's support with the request id.",
  ),
  p(400, "InvalidRegionId.NotFound", "ECS does not know this region.", "Check the region in s.yaml."),
  p(
    400,
    "InvalidRegion.NotSupport",
    "Images cannot be imported in this region.",
    "Use a bucket and a function in another region.",
  ),
  p(404, "InvalidResourceGroup.NotFound", "There is no such resource group.", "Correct `resourceGroupId`."),
  p(403, "InvalidParameter.Malformed", "ECS does not take one of the parameters any more.", ourFault),
  p(
    400,
    "InvalidParameter.DetectionStrategy",
    "ECS does not know this image check.",
    "Set `detectionStrategy: Standard`, or leave it out.",
  ),
  p(
    400,
    "InvalidParameter.FeaturesImdsSupport",
    "ECS does not take this metadata service version.",
    "Set `features.imdsSupport` to v1 or v2.",
  ),
  p(
    403,
    "ImageCheckUnsupported.WindowsImage",
    "ECS cannot check images of this Windows version.",
    "Leave `detectionStrategy` out.",
  ),
  p(
    403,
    "TagKey.Duplication",
    "Two tags have the same key: ECS does not tell upper from lower case.",
    "Rename one of the tags.",
  ),
  p(400, "InvalidClientToken.Malformed", "ECS does not take the ClientToken.", ourFault),
  p(403, "InvalidStorageLocation.NotFound", "There is no such CloudBox.", "Correct or leave out `storageLocationArn`."),
  a(
    403,
    "InvalidOperation.CloudBoxImageImportRoleRequired",
    "ECS lacks the role for imports into a CloudBox.",
    "Create the role AliyunECSCloudBoxImageImportDefaultRole.",
  ),
  p(
    403,
    "InvalidOperation.CloudBoxImageImportUnsupported",
    "This image cannot be imported into a CloudBox.",
    "Leave `storageLocationArn` out.",
  ),
  a(
    400,
    "Account.Arrearage",
    "The account has overdue payments.",
    "Pay the outstanding bills; waiting imports go on by themselves then.",
  ),
  { code: "DRYRUN.SUCCESS", status: 400, class: "success", reason: "The request is valid.", advice: "Nothing." },
  { code: "DryRunOperation", status: 400, class: "success", reason: "The request is valid.", advice: "Nothing." },

  t(400, "Throttling", "ECS is limiting calls just now."),
  t(400, "Throttling.User", "ECS is limiting this account's calls just now."),
  t(400, "Rejected.Throttling", "ECS is limiting calls just now."),
  t(503, "ServiceUnavailable", "ECS cannot be reached just now."),
  t(503, "ServiceUnavailable.RegionMaintaining", "ECS is under maintenance in this region."),
  t(500, "InternalError", "ECS met an internal fault."),
  t(403, "LastTokenProcessing", "The first call with this ClientToken is still being processed."),
  t(409, "OperationConflict", "Another operation is in the way just now."),
  t(400, "SignatureNonceUsed", "The request's nonce was used before."),
  t(400, "IllegalTimestamp", "The request's time is too far from ECS's."),
  p(400, "IdempotentParameterMismatch", "The ClientToken was used before with other parameters.", ourFault),
  p(403, "InvalidIdempotenceParameter.Mismatch", "The ClientToken was used before with other parameters.", ourFault),
  a(
    400,
    "InsufficientBalance",
    "The account's balance is too low.",
    "Top up the account; waiting imports go on by themselves then.",
  ),
  a(
    404,
    "InvalidAccessKeyId.NotFound",
    "The access key does not exist.",
    "Check the function's role: it hands the function its credentials.",
  ),
  a(403, "Forbidden.RAM", "The function's role may not do this.", ramAdvice),
  a(403, "Forbidden", "The function's role may not do this.", ramAdvice),
  a(403, "Forbidden.Unauthorized", "A required authorisation is missing.", ramAdvice),
  a(403, "Forbidden.SubUser", "The function's role may not do this.", ramAdvice),
  a(403, "Forbidden.AccessKeyDisabled", "The access key is disabled.", "Enable it, or use the function's role."),
  a(
    403,
    "Forbidden.RiskControl",
    "Alibaba Cloud's risk control holds the account back.",
    "Ask Alibaba Cloud's support.",
  ),
  a(
    403,
    "RealNameAuthenticationError",
    "The account has not passed real-name verification.",
    "Verify the account in the console.",
  ),
  t(403, "InvalidSecurityToken.Expired", "The session credentials have expired."),
];

const byCode: ReadonlyMap<string, CataloguedError> = new Map(
  errorCatalogue.map((entry) => [entry.code.toLowerCase(), entry]),
);

/** The catalogue's entry for a code, without regard to case; undefined for a code that is not in it. */
export const catalogued = (code: string): CataloguedError | undefined => byCode.get(code.toLowerCase());
