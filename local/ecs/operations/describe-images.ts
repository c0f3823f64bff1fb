import { matchesWildcard } from "../../ram/wildcard.ts";
import { imagesOf } from "../cloud.ts";
import { refuse } from "../errors.ts";
import type { Image } from "../image.ts";
import { imageView } from "../image-view.ts";
import type { Operation } from "../operation.ts";
import { commaList, flag, items, type Parameters, page, pageOf, text } from "../parameters.ts";

export const describeImages: Operation = {
  reads: [
    ...["RegionId", "Status", "ImageId", "ImageName", "ImageFamily", "ImageOwnerAlias", "Tag", "Filter"],
    ...["PageNumber", "PageSize", "OSType", "Architecture", "ResourceGroupId", "SnapshotId", "DryRun"],
  ],
  refuses: ["ActionType", "InstanceType", "ImageOwnerId", "IsPublic", "Usage"],
  ignores: ["ShowExpired", "IsSupportCloudinit", "IsSupportIoOptimized"],
  requires: ["RegionId"],
  resource: () => "image/*",
  handle: (call) => {
    const { cloud, parameters, region, now } = call;
    const wanted = page(parameters);
    if (wanted === undefined) return refuse("InvalidParameter", "PageNumber or PageSize");
    const filter = readFilter(parameters);
    if (filter === undefined) return refuse("InvalidParameter", "Filter");
    if (flag(parameters, "DryRun")) return refuse("DryRunOperation");
    const visibleBefore = now - cloud.settings.imageVisibleAfterSeconds * 1000;
    const statuses = commaList(parameters, "Status") ?? ["Available"];
    const found = imagesOf(call, (image) => image.createdAt <= visibleBefore && filter(image)).filter(
      ({ status }) => statuses.includes("ALL") || statuses.includes(status),
    );
    const { entries, position } = pageOf(found, wanted);
    const images = entries.map((view) => imageView(cloud.settings, view, now));
    return { body: { RegionId: region, ...position, Images: { Image: images } } };
  },
};

/** All conditions of a request but the status as one; `undefined` when a time is malformed or a key unknown. */
const readFilter = (parameters: Parameters): ((image: Image) => boolean) | undefined => {
  const imageIds = commaList(parameters, "ImageId");
  const owner = text(parameters, "ImageOwnerAlias") ?? "self";
  const tags = items(parameters, "Tag").map(({ fields }) => ({
    key: fields.get("Key") ?? fields.get("key") ?? "",
    value: fields.get("Value") ?? fields.get("value"),
  }));
  let [createdFrom, createdTo] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const { fields } of items(parameters, "Filter")) {
    const time = Date.parse(fields.get("Value") ?? "");
    if (Number.isNaN(time)) return undefined;
    if (fields.get("Key") === "CreationStartTime") createdFrom = time;
    else if (fields.get("Key") === "CreationEndTime") createdTo = time;
    else return undefined;
  }
  const equals = (name: string, value: string) => (text(parameters, name) ?? value) === value;
  return (image) =>
    owner === "self" &&
    (imageIds === undefined || imageIds.includes(image.imageId)) &&
    matchesWildcard(text(parameters, "ImageName") ?? "*", image.name) &&
    tags.every(({ key, value }) => image.tags.has(key) && (value === undefined || image.tags.get(key) === value)) &&
    image.createdAt >= createdFrom &&
    image.createdAt <= createdTo &&
    equals("ImageFamily", image.family) &&
    equals("OSType", image.osType) &&
    equals("Architecture", image.architecture) &&
    equals("ResourceGroupId", image.resourceGroupId) &&
    image.disks.some(({ snapshotId }) => equals("SnapshotId", snapshotId));
};
