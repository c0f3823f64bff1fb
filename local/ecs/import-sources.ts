import { decide } from "../ram/authorization.ts";
import { cloudBoxImageImportRoleName, imageImportRoleName, type Role } from "../ram/roles.ts";
import type { StoredObjectFacts } from "../wire/object-lookup.ts";
import type { Call } from "./cloud.ts";
import { type ContainerHeader, readContainerHeader } from "./container-header.ts";
import { isRefusal, type Refusal, refuse } from "./errors.ts";
import { type DiskRequest, wrongSize } from "./import-rules.ts";
import { text } from "./parameters.ts";

/** A disk whose object ECS can read. */
export interface DiskSource {
  readonly request: DiskRequest;
  readonly object: StoredObjectFacts;
  readonly container: ContainerHeader;
  readonly sizeInGiB: number;
}

const bytesPerGiB = 1024 ** 3;

/** What ECS needs of OSS, as the ImportImage reference lists it. */
const neededActions = ["oss:GetObject", "oss:GetBucketLocation", "oss:GetBucketInfo"];

const trustsEcs = (role: Role | undefined): role is Role => role?.trustedServices.includes("ecs.aliyuncs.com") === true;

/** The role that ECS assumes: it must exist, trust ECS and have every needed action on something. */
export const checkImportRole = ({ cloud, parameters }: Call): Refusal | undefined => {
  const role = cloud.roles.get(text(parameters, "RoleName") ?? imageImportRoleName);
  const named = (action: string) =>
    trustsEcs(role) &&
    role.policies.some(({ Statement }) =>
      Statement.some(
        (statement) => statement.Effect === "Allow" && decide([onEverything(statement)], action, "*") === "Allow",
      ),
    );
  return neededActions.every(named) ? undefined : refuse(cloud.settings.missingRoleCode);
};

const onEverything = (statement: Role["policies"][number]["Statement"][number]): Role["policies"][number] => ({
  Version: "1",
  Statement: [{ ...statement, Resource: "*" }],
});

/** `arn:acs:cloudbox:{RegionId}:{AliUid}:cloudbox/{CloudBoxId}` */
export const checkStorageLocation = ({ cloud, parameters, region }: Call): Refusal | undefined => {
  const arn = text(parameters, "StorageLocationArn");
  if (arn === undefined) return undefined;
  const prefix = `arn:acs:cloudbox:${region}:${cloud.accountId}:cloudbox/`;
  const cloudBox = arn.startsWith(prefix) ? cloud.settings.cloudBoxes.get(arn.slice(prefix.length)) : undefined;
  if (cloudBox === undefined) return refuse("InvalidStorageLocation.NotFound");
  if (!cloudBox.imports) return refuse("InvalidOperation.CloudBoxImageImportUnsupported");
  return trustsEcs(cloud.roles.get(cloudBoxImageImportRoleName))
    ? undefined
    : refuse("InvalidOperation.CloudBoxImageImportRoleRequired");
};

/** Bucket, permission, object, then the container's header. */
export const openSource = async (call: Call, request: DiskRequest): Promise<DiskSource | Refusal> => {
  const object = await findObject(call, request);
  if (isRefusal(object)) return object;
  const container = await readContainerHeader(object);
  if (container.format === "VMDK" && !call.cloud.settings.invitedToVmdk) return refuse("UserNotInTheWhiteList");
  const sizeInGiB =
    request.sizeInGiB ?? Math.max(1, Math.ceil((container.virtualSizeInBytes ?? object.size) / bytesPerGiB));
  return checkSize(request, object, container, sizeInGiB) ?? { request, object, container, sizeInGiB };
};

const findObject = async (call: Call, request: DiskRequest): Promise<StoredObjectFacts | Refusal> => {
  const { cloud, region, parameters } = call;
  const bucket = cloud.objects.bucket(request.bucket);
  if (bucket === undefined || bucket.region !== region) return refuse("InvalidOSSBucket.NotFound");
  if (bucket.ownerAccountId !== cloud.accountId)
    return refuse("InvalidOSSBucket.NotMatched", "it belongs to another account");
  const policies = cloud.roles.get(text(parameters, "RoleName") ?? imageImportRoleName)?.policies ?? [];
  const mayRead = (action: string, resource: string) =>
    decide(policies, action, `acs:oss:*:${cloud.accountId}:${resource}`) === "Allow";
  if (
    !mayRead("oss:GetObject", `${request.bucket}/${request.key}`) ||
    !mayRead("oss:GetBucketInfo", request.bucket) ||
    !mayRead("oss:GetBucketLocation", request.bucket)
  )
    return refuse("InvalidOSS.NotAuthorized");
  if (bucket.encryption !== undefined) return refuse("InvalidOSSBucket.EncryptUnsupported");
  const object = await cloud.objects.object(request.bucket, request.key);
  if (object === undefined) return refuse("InvalidOSSObject.NotFound");
  if (object.size === 0) return refuse("InvalidOSSObject.Size");
  if (!object.readable) return refuse("InvalidOSSObject.NeedRestore");
  if (object.encryption !== undefined && !cloud.settings.acceptsEncryptedObjects)
    return refuse("InvalidOSSBucket.EncryptUnsupported");
  return object;
};

const vhdBlockSizesInBytes: readonly number[] = [512 * 1024, 2 * 1024 * 1024];

const checkSize = (
  request: DiskRequest,
  object: StoredObjectFacts,
  { format, virtualSizeInBytes = object.size, vhdTable }: ContainerHeader,
  sizeInGiB: number,
): Refusal | undefined => {
  if (vhdTable !== undefined && (request.format ?? format) === "VHD") {
    if (!vhdBlockSizesInBytes.includes(vhdTable.blockSizeInBytes)) return refuse("InvalidBlockSize.NotSupport");
    if (vhdTable.maxTableEntries * vhdTable.blockSizeInBytes < virtualSizeInBytes)
      return refuse("InvalidVHDImage.IncorrectSize");
  }
  if (sizeInGiB > 2048) return wrongSize(request.position);
  return sizeInGiB * bytesPerGiB < virtualSizeInBytes
    ? wrongSize(request.position, "it is smaller than the image")
    : undefined;
};
