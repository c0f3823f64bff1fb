import { type Call, type ImageView, imageOf, imagesOf } from "../cloud.ts";
import { firstRefusal, type Refusal, refuse } from "../errors.ts";
import type { Image } from "../image.ts";
import { isDescription, isImageName } from "../import-rules.ts";
import type { Operation } from "../operation.ts";
import { flag, text } from "../parameters.ts";

const bootModes = ["BIOS", "UEFI", "UEFI-Preferred"];

export const modifyImageAttribute: Operation = {
  reads: [
    ...["RegionId", "ImageId", "ImageName", "Description", "ImageFamily", "Status", "BootMode", "LicenseType"],
    ...["Features", "DryRun"],
  ],
  refuses: [],
  ignores: [],
  requires: ["RegionId", "ImageId"],
  resource: (parameters) => `image/${text(parameters, "ImageId") ?? "*"}`,
  handle: (call) => {
    const view = imageOf(call, text(call.parameters, "ImageId") ?? "");
    if (view === undefined) return refuse("InvalidImageId.NotFound");
    const refusal = checkChange(call, view);
    if (refusal !== undefined) return refusal;
    if (flag(call.parameters, "DryRun")) return refuse("DryRunOperation");
    call.cloud.images.set(view.image.imageId, changed(call, view.image));
    return { body: {} };
  },
};

const checkChange = (call: Call, { image, status }: ImageView): Refusal | undefined => {
  const value = (name: string) => text(call.parameters, name);
  const [name, description, family] = [value("ImageName"), value("Description"), value("ImageFamily")];
  const [wantedStatus, bootMode, license] = [value("Status"), value("BootMode"), value("LicenseType")];
  const [nvme, imds] = [value("Features.NvmeSupport"), value("Features.ImdsSupport")];
  const namesake = imagesOf(call).some((other) => other.image.name === name && other.image.imageId !== image.imageId);
  return firstRefusal([
    () => (name !== undefined && !isImageName(name) ? refuse("InvalidImageName.Malformed") : undefined),
    () => (namesake ? refuse("InvalidImageName.Duplicated") : undefined),
    () =>
      description !== undefined && !isDescription(description) ? refuse("InvalidDescription.Malformed") : undefined,
    () => (family !== undefined && !isImageName(family) ? refuse("InvalidImageFamily.Malformed") : undefined),
    () => (bootMode !== undefined && !bootModes.includes(bootMode) ? refuse("InvalidBootMode.Malformed") : undefined),
    () =>
      image.architecture === "arm64" && (bootMode ?? "UEFI") !== "UEFI"
        ? refuse("InvalidBootMode.NotSupport")
        : undefined,
    () => ((license ?? "BYOL") !== "BYOL" ? refuse("InvalidLicenseType.NotSupported") : undefined),
    () =>
      ["supported", "unsupported", undefined].includes(nvme)
        ? undefined
        : refuse("InvalidParameter.FeaturesNvmeSupport"),
    () =>
      ["v1", "v2", undefined].includes(imds) && !(imds === "v1" && image.features.imdsSupport === "v2")
        ? undefined
        : refuse("InvalidParameter.FeaturesImdsSupport"),
    () =>
      ["Available", "Deprecated", undefined].includes(wantedStatus) ? undefined : refuse("InvalidParameter", "Status"),
    () =>
      wantedStatus !== undefined && !["Available", "Deprecated"].includes(status)
        ? refuse("IncorrectImageStatus")
        : undefined,
  ]);
};

const changed = ({ parameters }: Call, image: Image): Image => ({
  ...image,
  name: text(parameters, "ImageName") ?? image.name,
  description: text(parameters, "Description") ?? image.description,
  family: text(parameters, "ImageFamily") ?? image.family,
  bootMode: text(parameters, "BootMode") ?? image.bootMode,
  licenseType: text(parameters, "LicenseType") ?? image.licenseType,
  features: {
    nvmeSupport: text(parameters, "Features.NvmeSupport") ?? image.features.nvmeSupport,
    imdsSupport: text(parameters, "Features.ImdsSupport") ?? image.features.imdsSupport,
  },
  deprecated: text(parameters, "Status") === undefined ? image.deprecated : text(parameters, "Status") === "Deprecated",
});
