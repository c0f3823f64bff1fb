import { type JobState, jobStates } from "./job.ts";

/**
 * One entry of the index of open jobs. Everything that a tick needs to know of a job stands in the entry's key, so that
 * listing the index alone tells which tasks to ask ECS about.
 */
export interface OpenEntry {
  readonly jobId: string;
  /** The record that this entry belongs to. */
  readonly sequence: number;
  readonly state: JobState;
  readonly taskId?: string;
  readonly imageId?: string;
  /** Percent last reported. */
  readonly progress?: number;
  /** When the state began, when progress last moved, and when the job is next due: seconds since 1970. */
  readonly since: number;
  readonly movedAt: number;
  readonly due: number;
  /** Which warnings were given: bit 0 attention, bit 1 stuck. */
  readonly warned: number;
  /** Of a job that waits: the mark of the bucket manifest that it was considered with. */
  readonly bucketManifest?: string;
}

const none = "-";
const idPattern = /^[A-Za-z0-9_-]{2,64}$/;

/** `open/<jobId>/<sequence>.<state>.<task>.<image>.<progress>.<since>.<movedAt>.<due>.<warned>[.<bucketManifest>]` */
export function openKey(entry: OpenEntry): string {
  const { jobId, sequence, state, taskId, imageId, progress, since, movedAt, due, warned, bucketManifest } = entry;
  const name = [
    sequenceText(sequence),
    state,
    taskId ?? none,
    imageId ?? none,
    progress ?? none,
    since,
    movedAt,
    due,
    warned,
    ...(bucketManifest === undefined ? [] : [bucketManifest]),
  ].join(".");
  return `${openPrefix}${jobId}/${name}`;
}

export const openPrefix = "open/";

export const sequenceText = (sequence: number): string => String(sequence).padStart(6, "0");

/** The entry that a key of the index stands for; undefined for any other key. */
export function parseOpenKey(key: string): OpenEntry | undefined {
  const match =
    /^open\/([0-9a-f]{32})\/(\d{6})\.([a-z]+)\.([^./]+)\.([^./]+)\.(\d{1,3}|-)\.(\d{1,12})\.(\d{1,12})\.(\d{1,12})\.(\d)(?:\.([0-9a-f]{8}))?$/.exec(
      key,
    );
  if (!match) return undefined;
  const [
    ,
    jobId = "",
    sequence,
    stateText,
    taskId = none,
    imageId = none,
    progress,
    since,
    movedAt,
    due,
    warned,
    mark,
  ] = match;
  const state = jobStates.find((known) => known === stateText);
  if (!state) return undefined;
  return {
    jobId,
    sequence: Number(sequence),
    state,
    ...(taskId !== none && idPattern.test(taskId) ? { taskId } : {}),
    ...(imageId !== none && idPattern.test(imageId) ? { imageId } : {}),
    ...(progress !== none ? { progress: Number(progress) } : {}),
    since: Number(since),
    movedAt: Number(movedAt),
    due: Number(due),
    warned: Number(warned),
    ...(mark !== undefined ? { bucketManifest: mark } : {}),
  };
}
