import { accessSync, constants, existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import type { Cloud, ObjectRef, ObjectStore } from "../../shared/cloud/ports.ts";
import { newAttempt, submission } from "../../shared/importing/claim.ts";
import { type Considered, consider } from "../../shared/importing/consider.ts";
import { failureOf } from "../../shared/importing/failure.ts";
import type { ImportImageRequest } from "../../shared/importing/import-request.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { inspectImage } from "../../shared/inspection/inspect-image.ts";
import { jobIdOf } from "../../shared/ledger/job.ts";
import { sidecarNamesOf } from "../../shared/manifest/manifest-names.ts";
import type { Problem } from "../../shared/manifest/problem.ts";
import { type Connection, type ConnectionOptions, connectionFrom, openCloud, parseOssUrl } from "../connection.ts";
import { unlessUnreachable } from "../ops/operator.ts";
import { type ExitCode, exitCodes, type Output, Unasked } from "../outcome.ts";
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
  const answer = await unlessUnreachable(() => planOf(target, options, environment));
  output.out(
    options.json
      ? `${JSON.stringify(answer, null, 2)}\n`
      : planPage(target, answer, { colour: output.isTerminal, columns: output.columns }),
  );
  return answer.decision === "import" && answer.dryRun?.valid !== false ? exitCodes.good : exitCodes.no;
}

async function planOf(target: string, options: PlanCommand, environment: Environment): Promise<PlanAnswer> {
  const { object, objects, region, cloud } = await placeOf(target, options, environment);
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
  const answer = answerOf(considered, jobIdOf({ region, ...object, etag: facts.etag }));
  if (!options.dryRun || answer.request === undefined) return answer;
  if (!cloud) throw new Unasked("--dry-run asks ECS about an uploaded image: give it as oss://bucket/key.");
  return { ...answer, dryRun: await dryRun(answer.request, cloud) };
}

interface Place {
  readonly object: ObjectRef;
  readonly objects: ObjectStore;
  readonly region: string;
  readonly cloud: Cloud | undefined;
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
  if (options.sidecar) {
    for (const name of sidecarNamesOf(key)) files.delete(name);
    files.set(`${key}.import${endingOf(options.sidecar)}`, present(options.sidecar));
  }
  if (options.bucketManifest)
    files.set(`image-import${endingOf(options.bucketManifest)}`, present(options.bucketManifest));
  return {
    object: object ?? { bucket: options.local ?? "BUCKET", key },
    objects: filesAsObjects(object ? files : withSiblings(files, dirname(path)), cloud?.objects),
    region: connection?.region ?? options.region ?? "cn-hangzhou",
    cloud,
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
    get(key) ??
    (objectKind(key).kind === "image" && !key.includes("..") && existsSync(join(folder, key))
      ? join(folder, key)
      : undefined);
  return siblings;
}

function answerOf(considered: Considered, jobId: string): PlanAnswer {
  switch (considered.kind) {
    case "ignored":
      return { decision: "ignore", reason: considered.reason, findings: [] };
    case "waiting":
      return { decision: "wait", reason: considered.reason, findings: [] };
    case "invalid":
      return { decision: "reject", reason: sentence(considered.problems), findings: [], problems: considered.problems };
    case "planned":
  }
  const { plan, diskEtags } = considered;
  if (plan.decision === "invalid")
    return { decision: "reject", reason: sentence(plan.problems), findings: plan.findings, problems: plan.problems };
  if (plan.decision === "reject") return { decision: "reject", reason: plan.reason, findings: plan.findings };
  const request = submission(newAttempt(jobId, 1, plan.request, diskEtags, plan.nameIsDefault, "plan"));
  return {
    decision: "import",
    reason: "nothing is in the way",
    request,
    provenance: plan.provenance,
    findings: plan.findings,
  };
}

const sentence = (problems: readonly Problem[]): string =>
  problems.map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`).join(" · ");

/** ImportImage's DryRun always answers with an error; two of its codes mean that the request is valid. */
async function dryRun(request: ImportImageRequest, { images }: Cloud): Promise<NonNullable<PlanAnswer["dryRun"]>> {
  try {
    await images.importImage({ ...request, DryRun: true });
    return { valid: true, code: "", reason: "ECS takes the request.", advice: "" };
  } catch (error) {
    if (!isCloudError(error)) throw error;
    if (error.outcomeUnknown) throw new Unasked(`ECS cannot be asked: ${error.message}`);
    const { class: failureClass, code, reason, advice } = failureOf(error);
    return { valid: failureClass === "success", code, reason, advice };
  }
}
