import { accessSync, constants, existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import type { Cloud, ObjectRef, ObjectStore } from "../../shared/cloud/ports.ts";
import { newAttempt, submission } from "../../shared/importing/claim.ts";
import { type Considered, consider } from "../../shared/importing/consider.ts";
import { failureOf } from "../../shared/importing/failure.ts";
import type { ImportImageRequest } from "../../shared/importing/import-request.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { nameIsTaken, otherDefaultName } from "../../shared/importing/submit.ts";
import { inspectImage } from "../../shared/inspection/inspect-image.ts";
import { type JobSubject, jobIdOf } from "../../shared/ledger/job.ts";
import { printableJson } from "../../shared/log/printable-json.ts";
import { sidecarNamesOf } from "../../shared/manifest/manifest-names.ts";
import { type Connection, type ConnectionOptions, connectionFrom, openCloud, parseOssUrl } from "../connection.ts";
import { decisionOf } from "../decision.ts";
import { troubleOf, unlessUnreachable } from "../ops/operator.ts";
import { type ExitCode, exitCodes, type Output, Unasked } from "../outcome.ts";
import { importedAlready, type KnownImports, knownImports } from "./already-imported.ts";
import { filesAsObjects } from "./files-as-objects.ts";
import { type PlanAnswer, planPage } from "./plan-page.ts";

export interface PlanCommand extends ConnectionOptions {
  readonly bucketManifest?: string;
  readonly sidecar?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Shows what the function would do with an image, without doing it. */
export async function runPlan(
  target: string,
  options: PlanCommand,
  environment: Environment,
  output: Output,
): Promise<ExitCode> {
  const answer = await unlessUnreachable(() => planOf(target, options, environment, output));
  output.out(
    options.json
      ? `${printableJson(answer, 2)}\n`
      : planPage(target, answer, { colour: output.takesColours, columns: output.columns }),
  );
  return answer.decision === "import" && answer.dryRun?.valid !== false ? exitCodes.good : exitCodes.no;
}

async function planOf(
  target: string,
  options: PlanCommand,
  environment: Environment,
  output: Output,
): Promise<PlanAnswer> {
  const { object, objects, region, cloud, stateBucket, standIns } = await placeOf(target, options, environment);
  const kind = objectKind(object.key);
  if (kind.kind !== "image") {
    const reason = kind.kind === "other" ? `${kind.reason}. ${kind.advice}` : "it is not a disk image";
    return { decision: "ignore", reason, findings: [] };
  }
  const facts = await objects.stat(object);
  if (!facts) throw new Unasked(`There is no object ${target}.`);
  const considered = await consider(
    { key: object.key, sidecarOf: object.key, facts },
    { region, bucket: object.bucket, objects, inspect: (reader, depth) => inspectImage(reader, { depth }) },
  );
  const subject = { region, ...object, etag: facts.etag };
  const known = cloud && stateBucket ? await knownOf(considered, subject, cloud, stateBucket, output) : undefined;
  if (known?.same) return importedAlready(known.same);
  const jobId = known?.jobId ?? jobIdOf(subject);
  const answer = withGivenNames(answerOf(considered, jobId), standIns);
  if (!options.dryRun || answer.request === undefined) return answer;
  if (!cloud) throw new Unasked("--dry-run asks ECS about an uploaded image: give it as oss://bucket/key.");
  return { ...answer, dryRun: await dryRun(answer.request, otherNameOf(considered, jobId), cloud) };
}

/** What the ledger says of this version; where it cannot be read, the plan is made all the same. */
async function knownOf(
  considered: Considered,
  subject: JobSubject,
  { objects }: Cloud,
  stateBucket: string,
  { err }: Output,
): Promise<KnownImports | undefined> {
  if (considered.kind !== "planned" || considered.plan.decision !== "import") return undefined;
  try {
    return await knownImports(subject, considered.plan, considered.diskEtags, { objects, stateBucket });
  } catch (error) {
    if (!isCloudError(error)) throw error;
    err(`Whether it is imported already cannot be told: ${troubleOf(error)}`);
    return undefined;
  }
}

/** The name that the function takes when a default one is another image's; undefined when a manifest says the name. */
function otherNameOf(considered: Considered, jobId: string): string | undefined {
  if (considered.kind !== "planned" || considered.plan.decision !== "import") return undefined;
  const { request, nameIsDefault } = considered.plan;
  return nameIsDefault ? otherDefaultName(request.ImageName, jobId) : undefined;
}

interface Place {
  readonly object: ObjectRef;
  readonly objects: ObjectStore;
  readonly region: string;
  readonly cloud: Cloud | undefined;
  readonly stateBucket: string | undefined;
  /** Keys that manifests given as files have in this plan, with the files' names as they were given. */
  readonly standIns: ReadonlyMap<string, string>;
}

async function placeOf(target: string, options: PlanCommand, environment: Environment): Promise<Place> {
  const object = parseOssUrl(target);
  if (!object && /^[a-z]+:\/\//i.test(target)) throw new Unasked("A plan is made for a file or for oss://bucket/key.");
  const connection: Connection | undefined = object ? connectionFrom(options, environment) : undefined;
  const cloud = connection && (await openCloud(connection));
  const path = resolve(target);
  const key = object?.key ?? basename(path);
  const files = new Map<string, string>();
  if (!object) {
    files.set(key, present(target));
    for (const name of sidecarNamesOf(basename(path)))
      if (existsSync(join(dirname(path), name))) files.set(name, join(dirname(path), name));
  }
  const standIns = new Map<string, string>();
  const standIn = (name: string, file: string): void => {
    files.set(`${name}${endingOf(file)}`, present(file));
    standIns.set(`${name}${endingOf(file)}`, file);
  };
  if (options.sidecar) {
    for (const name of sidecarNamesOf(key)) files.delete(name);
    standIn(`${key}.import`, options.sidecar);
  }
  if (options.bucketManifest) standIn("image-import", options.bucketManifest);
  return {
    object: object ?? { bucket: options.local ?? "BUCKET", key },
    objects: filesAsObjects(object ? files : withSiblings(files, dirname(path)), cloud?.objects),
    region: connection?.region ?? options.region ?? "cn-hangzhou",
    cloud,
    stateBucket: connection?.stateBucket,
    standIns,
  };
}

/** The answer with manifests called as the user called them, wherever a place in them is named. */
function withGivenNames(answer: PlanAnswer, standIns: ReadonlyMap<string, string>): PlanAnswer {
  const named = (text: string): string =>
    [...standIns].reduce((said, [key, file]) => said.split(`${key}:`).join(`${file}:`), text);
  const { reason, provenance, findings, problems, ...rest } = answer;
  return {
    ...rest,
    reason: named(reason),
    findings: findings.map((finding) => ({ ...finding, message: named(finding.message), fix: named(finding.fix) })),
    ...(provenance
      ? { provenance: Object.fromEntries(Object.entries(provenance).map(([name, place]) => [name, named(place)])) }
      : {}),
    ...(problems ? { problems: problems.map((one) => ({ ...one, file: standIns.get(one.file) ?? one.file })) } : {}),
  };
}

const endingOf = (file: string): string => /\.(json|yml)$/i.exec(file)?.[0].toLowerCase() ?? ".yaml";

function present(file: string): string {
  const path = resolve(file);
  if (!existsSync(path)) throw new Unasked(`There is no file ${file}.`);
  if (!statSync(path).isFile()) throw new Unasked(`${file} is not a file.`);
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw new Unasked(`${file} cannot be read.`);
  }
  return path;
}

/** Data disks of a local plan lie beside the image, as they will in the bucket. */
function withSiblings(files: ReadonlyMap<string, string>, folder: string): ReadonlyMap<string, string> {
  const siblings = new Map(files);
  const get = siblings.get.bind(siblings);
  siblings.get = (key) =>
    get(key) ?? (objectKind(key).kind === "image" && existsSync(join(folder, key)) ? join(folder, key) : undefined);
  return siblings;
}

function answerOf(considered: Considered, jobId: string): PlanAnswer {
  const { answer, planned } = decisionOf(considered);
  if (!planned || considered.kind !== "planned") return answer;
  const { request, nameIsDefault, provenance } = planned;
  const attempt = newAttempt(jobId, 1, request, considered.diskEtags, nameIsDefault, "plan");
  return { ...answer, request: submission(attempt), provenance };
}

/** ImportImage's DryRun always answers with an error; two of its codes mean that the request is valid. */
async function dryRun(
  request: ImportImageRequest,
  otherName: string | undefined,
  cloud: Cloud,
): Promise<NonNullable<PlanAnswer["dryRun"]>> {
  try {
    await cloud.images.importImage({ ...request, DryRun: true });
    return { valid: true, code: "", reason: "ECS takes the request.", advice: "" };
  } catch (error) {
    if (!isCloudError(error)) throw error;
    if (error.outcomeUnknown) throw new Unasked(`ECS cannot be asked: ${error.message}`);
    if (otherName !== undefined && nameIsTaken(error.code)) {
      const answer = await dryRun({ ...request, ImageName: otherName }, undefined, cloud);
      const advice = `The name ${request.ImageName} is another image's: the function would take ${otherName}.`;
      return answer.valid ? { ...answer, advice } : answer;
    }
    const { class: failureClass, code, reason, advice } = failureOf(error);
    return { valid: failureClass === "success", code, reason, advice };
  }
}
