import { createHash } from "node:crypto";
import type { ObjectFacts, ObjectRef } from "../cloud/ports.ts";
import type { InspectionReport } from "../inspection/report.ts";
import { jobIdOf, type WaitingFor } from "../ledger/job.ts";
import { resolveDiskKey } from "../manifest/disk-key.ts";
import { type LayerSources, layersFor, ruleVerdict } from "../manifest/layers.ts";
import { settingsFromMetadata } from "../manifest/metadata-settings.ts";
import { checkPrivileges } from "../manifest/privileges.ts";
import type { Problem } from "../manifest/problem.ts";
import { resolveSettings } from "../manifest/resolve-settings.ts";
import type { BucketManifest, DiskSettings, ResolvedSettings, Settings } from "../manifest/settings.ts";
import { detectedSettings } from "./detected-settings.ts";
import { type Found, findBucketManifest, findSidecar } from "./find-manifests.ts";
import type { ImportDeps } from "./import-deps.ts";
import { objectReader } from "./object-reader.ts";
import { type Plan, type PlannedDisk, planImport } from "./plan.ts";

/** What is to be done with an image object, after all that is known of it was gathered. Nothing was changed yet. */
export type Considered =
  | { readonly kind: "ignored"; readonly reason: string }
  | {
      readonly kind: "waiting";
      readonly waitingFor: WaitingFor;
      readonly reason: string;
      readonly members: readonly string[];
      readonly disks?: readonly SeenDisk[];
    }
  | {
      readonly kind: "invalid";
      readonly problems: readonly Problem[];
      readonly members: readonly string[];
    }
  | {
      readonly kind: "planned";
      readonly plan: Plan;
      readonly diskEtags: readonly string[];
      readonly disks: readonly SeenDisk[];
      readonly inspections: readonly InspectionReport[];
      readonly members: readonly string[];
    };

type SeenDisk = Pick<PlannedDisk, "key" | "facts">;

export interface Subject {
  /** The image, or the system disk of a set. */
  readonly key: string;
  /** The image that the sidecar is named after. */
  readonly sidecarOf: string;
  /** Undefined while the image itself is not there. */
  readonly facts: ObjectFacts | undefined;
}

export type ConsiderDeps = Pick<ImportDeps, "region" | "bucket" | "objects" | "inspect">;

/**
 * Reads the manifests, looks at every disk and plans the import of the image at `subject.key`, or says what it waits
 * for. `members` are the keys of the other disks that a manifest names, there or not. `mark` is that of the bucket
 * manifest which all this was decided with; `sources` are those of the image, its sidecars and its disks that there are.
 */
export async function consider(
  subject: Subject,
  deps: ConsiderDeps,
): Promise<Considered & { readonly mark: string; readonly sources: readonly string[] }> {
  const { objects, bucket } = deps;
  const [bucketFound, sidecarFound] = await Promise.all([
    findBucketManifest(objects, bucket),
    findSidecar(objects, bucket, subject.sidecarOf),
  ]);
  const considered = await considerWith(bucketFound, sidecarFound, subject, deps);
  const disks = "disks" in considered ? (considered.disks ?? []) : [];
  const image = subject.facts ? [sourceMark(subject.key, subject.facts)] : [];
  const sidecars = sidecarFound.present.map((sidecar) => sourceMark(sidecar.key, sidecar));
  const sources = [...image, ...sidecars, ...disks.map(({ key, facts }) => sourceMark(key, facts))];
  return { ...considered, mark: bucketFound.mark, sources: [...new Set(sources)] };
}

/** 16 hex digits of an object as it was last written; the same bytes written again have another. */
export const sourceMark = (key: string, { etag, lastModified }: Pick<ObjectFacts, "etag" | "lastModified">): string =>
  createHash("sha256")
    .update(JSON.stringify([key, etag, Math.floor(lastModified.getTime() / 1000)]))
    .digest("hex")
    .slice(0, 16);

