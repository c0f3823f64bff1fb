import { systemClock } from "../../shared/clock.ts";
import { isEnd } from "../../shared/ledger/job.ts";
import { printableJson } from "../../shared/log/printable-json.ts";
import { printable } from "../../shared/manifest/source-tree.ts";
import type { ConnectionOptions } from "../connection.ts";
import { type ExitCode, exitCodes, type Output } from "../outcome.ts";
import { erasing } from "../terminal-text.ts";
import { type ListedJob, listJobs } from "./open-jobs.ts";
import { bucketTarget, type Environment, type Operator, openOperator, unlessUnreachable } from "./operator.ts";
import { rowText, statusTable } from "./status-table.ts";

export interface StatusCommand extends ConnectionOptions {
  readonly all: boolean;
  readonly json: boolean;
  readonly watch: boolean;
}

/** One import as `status` shows it. */
export interface StatusRow {
  readonly bucket: string;
  readonly key: string;
  readonly state: string;
  /** 0 to 100. */
  readonly progress: number;
  /** Since the state began. */
  readonly seconds: number;
  readonly jobId: string;
  readonly imageId?: string;
  readonly taskId?: string;
  readonly code?: string;
  readonly reason?: string;
  /** When a tick looks again: ISO 8601. */
  readonly due?: string;
}

const watchPauseInMilliseconds = 2000;

/** Shows open imports, and with `all` ended ones too; with `watch` again and again until `interrupted`. */
export async function runStatus(
  target: string | undefined,
  options: StatusCommand,
  environment: Environment,
  output: Output,
  interrupted: Promise<void>,
): Promise<ExitCode> {
  const { bucket, prefix } = target === undefined ? { bucket: undefined, prefix: "" } : bucketTarget(target);
  const operator = await openOperator(options, environment, bucket);
  const rows = (seen: ReadonlySet<string> = new Set()) =>
    unlessUnreachable(() => statusRows(operator, prefix, options.all, seen));
  const tableOf = (found: readonly StatusRow[], lines?: number): string =>
    found.length === 0 ? noneText(prefix, options.all) : statusTable(found, output, lines);
  if (!options.watch) {
    const found = await rows();
    output.out(options.json ? `${printableJson({ jobs: found }, 2)}\n` : tableOf(found));
    return exitCodes.good;
  }
  await watch(rows, tableOf, options, output, interrupted);
  return exitCodes.good;
}

const noneText = (prefix: string, all: boolean): string => {
  const where = prefix === "" ? "" : ` of ${printable(prefix)}…`;
  return all ? `No import${where} is known.\n` : `No import${where} is under way; --all shows ended ones.\n`;
};

/** So long an ended import stays in sight of whoever watched it. */
const lingeringInSeconds = 300;

/** The jobs to be shown; those `seen` before stay for a while when they have ended, so that whoever watches sees it. */
async function statusRows(
  operator: Operator,
  prefix: string,
  all: boolean,
  seen: ReadonlySet<string>,
): Promise<readonly StatusRow[]> {
  const { ledger } = await operator.deps();
  const now = systemClock.now();
  const jobs = await listJobs(ledger, {
    all,
    seen,
    matches: (record) =>
      record.subject.bucket === operator.bucket &&
      record.subject.key.startsWith(prefix) &&
      (all || !isEnd(record.state) || (seen.has(record.jobId) && ageOf(record, now) < lingeringInSeconds)),
  });
  return jobs.map((job) => rowOf(job, now));
}

/** Seconds since its state began. */
const ageOf = ({ since, at }: ListedJob["record"], now: Date): number =>
  Math.max(0, Math.round((now.getTime() - Date.parse(since ?? at)) / 1000));

function rowOf({ record, entry }: ListedJob, now: Date): StatusRow {
  const { subject, attempt, state, jobId, code, reason, result } = record;
  return {
    bucket: subject.bucket,
    key: subject.key,
    state,
    progress: result ? 100 : (entry?.progress ?? 0),
    seconds: ageOf(record, now),
    jobId,
    ...(attempt?.imageId ? { imageId: attempt.imageId } : {}),
    ...(attempt?.taskId ? { taskId: attempt.taskId } : {}),
    ...(code ? { code } : {}),
    ...(reason ? { reason } : {}),
    ...(entry && !isEnd(state) ? { due: new Date(entry.due * 1000).toISOString() } : {}),
  };
}

/** A terminal is redrawn; elsewhere each change is a line. */
async function watch(
  rows: (seen: ReadonlySet<string>) => Promise<readonly StatusRow[]>,
  tableOf: (found: readonly StatusRow[], lines: number) => string,
  { json }: StatusCommand,
  output: Output,
  interrupted: Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  void interrupted.then(() => stop.abort());
  let drawn: readonly string[] = [];
  let said: ReadonlyMap<string, string> = new Map();
  while (!stop.signal.aborted) {
    const found = await rows(new Set(said.keys()));
    const now = new Map(found.map((row) => [row.jobId, `${row.state} ${row.progress} ${row.reason ?? ""}`]));
    if (output.isTerminal && !json) {
      // What has left the screen cannot be drawn over.
      const table = tableOf(found, (output.rows ?? 24) - 1);
      output.out(`${erasing(drawn, output.columns)}${table}`);
      drawn = table.split("\n").slice(0, -1);
    } else {
      for (const row of found)
        if (said.get(row.jobId) !== now.get(row.jobId))
          output.out(json ? `${printableJson(row)}\n` : `${rowText(row)}\n`);
    }
    said = now;
    await systemClock.sleep(watchPauseInMilliseconds, stop.signal);
  }
  // Takes away the ^C that a terminal writes where the cursor stands.
  if (output.isTerminal && !json) output.out("\r\u001b[0J");
}
