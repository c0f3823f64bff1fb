import { authorize } from "../../ram/authorization.ts";
import { type Call, imagesOf, newId } from "../cloud.ts";
import { firstRefusal, forbidden, isRefusal, type Refusal, refuse } from "../errors.ts";
import type { Image } from "../image.ts";
import { checkAttributes, checkPlainParameters, type DiskRequest, readAttributes, readDisk } from "../import-rules.ts";
import { checkImportRole, checkStorageLocation, type DiskSource, openSource } from "../import-sources.ts";
import { earliestStart, type ImportTask } from "../import-task.ts";
import type { Operation, Outcome } from "../operation.ts";
import { flag, items, text } from "../parameters.ts";
import { type ImportMatch, type ImportOutcome, takeFirst } from "../settings.ts";
import { readTags } from "../tags.ts";

/** N above this is silently ignored, says the reference. */
const mostDisks = 17;

export const importImage: Operation = {
  reads: [
    ...["RegionId", "ImageName", "Description", "Architecture", "OSType", "Platform", "BootMode", "RoleName"],
    ...["LicenseType", "ResourceGroupId", "StorageLocationArn", "DetectionStrategy", "Tag", "Features"],
    ...["ClientToken", "DryRun", "DiskDeviceMapping"],
  ],
  refuses: [],
  ignores: [],
  requires: ["RegionId"],
  resource: () => "image/*",
  handle: async (call) => {
    const { parameters, cloud } = call;
    const refusal = firstRefusal([
      () => checkAccount(call),
      () => checkPlainParameters(parameters),
      () => checkAttributes(readAttributes(parameters), text(parameters, "DetectionStrategy") !== undefined),
    ]);
    if (refusal !== undefined) return refusal;
    const tags = readTags(parameters);
    if (isRefusal(tags)) return tags;
    const requests = readDisks(call);
    if (isRefusal(requests)) return requests;
    const unready = firstRefusal([
      () => checkTagPermission(call, tags.size),
      () => checkResourceGroup(call),
      () => checkStorageLocation(call),
      () => checkImportRole(call),
    ]);
    if (unready !== undefined) return unready;
    const sources: DiskSource[] = [];
    for (const request of requests) {
      const source = await openSource(call, request);
      if (isRefusal(source)) return source;
      sources.push(source);
    }
    const full = firstRefusal([() => checkName(call), () => checkQuota(call)]);
    if (full !== undefined) return full;
    if (flag(parameters, "DryRun")) return refuse(cloud.settings.dryRunCode);
    return accept(call, sources, tags);
  },
};

const checkAccount = ({ cloud: { settings }, region }: Call): Refusal | undefined => {
  if (settings.regionsWithoutImport.includes(region)) return refuse("InvalidRegion.NotSupport");
  if (settings.accountInArrears) return refuse("Account.Arrearage");
  return settings.ossDisabled ? refuse("InvalidAccountStatus.OSSDisabled") : undefined;
};

const readDisks = ({ parameters, cloud: { settings } }: Call): readonly DiskRequest[] | Refusal => {
  const given = items(parameters, "DiskDeviceMapping").filter(({ position }) => position <= mostDisks);
  if (given[0]?.position !== 1) return refuse("MissingParameter.DiskDeviceMapping");
  const disks: DiskRequest[] = [];
  for (const { position, fields } of given) {
    const disk = readDisk(position, fields);
    if (isRefusal(disk)) return disk;
    if (disk.format !== undefined && settings.formatsNotInRegion.includes(disk.format))
      return refuse("InvalidImageFormat.RegionNotSupported");
    if (disk.format === "VMDK" && !settings.invitedToVmdk) return refuse("UserNotInTheWhiteList");
    disks.push(disk);
  }
  return disks;
};

const checkTagPermission = ({ caller, cloud, region }: Call, tags: number): Refusal | undefined => {
  if (tags === 0 || !cloud.settings.importTagsNeedPermission) return undefined;
  const resource = `acs:ecs:${region}:${cloud.accountId}:image/*`;
  return authorize(caller, "ecs:TagResources", resource) ? undefined : forbidden("ecs:TagResources", "ImplicitDeny");
};

