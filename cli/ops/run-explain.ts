import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import type { ObjectFacts } from "../../shared/cloud/ports.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import type { JobRecord } from "../../shared/ledger/job.ts";
import { printableJson } from "../../shared/log/printable-json.ts";
import { imageKeyOf } from "../../shared/manifest/manifest-names.ts";
import type { ConnectionOptions } from "../connection.ts";
import type { Decision } from "../decision.ts";
import { type ExitCode, exitCodes, type Output, Unasked } from "../outcome.ts";
import { lineWidth } from "../terminal-text.ts";
import { imagePrefixOf } from "./deployment.ts";
import { type Forecast, forecastOf, setOf } from "./forecast.ts";
import { type Environment, objectTarget, openOperator, troubleOf, unlessUnreachable } from "./operator.ts";
import { type Outlook, outlookOf, type Source } from "./outlook.ts";
import { storyText } from "./story-text.ts";

/** Everything that is known of one object. */
export interface Story {
  readonly bucket: string;
  readonly key: string;
  /** Null when there is no such object now. */
  readonly object: { readonly size: number; readonly etag: string; readonly uploadedAt: string } | null;
  /** For a sidecar or a data disk: the image that its import is about. */
  readonly partOf?: string;
  /** Oldest first. */
  readonly jobs: readonly JobStory[];
  /** What would happen to the present version; left out when it has a job. */
  readonly forecast?: Forecast;
  /** Where an image was made of the present version, or is: why its manifests of today would make none. */
  readonly refusal?: Decision;
  /** Where the functions do not watch the key: what keys must begin with. */
  readonly onlyWatched?: string;
}

export interface JobStory extends Outlook {
  readonly jobId: string;
  readonly state: JobRecord["state"];
  readonly isPresentVersion: boolean;
  readonly records: readonly JobRecord[];
  /** What ECS says now of an import that runs. */
  readonly task?: string;
}

/** Tells the whole story of one object: what was done with it, why, where it stands and what would move it. */
export async function runExplain(
  target: string,
  options: ConnectionOptions & { readonly json: boolean },
  environment: Environment,
  output: Output,
): Promise<ExitCode> {
  const { bucket, key } = objectTarget(target);
  const operator = await openOperator(options, environment, bucket);
  const told = await unlessUnreachable(async () => storyOf(key, await operator.deps()));
  const prefix = told.forecast ? await imagePrefixOf(operator, environment) : undefined;
  const story = prefix !== undefined && !key.startsWith(prefix) ? { ...told, onlyWatched: prefix } : told;
  if (story.object === null && story.jobs.length === 0)
    throw new Unasked(`There is no object ${target}, and no import of it is known.`);
  output.out(
    options.json
      ? `${printableJson(story, 2)}\n`
      : storyText(story, { colour: output.takesColours, width: lineWidth(output) }),
  );
  return exitCodes.good;
}

async function storyOf(key: string, deps: ImportDeps): Promise<Story> {
  const { bucket, objects, ledger } = deps;
  const [facts, own, set] = await Promise.all([
    objects.stat({ bucket, key }),
    ledger.jobsOf({ bucket, key: imageKeyOf(key) ?? key }),
    setOf(key, deps),
  ]);
  // A disk that a set still waits for is in no job yet.
  const jobs = own.length > 0 || set.systemDisk === key ? own : await ledger.jobsOf({ bucket, key: set.systemDisk });
  const stories = await Promise.all(jobs.map((job) => jobStory(job, sourceOf(job, key, facts), deps)));
  const hasJob = jobs.some(({ subject }) => (subject.key === key ? subject.etag === facts?.etag : true));
  // A manifest that is refused leaves no record where an image is there already or on its way.
  const latest = jobs.findLast(({ subject }) => subject.etag !== "")?.state;
  const mayBeRefused = facts && hasJob && (latest === "available" || latest === "submitted");
  const today = mayBeRefused ? await forecastOf(key, facts, deps) : undefined;
  return {
    bucket,
    key,
    object: facts ? { size: facts.size, etag: facts.etag, uploadedAt: facts.lastModified.toISOString() } : null,
    ...(set.systemDisk !== key ? { partOf: set.systemDisk } : {}),
    jobs: stories,
    ...(facts && !hasJob ? { forecast: await forecastOf(key, facts, deps) } : {}),
    ...(today?.decision === "reject" || today?.problems ? { refusal: today } : {}),
  };
}

/** Undefined where another object than the job's is asked about, or the job is about one that has not come. */
function sourceOf({ subject }: JobRecord, key: string, facts: ObjectFacts | undefined): Source | undefined {
  if (subject.key !== key || subject.etag === "") return undefined;
  if (!facts) return "gone";
  return subject.etag === facts.etag ? "present" : "replaced";
}

async function jobStory(job: JobRecord, source: Source | undefined, deps: ImportDeps): Promise<JobStory> {
  const [records, entry] = await Promise.all([deps.ledger.history(job.jobId), deps.ledger.openEntry(job.jobId)]);
  const runs = job.state === "submitted" || job.state === "cancelling";
  const task = runs && job.attempt?.taskId ? await taskText(job.attempt.taskId, deps) : undefined;
  return {
    jobId: job.jobId,
    state: job.state,
    isPresentVersion: source === "present",
    ...outlookOf(job, entry, source),
    records,
    ...(task ? { task } : {}),
  };
}

async function taskText(taskId: string, { images }: ImportDeps): Promise<string> {
  try {
    const task = await images.describeTask(taskId);
    return task ? `${task.status}, ${task.progress ?? "?"} %` : "ECS does not know the task";
  } catch (error) {
    if (!isCloudError(error)) throw error;
    return troubleOf(error);
  }
}
