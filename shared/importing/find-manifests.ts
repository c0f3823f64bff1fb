import { isCloudError } from "../cloud/cloud-error.ts";
import type { ObjectStore } from "../cloud/ports.ts";
import { bucketManifestNames, manifestConflict, sidecarNamesOf } from "../manifest/manifest-names.ts";
import type { Problem } from "../manifest/problem.ts";
import type { ReadManifest } from "../manifest/read-manifest.ts";
import type { BucketManifest, Settings } from "../manifest/settings.ts";
import { maxManifestBytes } from "../manifest/source-tree.ts";

export type Found<Manifest> =
  | { readonly manifest?: ReadManifest<Manifest> }
  | { readonly problems: readonly Problem[] };

/** The bucket manifest, where there is one. */
export const findBucketManifest = (objects: ObjectStore, bucket: string): Promise<Found<BucketManifest>> =>
  find(objects, bucket, bucketManifestNames, ({ readManifest }, text, file) => readManifest(text, file, "bucket"));

/** The sidecar of an image, where there is one. */
export const findSidecar = (objects: ObjectStore, bucket: string, imageKey: string): Promise<Found<Settings>> =>
  find(objects, bucket, sidecarNamesOf(imageKey), ({ readManifest }, text, file) =>
    readManifest(text, file, "sidecar"),
  );

type Reading = typeof import("../manifest/read-manifest.ts");

const maximumKeyInBytes = 1023;

/** All names that a manifest can have are listed, which is one call; only one that exists is read. */
async function find<Manifest>(
  objects: ObjectStore,
  bucket: string,
  names: readonly string[],
  read: (
    reading: Reading,
    text: Uint8Array,
    file: string,
  ) => ReadManifest<Manifest> | { readonly problems: readonly Problem[] },
): Promise<Found<Manifest>> {
  const present = await presentOf(objects, bucket, names);
  const conflict = manifestConflict(present);
  const [file] = present;
  if (file === undefined) return {};
  if (conflict) return { problems: [{ file, line: 1, column: 1, pointer: "", message: conflict }] };
  try {
    // Most images have no manifest, so the parser is loaded for one that exists, while its content is on the way.
    const content = objects.read({ bucket, key: file }, maxManifestBytes);
    const [found, reading] = await Promise.all([content, import("../manifest/read-manifest.ts")]);
    if (!found) return {};
    const result = read(reading, found.body, file);
    return "problems" in result ? result : { manifest: result };
  } catch (error) {
    if (!isCloudError(error) || error.code !== "TooLarge") throw error;
    return {
      problems: [
        {
          file,
          line: 1,
          column: 1,
          pointer: "",
          message: `The manifest is larger than ${maxManifestBytes} bytes.`,
          hint: "Make it smaller: a manifest is a page of settings.",
        },
      ],
    };
  }
}

async function presentOf(objects: ObjectStore, bucket: string, names: readonly string[]): Promise<readonly string[]> {
  const [first = ""] = names;
  const prefix = first.slice(0, first.lastIndexOf(".") + 1);
  // No sidecar can lie beside an image whose key is nearly as long as keys may be; OSS refuses so long a prefix.
  if (Buffer.byteLength(prefix) > maximumKeyInBytes) return [];
  const present: string[] = [];
  let startAfter: string | undefined;
  // Others may have put any number of objects with the same beginning before the manifest: they must not hide it.
  do {
    const page = await objects.list(bucket, { prefix, ...(startAfter === undefined ? {} : { startAfter }) });
    for (const { key } of page.objects) if (names.includes(key)) present.push(key);
    startAfter = page.more ? page.objects.at(-1)?.key : undefined;
  } while (startAfter !== undefined);
  return present;
}