async function considerWith(
  bucketFound: Found<BucketManifest>,
  sidecarFound: Found<Settings>,
  { key, sidecarOf, facts }: Subject,
  deps: ConsiderDeps,
): Promise<Considered> {
  const { bucket, region } = deps;
  const invalid = (problems: readonly Problem[], members: readonly string[] = []): Considered => ({
    kind: "invalid",
    problems,
    members,
  });
  const metadata = settingsFromMetadata(facts?.metadata ?? {}, key);
  const problems = [bucketFound, sidecarFound, metadata].flatMap((found) =>
    "problems" in found ? found.problems : [],
  );
  if ("problems" in bucketFound || "problems" in sidecarFound || "problems" in metadata)
    return invalid(problems, membersMeanwhile(sidecarFound, key, sidecarOf));
  const bucketManifest = bucketFound.manifest;
  const sidecar = sidecarFound.manifest;

  const verdict = bucketManifest ? ruleVerdict(bucketManifest, key) : {};
  if (verdict.ignoredBy) return { kind: "ignored", reason: `the ${verdict.ignoredBy} says so` };
  const policy = bucketManifest?.manifest.policy;
  const trespasses = [
    ...(sidecar
      ? checkPrivileges({ settings: sidecar.manifest, file: sidecar.file, positionOf: sidecar.positionOf }, policy)
      : []),
    ...checkPrivileges({ settings: metadata.settings, file: key }, policy),
  ];
  if (trespasses.length > 0) return invalid(trespasses);

  const sources: LayerSources = {
    ...(bucketManifest ? { bucketManifest } : {}),
    metadata: metadata.settings,
    ...(sidecar ? { sidecar } : {}),
  };
  const said = resolveSettings(layersFor(key, sources));
  const disks = diskKeys(sidecarOf, said);
  if ("problem" in disks) return invalid([disks.problem]);
  const members = disks.map((disk) => disk.key).filter((diskKey) => diskKey !== key);

  if (verdict.manifestRequiredBy && !sidecar) {
    return {
      kind: "waiting",
      waitingFor: "manifest",
      reason: `the ${verdict.manifestRequiredBy} asks for a sidecar: upload ${key}.import.yaml`,
      members,
    };
  }
  if (!facts) {
    const seen = await Promise.all(
      members.map(async (member) => ({ key: member, facts: await deps.objects.stat({ bucket, key: member }) })),
    );
    const there = seen.flatMap((disk) => (disk.facts ? [{ key: disk.key, facts: disk.facts }] : []));
    return { kind: "waiting", waitingFor: "disks", reason: `${key} is not there yet`, members, disks: there };
  }
  if (facts.size === 0)
    return { kind: "waiting", waitingFor: "content", reason: "it is empty: its content has not come yet", members };

  const known = await lookAtDisks(disks, key, facts, deps);
  if (known.missing.length > 0) {
    return {
      kind: "waiting",
      waitingFor: "disks",
      reason: `its manifest names disks that are not there yet: ${known.missing.join(", ")}`,
      members,
      disks: known.disks,
    };
  }
  const inspected = await inspectDisks(known.disks, said.settings.inspect ?? "full", deps);
  const resolved = resolveSettings(layersFor(key, { ...sources, detected: detectedSettings(inspected[0].inspection) }));
  const etag = facts.etag;
  const plan = planImport({
    region,
    bucket,
    jobId: jobIdOf({ region, bucket, key, etag }),
    disks: inspected,
    resolved,
  });
  return {
    kind: "planned",
    plan,
    diskEtags: inspected.map((disk) => disk.facts.etag),
    disks: inspected,
    inspections: inspected.flatMap(({ inspection }) => (inspection ? [inspection] : [])),
    members,
  };
}

interface DiskKey {
  readonly key: string;
  readonly said: DiskSettings;
}

/** All disks of the set by their keys; the uploaded image alone when no manifest lists any. */
function diskKeys(
  imageKey: string,
  { settings, provenance }: ResolvedSettings,
): readonly DiskKey[] | { readonly problem: Problem } {
  const position = provenance.get("/disks")?.position ?? { file: imageKey, line: 1, column: 1 };
  const keys: DiskKey[] = [];
  for (const [index, disk] of (settings.disks ?? [{}]).entries()) {
    const resolved = disk.ossObject === undefined ? { key: imageKey } : resolveDiskKey(disk.ossObject, position.file);
    const problem = (message: string): { problem: Problem } => ({
      problem: { ...position, pointer: `/disks/${index}/ossObject`, message },
    });
    if ("fault" in resolved) return problem(resolved.fault);
    if (keys.some(({ key }) => key === resolved.key)) return problem(`The disk ${resolved.key} is named twice.`);
    keys.push({ key: resolved.key, said: disk });
  }
  return keys;
}