const checkResourceGroup = ({ parameters, cloud: { settings } }: Call): Refusal | undefined => {
  const group = text(parameters, "ResourceGroupId");
  return group === undefined || settings.resourceGroups.includes(group)
    ? undefined
    : refuse("InvalidResourceGroup.NotFound");
};

const checkName = (call: Call): Refusal | undefined => {
  const name = text(call.parameters, "ImageName");
  const namesake = imagesOf(call, (image) => image.name === name).find(({ status }) => status !== "CreateFailed");
  if (namesake === undefined) return undefined;
  return ["Waiting", "Creating"].includes(namesake.status)
    ? refuse("ImageIsImporting")
    : refuse("InvalidImageName.Duplicated");
};

/** Only once as many images were made as the quota allows does it matter which of them exist still, and where. */
const checkQuota = (call: Call): Refusal | undefined => {
  const { images, settings } = call.cloud;
  const hasRoom = images.size < settings.imageQuota || imagesOf(call).length < settings.imageQuota;
  return hasRoom ? undefined : refuse("QuotaExceed.Image");
};

const accept = (call: Call, sources: readonly DiskSource[], tags: ReadonlyMap<string, string>): Outcome => {
  const { cloud, parameters, region, now } = call;
  const { settings, tasks, images } = cloud;
  const [imageId, taskId] = [newId("m"), newId("t")];
  const image: Image = {
    imageId,
    taskId,
    region,
    name: text(parameters, "ImageName") ?? imageId,
    description: text(parameters, "Description") ?? "",
    family: "",
    ...readAttributes(parameters),
    resourceGroupId: text(parameters, "ResourceGroupId") ?? "",
    features: {
      nvmeSupport: text(parameters, "Features.NvmeSupport") ?? "unsupported",
      imdsSupport: text(parameters, "Features.ImdsSupport") ?? "v1",
    },
    checked: text(parameters, "DetectionStrategy") !== undefined,
    deprecated: false,
    tags,
    disks: sources.map(({ request, container, sizeInGiB }) => ({
      bucket: request.bucket,
      key: request.key,
      format: request.format ?? container.format,
      sizeInGiB,
      snapshotId: newId("s"),
    })),
    createdAt: now,
  };
  const sizeInBytes = sources.reduce((sum, { object }) => sum + object.size, 0);
  const seconds =
    typeof settings.importSeconds === "number" ? settings.importSeconds : settings.importSeconds(sizeInBytes);
  const lanesOfRegion = [...tasks.values()].filter((task) => task.region === region);
  const task: ImportTask = {
    taskId,
    imageId,
    region,
    createdAt: now,
    startsAt: earliestStart(lanesOfRegion, settings.concurrentImports, now) + settings.queueSeconds * 1000,
    durationInMilliseconds: seconds * 1000,
    outcome: takeFirst(cloud.scripts.outcomes, ({ match }) => matches(match, image))?.outcome ?? outcomeOf(sources),
  };
  tasks.set(taskId, task);
  images.set(imageId, image);
  return { body: { ImageId: imageId, TaskId: taskId, RegionId: region } };
};

const matches = ({ bucket, key, imageName }: ImportMatch, image: Image): boolean =>
  (imageName === undefined || imageName === image.name) &&
  image.disks.some((disk) => (bucket ?? disk.bucket) === disk.bucket && (key ?? disk.key) === disk.key);

/** A declared format that the container contradicts is seen once the import runs. Code and moment are unpublished. */
const outcomeOf = (sources: readonly DiskSource[]): ImportOutcome => {
  const wrong = sources.find(({ request, container }) => (request.format ?? container.format) !== container.format);
  if (wrong === undefined) return { kind: "succeeds" };
  const errorMsg = `The format of ${wrong.request.key} is not ${wrong.request.format}.`;
  return { kind: "fails", errorCode: "ParameterInvalid", errorMsg, atProgress: 5 };
};
