import type { JobRecord } from "../ledger/job.ts";
import { openEntryOf } from "../ledger/ledger.ts";
import type { LogLevel } from "../log/log.ts";
import { type ImportDeps, invocationLifetimeInMilliseconds } from "./import-deps.ts";
import { writeStatus } from "./status-file.ts";
import { logStep } from "./step-log.ts";

/**
 * Everything that the end of a job asks for, in an order that can be interrupted anywhere and done again. While whoever
 * took the step before, `previous`, may still be writing an older status file, the job stays in the index, and a later
 * tick writes the file once more. `level`: of the log line, where it is another than usual.
 */
export async function conclude(
  record: JobRecord,
  deps: Pick<ImportDeps, "objects" | "ledger" | "log" | "clock">,
  previous?: JobRecord,
  level?: LogLevel,
): Promise<JobRecord> {
  await writeStatus(record, deps);
  const event = record.code === "manifest.invalid" ? "manifest.invalid" : endEvents[record.state];
  logStep(deps.log, record, event, level);
  const isAlone =
    record.sequence === 1 ||
    (previous && deps.clock.now().getTime() - Date.parse(previous.at) > invocationLifetimeInMilliseconds);
  const due = new Date(Date.parse(record.at) + invocationLifetimeInMilliseconds);
  await deps.ledger.close(record, isAlone ? undefined : { ...openEntryOf(record, due), warned: saidItsEnd });
  return record;
}

/** `warned` of an index entry whose job has ended: the log has its line. */
export const saidItsEnd = 1;

const endEvents = {
  rejected: "image.rejected",
  available: "import.available",
  failed: "import.failed",
  cancelled: "import.cancelled",
  waiting: "object.waiting",
  claimed: "import.submitted",
  submitted: "import.submitted",
  parked: "import.parked",
  cancelling: "import.cancelled",
} as const;
