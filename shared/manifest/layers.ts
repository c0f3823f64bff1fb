import { isWindows } from "./contradictions.ts";
import { globMatches } from "./glob.ts";
import { metadataNameOf } from "./metadata-names.ts";
import type { ReadManifest } from "./read-manifest.ts";
import { resolveSettings } from "./resolve-settings.ts";
import type { BucketManifest, Layer, LayerName, Rule, Settings } from "./settings.ts";
import { printable } from "./source-tree.ts";

/** Everything that says something about the import of one image. */
export interface LayerSources {
  /** What the inspection found. */
  readonly detected?: Settings;
  readonly bucketManifest?: ReadManifest<BucketManifest>;
  /** From the object's `x-oss-meta-import-*`. */
  readonly metadata?: Settings;
  readonly sidecar?: ReadManifest<Settings>;
}

/** All layers for the image at a key, weakest first, ready for `resolveSettings`. */
export function layersFor(key: string, sources: LayerSources): Layer[] {
  const { detected, bucketManifest, metadata, sidecar } = sources;
  const layers: Layer[] = [];
  if (detected !== undefined) {
    layers.push({ name: "detected", settings: detected, placeOf: () => "detected from the image" });
  }
  if (bucketManifest !== undefined) {
    const { defaults } = bucketManifest.manifest;
    if (defaults !== undefined) layers.push(bucketLayer("bucket-defaults", bucketManifest, defaults, "/defaults"));
    for (const { rule, pointer } of matchingRules(bucketManifest.manifest, key)) {
      layers.push(bucketLayer("bucket-rule", bucketManifest, rule, pointer));
    }
  }
  if (metadata !== undefined) {
    layers.push({ name: "metadata", settings: metadata, placeOf: (pointer) => `metadata ${metadataNameOf(pointer)}` });
  }
  if (sidecar !== undefined) layers.push(manifestLayer("sidecar", "sidecar", sidecar, sidecar.manifest, ""));
  return [defaultLayer(resolveSettings(layers).settings), ...layers];
}

/** A rule that applies to a key, with its place in the bucket manifest. */
export interface MatchingRule {
  readonly rule: Rule;
  readonly pointer: string;
}

/** The rules that apply to a key, in the order of the manifest. */
export function matchingRules(manifest: BucketManifest, key: string): MatchingRule[] {
  return (manifest.rules ?? []).flatMap((rule, index) =>
    globMatches(rule.match, key) ? [{ rule, pointer: `/rules/${index}` }] : [],
  );
}

/** What the rules say about a key beside settings. Each is the place of the rule that has the last word, where it says yes. */
export interface RuleVerdict {
  readonly ignoredBy?: string;
  readonly manifestRequiredBy?: string;
}

/** Whether an object is to be left alone or has to wait for a sidecar. A later rule can take back an earlier one's word. */
export function ruleVerdict(read: ReadManifest<BucketManifest>, key: string): RuleVerdict {
  const rules = matchingRules(read.manifest, key);
  const place = (word: "ignore" | "requireManifest") => {
    const last = rules.findLast(({ rule }) => rule[word] !== undefined);
    if (last === undefined || last.rule[word] !== true) return undefined;
    return `bucket manifest ${printable(read.file)}:${read.positionOf(`${last.pointer}/${word}`).line}`;
  };
  const ignoredBy = place("ignore");
  const manifestRequiredBy = place("requireManifest");
  return {
    ...(ignoredBy === undefined ? {} : { ignoredBy }),
    ...(manifestRequiredBy === undefined ? {} : { manifestRequiredBy }),
  };
}

/**
 * What holds when nothing is said, in agreement with what was: ImportImage takes x86_64, linux, Others Linux and BIOS, and
 * UEFI for arm64. A Windows platform makes the system windows, since ImportImage would take it for linux otherwise.
 */
function defaultLayer(said: Settings): Layer {
  const osType = said.platform !== undefined && isWindows(said.platform) ? "windows" : "linux";
  const isLinux = (said.osType ?? osType) === "linux";
  const settings: Settings = {
    imageName: "{stem}-{modified}",
    architecture: "x86_64",
    osType,
    ...(isLinux ? { platform: "Others Linux" } : {}),
    bootMode: said.architecture === "arm64" ? "UEFI" : "BIOS",
    inspect: "full",
  };
  const ours = new Set(["/imageName", "/inspect"]);
  const placeOf = (pointer: string) => {
    if (ours.has(pointer)) return "default of oss-image-import";
    return pointer === "/osType" && osType === "windows" ? "follows from the platform" : "default of ImportImage";
  };
  return { name: "default", settings, placeOf };
}

function bucketLayer(name: LayerName, read: ReadManifest<BucketManifest>, settings: Settings, at: string): Layer {
  return manifestLayer(name, "bucket manifest", read, settings, at);
}

function manifestLayer(
  name: LayerName,
  title: string,
  { file, positionOf }: Pick<ReadManifest<unknown>, "file" | "positionOf">,
  settings: Settings,
  at: string,
): Layer {
  return {
    name,
    settings,
    placeOf: (pointer) => `${title} ${printable(file)}:${positionOf(at + pointer).line}`,
    positionOf: (pointer) => ({ file, ...positionOf(at + pointer) }),
  };
}
