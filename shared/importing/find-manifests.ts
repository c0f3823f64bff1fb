import { createHash } from "node:crypto";
import { isCloudError } from "../cloud/cloud-error.ts";
import type { ListedObject, ObjectStore } from "../cloud/ports.ts";
import { bucketManifestNames, manifestConflict, sidecarNamesOf } from "../manifest/manifest-names.ts";
import type { Problem } from "../manifest/problem.ts";
import type { ReadManifest } from "../manifest/read-manifest.ts";
import type { BucketManifest, Settings } from "../manifest/settings.ts";
import { maxManifestBytes } from "../manifest/source-tree.ts";

export type Found<Manifest> =
  | { readonly manifest?: ReadManifest<Manifest> }
  | { readonly problems: readonly Problem[] };

/** The bucket manifest, where there is one, and its mark: another manifest, or none, has another mark. */
export async function findBucketManifest(
  objects: ObjectStore,
  bucket: string,
): Promise<Found<BucketManifest> & { readonly mark: string }> {
  const present = await presentOf(objects, bucket, bucketManifestNames);
  const found = await readPresent(objects, bucket, present, ({ readManifest }, text, file) =>
    readManifest(text, file, "bucket"),
  );
  // The listing came first: should the manifest change in between, the mark is the older one, and what is decided with it
  // is decided anew.
  return { ...found, mark: markOf(present) };
}

/** The mark of the bucket manifest as it is now, for one or two lists and no read. */
export const bucketManifestMark = async (objects: ObjectStore, bucket: string): Promise<string> =>
  markOf(await presentOf(objects, bucket, bucketManifestNames));

/** 8 hex digits of which manifests there are in which versions. */
const markOf = (present: readonly ListedObject[]): string =>
  createHash("sha256")
    .update(JSON.stringify(present.map(({ key, etag }) => `${key} ${etag}`).sort()))
    .digest("hex")
    .slice(0, 8);

/** The sidecar of an image, where there is one. `present`: all objects that bear one of its names. */
export async function findSidecar(
  objects: ObjectStore,
  bucket: string,
  imageKey: string,
): Promise<Found<Settings> & { readonly present: readonly ListedObject[] }> {
  const present = await presentOf(objects, bucket, sidecarNamesOf(imageKey));
  const found = await readPresent(objects, bucket, present, ({ readManifest }, text, file) =>
    readManifest(text, file, "sidecar"),
  );
  return { ...found, present };
}

type Reading = typeof import("../manifest/read-manifest.ts");

const maximumKeyInBytes = 1023;

/** What is wrong with a manifest that `read` refuses, by the code of the refusal. */
const refusals: Readonly<Record<string, Pick<Problem, "message" | "hint">>> = {
  TooLarge: {
    message: `The manifest is larger than ${maxManifestBytes} bytes.`,
    hint: "Make it smaller: a manifest is a page of settings.",
  },
  Symlink: {
    message: "The manifest is a symbolic link, and links are not followed.",
    hint: "Upload the manifest itself.",
  },
  InvalidObjectState: {
    message: "The manifest lies in archive storage, where it cannot be read.",
    hint: "Upload it again in Standard storage, and leave it out of what lifecycle rules archive.",
  },
};

/** All names that a manifest can have are listed, which is one call; only one that exists is read. */
async function readPresent<Manifest>(
  objects: ObjectStore,
  bucket: string,
  listed: readonly ListedObject[],
  read: (
    reading: Reading,
    text: Uint8Array,
    file: string,
  ) => ReadManifest<Manifest> | { readonly problems: readonly Problem[] },
): Promise<Found<Manifest>> {
  const present = listed.map(({ key }) => key);
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
    const refusal = isCloudError(error) ? refusals[error.code] : undefined;
    if (refusal === undefined) throw error;
    return { problems: [{ file, line: 1, column: 1, pointer: "", ...refusal }] };
  }
}

/** Those of the names that exist. */
async function presentOf(
  objects: ObjectStore,
  bucket: string,
  names: readonly string[],
): Promise<readonly ListedObject[]> {
  const [first = ""] = names;
  const prefix = first.slice(0, first.lastIndexOf(".") + 1);
  // No sidecar can lie beside an image whose key is nearly as long as keys may be; OSS refuses so long a prefix.
  if (Buffer.byteLength(prefix) > maximumKeyInBytes) return [];
  const page = await objects.list(bucket, { prefix });
  const present = among(names, page.objects);
  if (!page.more) return present;
  // Others may have put any number of objects with the same beginning before the manifest. They must neither hide it nor be
  // walked through: of the keys that begin with a name, the name itself is the first.
  const pages = await Promise.all(names.map((name) => objects.list(bucket, { prefix: name, limit: 1 })));
  return among(
    names,
    pages.flatMap((one) => one.objects),
  );
}

const among = (names: readonly string[], objects: readonly ListedObject[]): readonly ListedObject[] =>
  objects.filter(({ key }) => names.includes(key));
