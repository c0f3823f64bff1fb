import type { JobRecord } from "../ledger/job.ts";
import type { Log, LogEvent, LogFields, LogLevel } from "../log/log.ts";
import { counted } from "./counted.ts";

const levels: Readonly<Partial<Record<LogEvent, LogLevel>>> = {
  "manifest.invalid": "error",
  "image.rejected": "error",
  "import.failed": "error",
  "import.parked": "warn",
  "import.cancelled": "warn",
};

/** Writes the log line of one step of a job. */
export function logStep(
  log: Log,
  record: JobRecord,
  event: LogEvent,
  level: LogLevel = levels[event] ?? "info",
  more: LogFields = {},
): void {
  const { findings, requestId } = record;
  const once = {
    ...(findings && findings.length > 0 && event !== "import.available" ? { findings } : {}),
    ...(requestId ? { ecsRequestId: requestId } : {}),
  };
  log(level, event, sentenceOf(record, event), { ...fieldsOf(record), ...once, ...more });
}

/** The fields that every line about a job has. */
export function fieldsOf(record: JobRecord): LogFields {
  const { subject, attempt, result, code, reason, advice } = record;
  return {
    region: subject.region,
    bucket: subject.bucket,
    key: subject.key,
    jobId: record.jobId,
    ...(attempt?.taskId ? { taskId: attempt.taskId } : {}),
    ...(attempt?.imageId ? { imageId: attempt.imageId } : {}),
    ...(attempt ? { imageName: attempt.request.ImageName } : {}),
    ...(code ? { errorCode: code } : {}),
    ...(reason ? { reason } : {}),
    ...(advice ? { advice } : {}),
    ...(result ? { seconds: result.seconds, snapshots: result.snapshots, progress: 100 } : {}),
  };
}

function sentenceOf(
  { subject: { key, etag }, state, attempt, reason, result, code }: JobRecord,
  event: LogEvent,
): string {
  const name = attempt?.request.ImageName;
  const image = `${name} (${attempt?.imageId})`;
  switch (event) {
    case "import.submitted":
      return `${key} is being imported as ${image}.`;
    case "import.repaired":
      return `An interrupted import of ${key} was picked up again: it runs as ${image}.`;
    case "import.parked":
      return `${key} cannot be imported yet: ${reason}`;
    case "import.available":
      return `${key} is available as ${image} after ${counted(result?.seconds ?? 0, "second")}.`;
    case "import.failed":
      return `The import of ${key} failed${code ? ` with ${code}` : ""}: ${reason}`;
    case "import.cancelled":
      return etag === ""
        ? `${key} is not waited for any more: ${reason}`
        : `The import of ${key} was cancelled: ${reason}`;
    case "manifest.invalid":
    case "image.rejected":
      if (state === "waiting") return `${key} waits until the bucket manifest is corrected: ${reason}`;
      return `${key} was not imported: ${reason}`;
    case "object.waiting":
      return `${key} waits: ${reason}`;
    default:
      return `${key}: ${reason ?? event}`;
  }
}
