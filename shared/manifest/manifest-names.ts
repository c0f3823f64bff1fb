import { quoted } from "./source-tree.ts";

/** The endings of a sidecar, in the order in which they are looked for. */
const sidecarEndings = [".import.yaml", ".import.yml", ".import.json"] as const;
const bucketManifestKeys = ["image-import.yaml", "image-import.yml", "image-import.json"] as const;

/** Where the bucket manifest can lie: at the root only, in the order in which it is looked for. */
export const bucketManifestNames: readonly string[] = bucketManifestKeys;

/** The keys under which the sidecar of an image can lie. */
export function sidecarNamesOf(imageKey: string): readonly string[] {
  return sidecarEndings.map((ending) => `${imageKey}${ending}`);
}

/** The image that a sidecar belongs to; undefined for any other key. */
export function imageKeyOf(sidecarKey: string): string | undefined {
  const ending = sidecarEndings.find((candidate) => sidecarKey.endsWith(candidate));
  const imageKey = ending === undefined ? "" : sidecarKey.slice(0, -ending.length);
  return imageKey === "" || imageKey.endsWith("/") ? undefined : imageKey;
}

export function isSidecarKey(key: string): boolean {
  return imageKeyOf(key) !== undefined;
}

export function isBucketManifestKey(key: string): boolean {
  return bucketManifestNames.includes(key);
}

/** The product's own files beside the images: they are never looked at. */
export function isStatusFileKey(key: string): boolean {
  return key.endsWith(".import-status.json");
}

/** What to say when several of the keys of one manifest exist; undefined for none or one. */
export function manifestConflict(existingKeys: readonly string[]): string | undefined {
  if (existingKeys.length < 2) return undefined;
  return `There are ${existingKeys.length} manifests for the same thing: ${existingKeys.map(quoted).join(" and ")}. Keep one of them.`;
}
