import { imageKeyOf, isSidecarKey } from "../manifest/manifest-names.ts";
import { diskSetOf, disksOfSidecar } from "./consider.ts";
import { counted } from "./counted.ts";
import { findBucketManifest } from "./find-manifests.ts";
import { findSetsNaming, listFolderOf } from "./find-sets.ts";
import type { ImportDeps } from "./import-deps.ts";
import { type ImageToImport, importObject, type Occasion } from "./import-object.ts";

/**
 * Does what is to be done with an image or a sidecar: finds the import that it belongs to, and goes on with that.
 * `eventEtag` is what the event gave as the object's ETag. Resolves to the key of the image, or of the set's system disk.
 */
export async function importRouted(
  key: string,
  occasion: Occasion,
  deps: ImportDeps,
  eventEtag?: string,
): Promise<string> {
  const image = isSidecarKey(key)
    ? await routedSidecar(key, deps)
    : await routedImage(key, occasion, deps, eventEtag ? { eventEtag } : {});
  await importObject({ ...image, mayWait: occasion !== "tick" }, deps);
  return image.key;
}

type Routed = Omit<ImageToImport, "mayWait">;

async function routedSidecar(key: string, deps: ImportDeps): Promise<Routed> {
  const imageKey = imageKeyOf(key) ?? key;
  const [systemDisk = imageKey] = (await disksOfSidecar(imageKey, deps)) ?? [];
  return { key: systemDisk, sidecarOf: imageKey, occasion: "manifest", trigger: key };
}

/** The set that an image is a disk of by what is remembered, else by the sidecars beside it, else itself. */
async function routedImage(
  key: string,
  occasion: Occasion,
  deps: ImportDeps,
  event: Pick<ImageToImport, "eventEtag">,
): Promise<Routed> {
  const disk = { bucket: deps.bucket, key };
  const [facts, remembered, folder] = await Promise.all([
    deps.objects.stat(disk),
    deps.members.setsOf(disk),
    listFolderOf(key, deps),
  ]);
  const more = { occasion, looked: { facts }, ...event };
  const asDiskOf = async (imageKeys: readonly string[]): Promise<Routed | undefined> => {
    for (const imageKey of imageKeys) {
      const { disks, isCertain } = await diskSetOf(imageKey, deps);
      if (!disks?.includes(key)) {
        if (isCertain && remembered.includes(imageKey)) await deps.members.forget(disk, imageKey);
        continue;
      }
      const [systemDisk = imageKey] = disks;
      return systemDisk === key
        ? { key, sidecarOf: imageKey, ...more }
        : { key: systemDisk, sidecarOf: imageKey, occasion: "manifest", trigger: key };
    }
    return undefined;
  };
  return (
    (await asDiskOf(remembered)) ??
    (await asDiskOf(facts ? await findSetsNaming(key, facts, folder, occasion, deps) : [])) ?? {
      key,
      sidecarOf: key,
      ...more,
    }
  );
}

/** Checks a bucket manifest that was just uploaded, so that its writer hears of a mistake at once. */
export async function reviewBucketManifest(key: string, { objects, region, bucket, log }: ImportDeps): Promise<void> {
  const found = await findBucketManifest(objects, bucket);
  const fields = { region, bucket, key };
  if ("problems" in found) {
    const [first] = found.problems;
    const reason = first ? `${first.file}:${first.line}:${first.column} ${first.message}` : "it is not valid";
    log(
      "error",
      "manifest.invalid",
      `The bucket manifest ${key} is not valid, so nothing is imported until it is corrected: ${reason}`,
      {
        ...fields,
        reason,
        advice:
          "Check it with `oss-image-import validate`, correct it and upload it again: images that came meanwhile wait for that.",
        problems: found.problems.slice(0, 20),
      },
    );
    return;
  }
  const rules = found.manifest?.manifest.rules?.length ?? 0;
  log(
    "info",
    "object.ignored",
    `The bucket manifest ${key} is valid: ${counted(rules, "rule")}. It holds from now on, also for images that wait: the report function looks at them at its next run.`,
    { ...fields, reason: "it is the bucket manifest, and it is valid" },
  );
}
