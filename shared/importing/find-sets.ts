import { isCloudError } from "../cloud/cloud-error.ts";
import type { ListedObject, ObjectFacts } from "../cloud/ports.ts";
import { folderOf, resolveDiskKey } from "../manifest/disk-key.ts";
import { imageKeyOf } from "../manifest/manifest-names.ts";
import { maxManifestBytes } from "../manifest/source-tree.ts";
import { type ImportDeps, invocationLifetimeInMilliseconds } from "./import-deps.ts";
import type { Occasion } from "./import-object.ts";

type FindDeps = Pick<ImportDeps, "objects" | "bucket">;

/**
 * After so long the event of a sidecar is over: it has left its mark on the disks that the sidecar names, or was given up.
 * The 6 hours are s.yaml's `maxAsyncEventAgeInSeconds`.
 */
const oldestEventInMilliseconds = 6 * 3600_000 + invocationLifetimeInMilliseconds;

/** Whoever fills a folder with sidecars is not to hold up the images in it. */
const maximumSidecars = 20;

/** What lies in the folder of an image itself, not in those below it: the first 1,000 names. */
export async function listFolderOf(imageKey: string, { objects, bucket }: FindDeps): Promise<readonly ListedObject[]> {
  return (await objects.list(bucket, { prefix: folderOf(imageKey), delimiter: "/" })).objects;
}

/**
 * The images whose sidecars, among these objects of its folder, name an image as one of their disks. Function Compute
 * handles events at the same time and in any order, so an image may be looked at before a sidecar that was there first.
 *
 * Looked at are the sidecars whose own events may still be on their way, by OSS's clock alone; all when somebody asks for
 * the image. Of too many those count that were written closest to it. An image with a sidecar of its own is in no doubt,
 * unless that makes another the system disk.
 */
export async function findSetsNaming(
  imageKey: string,
  { lastModified }: ObjectFacts,
  folder: readonly ListedObject[],
  occasion: Occasion,
  deps: FindDeps,
): Promise<readonly string[]> {
  const sidecars = folder.flatMap((object) => {
    const named = imageKeyOf(object.key);
    return named === undefined ? [] : [{ ...object, named }];
  });
  const own = sidecars.find(({ named }) => named === imageKey);
  if (own) {
    const [systemDisk = imageKey] = await namedDisks(own.key, imageKey, deps);
    return systemDisk === imageKey ? [] : [imageKey];
  }
  const distance = (sidecar: ListedObject): number => sidecar.lastModified.getTime() - lastModified.getTime();
  const inQuestion = sidecars
    .filter((sidecar) => sidecar.size <= maxManifestBytes)
    .filter((sidecar) => occasion === "replay" || distance(sidecar) >= -oldestEventInMilliseconds)
    .sort((a, b) => Math.abs(distance(a)) - Math.abs(distance(b)))
    .slice(0, maximumSidecars);
  const naming = await Promise.all(
    inQuestion.map(async ({ key, named }) => ((await namedDisks(key, named, deps)).includes(imageKey) ? [named] : [])),
  );
  return [...new Set(naming.flat())];
}

/** Refusals that are in a sidecar itself and stay: it is as good as none, lest it hold up the images of its folder. */
const unreadable: ReadonlySet<string> = new Set(["TooLarge", "Symlink", "InvalidObjectState", "AccessDenied"]);

/** The disks of a sidecar as it names them, from the system disk on; none where it names none, or cannot be read. */
async function namedDisks(
  sidecarKey: string,
  ownImage: string,
  { objects, bucket }: FindDeps,
): Promise<readonly string[]> {
  try {
    const [content, { readManifest }] = await Promise.all([
      objects.read({ bucket, key: sidecarKey }, maxManifestBytes),
      import("../manifest/read-manifest.ts"),
    ]);
    if (!content) return [];
    const read = readManifest(content.body, sidecarKey, "sidecar");
    if ("problems" in read) return [];
    return (read.manifest.disks ?? []).flatMap(({ ossObject }) => {
      const resolved = ossObject === undefined ? { key: ownImage } : resolveDiskKey(ossObject, sidecarKey);
      return "key" in resolved ? [resolved.key] : [];
    });
  } catch (error) {
    if (isCloudError(error) && unreadable.has(error.code)) return [];
    throw error;
  }
}
