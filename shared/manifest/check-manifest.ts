import { type Explanation, explain, type KeysAt } from "./explain.ts";
import { knownKeys, validateBucketManifest, validateSettings } from "./generated/validators.cjs";
import { bucketManifestFaults, settingFaults } from "./setting-faults.ts";
import type { BucketManifest, Settings } from "./settings.ts";
import { emptyObject, pointerTo } from "./source-tree.ts";

/** What is wrong with a value that should be settings; nothing when it is `Settings`. */
export function checkSettings(value: unknown): Explanation[] {
  const found = schemaFaults(validateSettings, value, keysOf(knownKeys.settings));
  return [...found, ...settingFaults(withoutFaulty(value, found) as Settings)];
}

/** What is wrong with a value that should be a bucket manifest; nothing when it is a `BucketManifest`. */
export function checkBucketManifest(value: unknown): Explanation[] {
  const found = schemaFaults(validateBucketManifest, value, keysOf(knownKeys.bucketManifest));
  return [...found, ...bucketManifestFaults(withoutFaulty(value, found) as BucketManifest)];
}

function schemaFaults(validate: typeof validateSettings, value: unknown, keysAt: KeysAt): Explanation[] {
  if (validate(value)) return [];
  const byPointer = new Map<string, Explanation>();
  for (const error of (validate.errors ?? []).slice(0, 1000)) {
    const explanation = explain(error, value, keysAt);
    if (explanation === undefined) continue;
    // A wrong type breaks other rules too. One fault of a value is enough to mend it, and a list of words says most.
    const isFirst = !byPointer.has(explanation.pointer);
    if (isFirst || error.keyword === "enum") byPointer.set(explanation.pointer, explanation);
  }
  return [...byPointer.values()];
}

function keysOf(known: Readonly<Record<string, readonly string[]>>): KeysAt {
  return (pointer) => known[pointer.replace(/\/\d+/g, "[]")] ?? [];
}

/** A copy without what the schema refused, so that the rest can be looked at too. Refused entries of lists become empty. */
function withoutFaulty(value: unknown, faults: readonly Explanation[]): unknown {
  const refused = new Set(faults.map(({ pointer }) => pointer));
  const copy = (part: unknown, pointer: string): unknown => {
    if (refused.has(pointer)) return {};
    if (Array.isArray(part)) return part.map((entry, index) => copy(entry, pointerTo(pointer, index)));
    if (typeof part !== "object" || part === null) return part;
    const copied = emptyObject();
    for (const [key, entry] of Object.entries(part)) {
      const place = pointerTo(pointer, key);
      if (!refused.has(place)) copied[key] = copy(entry, place);
    }
    return copied;
  };
  // A missing key is the fault of the whole, whose other keys are still worth a look.
  if (typeof value === "object" && !Array.isArray(value)) refused.delete("");
  return copy(value, "") ?? {};
}