/** The disks of the set that a sidecar describes. */
export interface DiskSet {
  /** Their keys, the system disk first, when the sidecar is good and its writer may name them. */
  readonly disks: readonly string[] | undefined;
  /** False while the bucket manifest is not valid: what a sidecar may name beyond its own folder is not known then. */
  readonly isCertain: boolean;
}

export async function diskSetOf(
  imageKey: string,
  { objects, bucket }: Pick<ConsiderDeps, "objects" | "bucket">,
): Promise<DiskSet> {
  const [bucketFound, sidecarFound] = await Promise.all([
    findBucketManifest(objects, bucket),
    findSidecar(objects, bucket, imageKey),
  ]);
  const isCertain = !("problems" in bucketFound);
  const policy = isCertain ? bucketFound.manifest?.manifest.policy : undefined;
  return { disks: disksIn(sidecarFound, imageKey, policy), isCertain };
}

/** The keys of `diskSetOf` alone. */
export const disksOfSidecar = async (
  imageKey: string,
  deps: Pick<ConsiderDeps, "objects" | "bucket">,
): Promise<readonly string[] | undefined> => (await diskSetOf(imageKey, deps)).disks;

/** The other disks of a set whose import has to wait for other manifests: when they come, they are to find it. */
const membersMeanwhile = (sidecarFound: Found<Settings>, key: string, imageKey: string): readonly string[] =>
  (disksIn(sidecarFound, imageKey, undefined) ?? []).filter((diskKey) => diskKey !== key);

function disksIn(
  found: Found<Settings>,
  imageKey: string,
  policy: BucketManifest["policy"] | undefined,
): readonly string[] | undefined {
  if ("problems" in found || !found.manifest) return undefined;
  const { manifest, file, positionOf } = found.manifest;
  if (checkPrivileges({ settings: manifest, file, positionOf }, policy).length > 0) return undefined;
  const keys = (manifest.disks ?? [{}]).map(({ ossObject }) =>
    ossObject === undefined ? { key: imageKey } : resolveDiskKey(ossObject, file),
  );
  return keys.every((resolved) => "key" in resolved) ? keys.map(({ key }) => key) : undefined;
}

async function lookAtDisks(
  disks: readonly DiskKey[],
  imageKey: string,
  imageFacts: ObjectFacts,
  { objects, bucket }: ConsiderDeps,
): Promise<{ readonly disks: readonly [PlannedDisk, ...PlannedDisk[]]; readonly missing: readonly string[] }> {
  const looked = await Promise.all(
    disks.map(async ({ key, said }) => ({
      key,
      said,
      facts: key === imageKey ? imageFacts : await objects.stat({ bucket, key }),
    })),
  );
  const missing = looked.filter(({ facts }) => !facts || facts.size === 0).map(({ key }) => key);
  const [first, ...others] = looked.flatMap(({ key, said, facts }) => (facts ? [{ key, said, facts }] : []));
  return { disks: [first ?? { key: imageKey, facts: imageFacts, said: {} }, ...others], missing };
}

async function inspectDisks(
  disks: readonly [PlannedDisk, ...PlannedDisk[]],
  mode: "full" | "header" | "off",
  { objects, bucket, inspect }: ConsiderDeps,
): Promise<readonly [PlannedDisk, ...PlannedDisk[]]> {
  if (mode === "off") return disks;
  const look = async (disk: PlannedDisk, depth: "header" | "full"): Promise<PlannedDisk> => {
    const object: ObjectRef = { bucket, key: disk.key };
    // What cannot be read, or must not be because it is another object's content, is left to the plan, which names the reason.
    // Of an encrypted one the key may be another's too.
    const { storageClass, restored, type, encryption } = disk.facts;
    const unreadable =
      type === "Symlink" || encryption !== undefined || (storageClass.includes("Archive") && !restored);
    return unreadable ? disk : { ...disk, inspection: await inspect(objectReader(objects, object, disk.facts), depth) };
  };
  const [system, ...data] = disks;
  return Promise.all([look(system, mode), ...data.map((disk) => look(disk, "header"))]);
}
