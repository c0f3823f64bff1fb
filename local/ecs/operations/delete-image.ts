import { imageOf } from "../cloud.ts";
import { refuse } from "../errors.ts";
import type { Operation } from "../operation.ts";
import { flag, text } from "../parameters.ts";

export const deleteImage: Operation = {
  reads: ["RegionId", "ImageId", "DryRun"],
  refuses: [],
  // Force is for images in use by instances, of which there are none here.
  ignores: ["Force"],
  requires: ["RegionId", "ImageId"],
  resource: (parameters) => `image/${text(parameters, "ImageId") ?? "*"}`,
  handle: (call) => {
    const { cloud, parameters } = call;
    const view = imageOf(call, text(parameters, "ImageId") ?? "");
    if (view === undefined && cloud.settings.deletingMissingImage === "refused")
      return refuse("InvalidImageId.NotFound");
    if (view !== undefined && ["Waiting", "Creating"].includes(view.status)) return refuse("ImageIsImporting");
    if (flag(parameters, "DryRun")) return refuse("DryRunOperation");
    if (view !== undefined) cloud.images.delete(view.image.imageId);
    return { body: {} };
  },
};
