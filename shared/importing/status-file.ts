import { isEnd, type JobRecord, jobIdOf } from "../ledger/job.ts";
import type { ImportDeps } from "./import-deps.ts";

/** Where the status of an image is shown beside it; undefined when the key would be longer than OSS takes. */
export function statusKeyOf(imageKey: string): string | undefined {
  const key = `${imageKey}.import-status.json`;
  return Buffer.byteLength(key) <= 1023 ? key : undefined;
}

/** The content of a status file: what a person or a script wants to know of the import, and no more. */
export function statusOf(record: JobRecord): Readonly<Record<string, unknown>> {
  const { attempt, subject, result } = record;
  return {
    version: 1,
    state: record.state,
    updatedAt: record.at,
    jobId: record.jobId,
    region: subject.region,
    bucket: subject.bucket,
    key: subject.key,
    etag: subject.etag,
    ...(record.waitingFor ? { waitingFor: record.waitingFor } : {}),
    ...(record.code ? { code: record.code } : {}),
    ...(record.reason ? { reason: record.reason } : {}),
    ...(record.advice ? { advice: record.advice } : {}),
    ...(record.requestId ? { requestId: record.requestId } : {}),
    ...(attempt ? { attempt: attempt.number, imageName: attempt.request.ImageName } : {}),
    ...(attempt?.taskId ? { taskId: attempt.taskId } : {}),
    ...(attempt?.imageId ? { imageId: attempt.imageId } : {}),
    ...(result
      ? { seconds: result.seconds, snapshots: result.snapshots, ...(result.check ? { imageCheck: result.check } : {}) }
      : {}),
    ...(record.findings ? { findings: record.findings } : {}),
  };
}

/**
 * Writes the status file of a job. The file belongs to the object's present version: an older version's job does not
 * overwrite what that one's says; its end is told as long as there is no such job. When the job moved on while the file was
 * written, it is written again, so that it ends as the ledger says.
 */
export async function writeStatus(record: JobRecord, deps: Pick<ImportDeps, "objects" | "ledger">): Promise<void> {
  const { region, bucket, key, etag } = record.subject;
  const statusKey = statusKeyOf(key);
  if (statusKey === undefined) return;
  const facts = await deps.objects.stat({ bucket, key });
  const put = (shown: JobRecord): Promise<void> =>
    deps.objects.put({ bucket, key: statusKey }, `${JSON.stringify(statusOf(shown), null, 2)}\n`, "application/json");
  if (facts && facts.etag !== etag) {
    const newer = (): Promise<JobRecord | undefined> =>
      deps.ledger.current(jobIdOf({ region, bucket, key, etag: facts.etag }));
    if (!isEnd(record.state) || (await newer())) return;
    await put(record);
    const come = await newer();
    if (come) await put(come);
    return;
  }
  await put(record);
  if (isEnd(record.state)) return;
  const next = await deps.ledger.record(record.jobId, record.sequence + 1);
  if (next) await put((await deps.ledger.current(record.jobId)) ?? next);
}

/** Bytes that were imported before came back: the status file may speak of what lay there meanwhile. */
export async function restoreStatus(
  { subject: { bucket, key, etag } }: JobRecord,
  deps: Pick<ImportDeps, "objects" | "ledger">,
): Promise<void> {
  const jobs = (await deps.ledger.jobsOf({ bucket, key })).filter(
    ({ subject }) => subject.key === key && subject.etag === etag,
  );
  const [latest] = jobs.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  if (latest) await writeStatus(latest, deps);
}
