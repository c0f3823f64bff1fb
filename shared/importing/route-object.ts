import { imageKeyOf, isSidecarKey } from "../manifest/manifest-names.ts";
import { diskSetOf, disksOfSidecar } from "./consider.ts";
import { counted } from "./counted.ts";
import { findBucketManifest } from "./find-manifests.ts";
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
  const [image, facts] = await Promise.all([
    routed(key, occasion, deps),
    isSidecarKey(key) ? undefined : deps.objects.stat({ bucket: deps.bucket, key }),
  ]);
  const more = image.trigger === undefined ? { looked: { facts }, ...(eventEtag ? { eventEtag } : {}) } : {};
  await importObject({ ...image, ...more }, deps);
  return image.key;
}

async function routed(key: string, occasion: Occasion, deps: ImportDeps): Promise<ImageToImport> {
  if (isSidecarKey(key)) {
    const imageKey = imageKeyOf(key) ?? key;
    const [systemDisk = imageKey] = (await disksOfSidecar(imageKey, deps)) ?? [];
    return { key: systemDisk, sidecarOf: imageKey, occasion: "manifest", trigger: key };
  }
  const disk = { bucket: deps.bucket, key };
  for (const imageKey of await deps.members.setsOf(disk)) {
    if (imageKey === key) continue;
    const { disks, isCertain } = await diskSetOf(imageKey, deps);
    if (!disks?.includes(key)) {
      if (isCertain) await deps.members.forget(disk, imageKey);
      continue;
    }
    const [systemDisk = imageKey] = disks;
    return systemDisk === key
      ? { key, sidecarOf: imageKey, occasion }
      : { key: systemDisk, sidecarOf: imageKey, occasion: "manifest", trigger: key };
  }
  return { key, sidecarOf: key, occasion };
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
