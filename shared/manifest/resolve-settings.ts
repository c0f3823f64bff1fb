import type { Layer, Provenance, ResolvedSettings, Settings } from "./settings.ts";
import { emptyObject, pointerTo } from "./source-tree.ts";

const wholeKeys = [
  "imageName",
  "description",
  "architecture",
  "osType",
  "platform",
  "bootMode",
  "licenseType",
  "roleName",
  "resourceGroupId",
  "storageLocationArn",
  "detectionStrategy",
  "disks",
  "inspect",
] as const satisfies readonly (keyof Settings)[];
const mergedKeys = ["features", "tags", "expect"] as const satisfies readonly (keyof Settings)[];

/**
 * Merges layers, weakest first. `features`, `tags` and `expect` merge by key, anything else is replaced as a whole. A tag
 * replaces one of a weaker layer whose key differs in case only, since ECS takes both for the same.
 */
export function resolveSettings(layers: readonly Layer[]): ResolvedSettings {
  const settings = emptyObject();
  const provenance = new Map<string, Provenance>();
  for (const layer of layers) {
    for (const key of wholeKeys) {
      const value = layer.settings[key];
      if (value === undefined) continue;
      settings[key] = value;
      provenance.set(`/${key}`, provenanceOf(layer, `/${key}`));
      if (key === "disks") noteDisks(layer, provenance);
    }
    for (const key of mergedKeys) {
      const values = layer.settings[key];
      if (values === undefined) continue;
      settings[key] = mergedGroup(key, settings[key], values, layer, provenance);
    }
  }
  return { settings, provenance };
}

/** The list is replaced as a whole; where each value of it stands is remembered all the same. */
function noteDisks(layer: Layer, provenance: Map<string, Provenance>): void {
  for (const pointer of [...provenance.keys()]) if (pointer.startsWith("/disks/")) provenance.delete(pointer);
  for (const [index, disk] of (layer.settings.disks ?? []).entries()) {
    for (const key of Object.keys(disk)) {
      const pointer = `/disks/${index}/${key}`;
      provenance.set(pointer, provenanceOf(layer, pointer));
    }
  }
}

function mergedGroup(
  group: (typeof mergedKeys)[number],
  weaker: unknown,
  stronger: object,
  layer: Layer,
  provenance: Map<string, Provenance>,
): object {
  const merged: Record<string, unknown> = Object.assign(emptyObject(), weaker);
  for (const [key, value] of Object.entries(stronger)) {
    if (value === undefined) continue;
    const replaced = Object.keys(merged).filter((other) => other.toLowerCase() === key.toLowerCase());
    for (const other of group === "tags" ? replaced : []) {
      delete merged[other];
      provenance.delete(pointerTo("/tags", other));
    }
    merged[key] = value;
    const pointer = pointerTo(`/${group}`, key);
    provenance.set(pointer, provenanceOf(layer, pointer));
  }
  return merged;
}

function provenanceOf(layer: Layer, pointer: string): Provenance {
  const position = layer.positionOf?.(pointer);
  return { layer: layer.name, place: layer.placeOf(pointer), ...(position === undefined ? {} : { position }) };
}
