import type { ObjectFacts } from "../../shared/cloud/ports.ts";
import { consider, disksOfSidecar } from "../../shared/importing/consider.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { imageKeyOf } from "../../shared/manifest/manifest-names.ts";
import { type Decision, decisionOf } from "../decision.ts";

/** What the function would do with an object that it has not seen. */
export interface Forecast extends Decision {
  readonly imageName?: string;
}

export interface DiskSet {
  readonly systemDisk: string;
  /** The image that the sidecar is named after. */
  readonly sidecarOf: string;
  /** All disks, the system disk first. */
  readonly disks: readonly string[];
}

type ReadingDeps = Pick<ImportDeps, "objects" | "bucket" | "members">;

/** The import that an object belongs to, as the functions would find it; changes nothing. */
export async function setOf(key: string, deps: ReadingDeps): Promise<DiskSet> {
  const imageOfSidecar = imageKeyOf(key);
  const candidates =
    imageOfSidecar === undefined ? await deps.members.setsOf({ bucket: deps.bucket, key }) : [imageOfSidecar];
  for (const sidecarOf of candidates) {
    const disks = (await disksOfSidecar(sidecarOf, deps)) ?? [sidecarOf];
    const [systemDisk = sidecarOf] = disks;
    if (imageOfSidecar !== undefined || disks.includes(key)) return { systemDisk, sidecarOf, disks };
  }
  return { systemDisk: key, sidecarOf: key, disks: [key] };
}

/** Considers an object without doing anything: reads its manifests, and of the image what an inspection reads. */
export async function forecastOf(key: string, facts: ObjectFacts, deps: ImportDeps): Promise<Forecast> {
  const kind = objectKind(key);
  switch (kind.kind) {
    case "other":
      return { decision: "ignore", reason: `${kind.reason}. ${kind.advice}`, findings: [] };
    case "own":
      return { decision: "ignore", reason: "oss-image-import wrote it", findings: [] };
    case "bucket-manifest":
      return { decision: "ignore", reason: "it is the bucket manifest: it says how images are imported", findings: [] };
    case "sidecar":
    case "image":
  }
  const { systemDisk, sidecarOf } = await setOf(key, deps);
  const subject = systemDisk === key ? facts : await deps.objects.stat({ bucket: deps.bucket, key: systemDisk });
  const considered = await consider({ key: systemDisk, sidecarOf, facts: subject }, deps);
  const { answer, planned } = decisionOf(considered);
  return planned ? { ...answer, imageName: planned.request.ImageName } : answer;
}
