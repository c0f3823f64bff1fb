import { contradictions } from "./contradictions.ts";
import { diskPathFault } from "./disk-key.ts";
import { type Explanation, tagKeyRule } from "./explain.ts";
import { globFault } from "./glob.ts";
import type { BucketManifest, Settings } from "./settings.ts";
import { pointerTo, quoted } from "./source-tree.ts";

const largestCrc64 = 2n ** 64n - 1n;

/** What a schema cannot say about settings. Those that the schema refused are left out of them before. `at` is where they lie in the manifest. */
export function settingFaults(settings: Settings, at = ""): Explanation[] {
  return [
    ...contradictions(settings).map(({ pointers, message, hint }) => ({ pointer: at + pointers[1], message, hint })),
    ...tagFaults(settings.tags ?? {}, `${at}/tags`),
    ...diskFaults(settings.disks ?? [], `${at}/disks`),
    ...crc64Faults(settings.expect?.crc64, `${at}/expect/crc64`),
  ];
}

/** The same for a whole bucket manifest. */
export function bucketManifestFaults(manifest: BucketManifest): Explanation[] {
  const rules = manifest.rules ?? [];
  return [
    ...settingFaults(manifest.defaults ?? {}, "/defaults"),
    ...rules.flatMap((rule, index) => {
      const { match }: Partial<typeof rule> = rule;
      const fault = match === undefined ? undefined : globFault(match);
      const faults = settingFaults(rule, `/rules/${index}`);
      return fault === undefined ? faults : [{ pointer: `/rules/${index}/match`, message: fault }, ...faults];
    }),
  ];
}

/** ECS compares tag keys without case (`TagKey.Duplication`), and the reserved prefix is then as well ours in capitals. */
function tagFaults(tags: Readonly<Record<string, string>>, at: string): Explanation[] {
  const seen = new Map<string, string>();
  return Object.keys(tags).flatMap((key): Explanation[] => {
    const pointer = pointerTo(at, key);
    const earlier = seen.get(key.toLowerCase());
    seen.set(key.toLowerCase(), key);
    if (earlier !== undefined) {
      const message = `The tag keys ${quoted(earlier)} and ${quoted(key)} differ in case only, and ECS takes them for the same.`;
      return [{ pointer, message, hint: "Keep one of them.", atKey: true }];
    }
    if (!/^(?:aliyun|acs:|oss-image-import:)/i.test(key)) return [];
    return [{ pointer, message: `The tag key ${quoted(key)} is not allowed.`, hint: tagKeyRule, atKey: true }];
  });
}

function diskFaults(disks: NonNullable<Settings["disks"]>, at: string): Explanation[] {
  const seen = new Set<string>();
  return disks.flatMap(({ ossObject }, index): Explanation[] => {
    if (ossObject === undefined) return [];
    const pointer = `${at}/${index}/ossObject`;
    const message = diskPathFault(ossObject) ?? (seen.has(ossObject) ? "Two disks name the same object." : undefined);
    seen.add(ossObject);
    return message === undefined ? [] : [{ pointer, message }];
  });
}

function crc64Faults(crc64: string | undefined, pointer: string): Explanation[] {
  if (crc64 === undefined || BigInt(crc64) <= largestCrc64) return [];
  return [{ pointer, message: `crc64 is larger than 64 bits hold (${largestCrc64}).` }];
}
