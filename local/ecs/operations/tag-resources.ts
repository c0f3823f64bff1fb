import { imageOf } from "../cloud.ts";
import { isRefusal, refuse } from "../errors.ts";
import type { Operation } from "../operation.ts";
import { text, values } from "../parameters.ts";
import { mostTags, readTags } from "../tags.ts";

const mostResources = 50;

export const tagResources: Operation = {
  reads: ["RegionId", "ResourceType", "ResourceId", "Tag"],
  refuses: [],
  ignores: [],
  requires: ["RegionId", "ResourceType", "ResourceId.1", "Tag.1.Key"],
  // One check for the whole call: RAM asks for every resource, which `image/*` stands for when there are several.
  resource: (parameters) => {
    const ids = values(parameters, "ResourceId");
    return ids.length === 1 ? `image/${ids[0]}` : "image/*";
  },
  handle: (call) => {
    const { cloud, parameters } = call;
    if (text(parameters, "ResourceType") !== "image") return refuse("InvalidResourceType.NotFound");
    const ids = values(parameters, "ResourceId");
    if (ids.length > mostResources) return refuse("InvalidParameter", "ResourceId");
    const tags = readTags(parameters);
    if (isRefusal(tags)) return tags;
    const views = ids.flatMap((id) => imageOf(call, id) ?? []);
    if (views.length < ids.length) return refuse("InvalidResourceId.NotFound");
    const tagged = views.map(({ image }) => ({ ...image, tags: new Map([...image.tags, ...tags]) }));
    if (tagged.some((image) => image.tags.size > mostTags)) return refuse("NumberExceed.Tags");
    for (const image of tagged) cloud.images.set(image.imageId, image);
    return { body: {} };
  },
};
