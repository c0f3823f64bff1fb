import type { Failure } from "../../local/fc/async-invocations.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { printable } from "../../shared/inspection/printable-text.ts";
import { localBucket } from "./deployed-locally.ts";
import { type Board, type BoardJob, type Outcome, wholeOf } from "./job-board.ts";

/** A file that is uploaded at the start. */
export interface Upload {
  readonly key: string;
  readonly path: string;
  readonly size: number;
}

/** What became of one upload, as `local --once --json` says it last. */
export interface JobSummary {
  readonly bucket: string;
  readonly key: string;
  readonly outcome: string;
  readonly imageId?: string;
  readonly taskId?: string;
  /** Why there is no image. */
  readonly reason?: string;
  readonly advice?: string;
  readonly findings: readonly unknown[];
  readonly seconds: number;
}

export interface Circumstances {
  /** What Function Compute put into the failure queue: events that the function failed at, each time. */
  readonly failures: readonly Failure[];
  /** The command was ended before all imports had. */
  readonly interrupted: boolean;
}

/** Pure: what became of each upload, and why where there is no image. */
export function summaryOf(
  uploads: readonly Upload[],
  board: Board,
  { failures, interrupted }: Circumstances,
): readonly JobSummary[] {
  const manifests = new Set(
    uploads.map(({ key }) => key).filter((key) => ["sidecar", "bucket-manifest"].includes(objectKind(key).kind)),
  );
  const dropped = new Map(failures.map(givenUp).map((event) => [event.key, event]));
  const seen = [...board.values()]
    .filter((job) => !manifests.has(job.key) || !wholeOf(board, job))
    .map((job) => ({ ...job, ...toldOf(wholeOf(board, job)) }));
  const missing = uploads.filter(({ key }) => !board.has(key) && !manifests.has(key));
  return [
    ...seen.map(({ bucket, key, outcome, imageId, taskId, reason, findings, firstSeen, lastSeen }) => ({
      bucket,
      key,
      outcome: outcome === "running" || outcome === "cancelled" ? "failed" : outcome,
      ...(imageId ? { imageId } : {}),
      ...(taskId ? { taskId } : {}),
      ...whyNot(outcome, reason),
      findings,
      seconds: Math.round((lastSeen - firstSeen) / 1000),
    })),
    ...missing.map(({ key }) => ({
      bucket: localBucket,
      key,
      outcome: "failed",
      ...whyUnseen(dropped.get(key), interrupted),
      findings: [],
      seconds: 0,
    })),
  ];
}

/** What became of an import became of each of its parts. */
const toldOf = (whole: BoardJob | undefined): Partial<BoardJob> =>
  whole ? { outcome: whole.outcome, imageId: whole.imageId, taskId: whole.taskId, reason: whole.reason } : {};

function whyNot(outcome: Outcome, reason: string | undefined): Pick<JobSummary, "reason"> {
  if (outcome === "running") return { reason: "it was interrupted while ECS imported it" };
  if (outcome === "cancelled") return { reason: reason ? `cancelled: ${reason}` : "cancelled" };
  return reason && outcome !== "available" ? { reason } : {};
}

function whyUnseen(event: GivenUp | undefined, interrupted: boolean): Pick<JobSummary, "reason" | "advice"> {
  if (event)
    return {
      reason: `the function failed at its event ${event.tries} times, and Function Compute gave it up: ${event.reason}`,
      advice: "Mend that, then upload it again: run this command once more.",
    };
  if (interrupted) return { reason: "it was interrupted before the function had seen it" };
  return {
    reason: "the function said nothing about it",
    advice: "Run this command without --once, and look at the lines that the functions write.",
  };
}

/** One line for a person, with a second one for the way out. */
export function summaryLine({ outcome, key, imageId, seconds, reason, advice }: JobSummary): string {
  const image = imageId ? ` ${imageId}` : "";
  const why = reason ? `: ${printable(reason, 2000)}` : "";
  const indented = advice ? `\n${" ".repeat(10)}→ ${printable(advice, 2000)}` : "";
  return `${outcome.padEnd(9)} ${printable(key, 1024)}${image} (${seconds} s)${why}${indented}`;
}

/** An event that Function Compute gave up. */
export interface GivenUp {
  readonly key: string;
  /** What the function said last. */
  readonly reason: string;
  readonly tries: number;
}

/** Reads what the failure queue was sent. */
export function givenUp({ record }: Failure): GivenUp {
  const event = parsed(record.requestPayload) as { events?: readonly { oss?: { object?: { key?: unknown } } }[] };
  const error = parsed(record.responsePayload) as { errorMessage?: unknown };
  const key = String(event?.events?.[0]?.oss?.object?.key ?? "an object");
  const said = String(error?.errorMessage ?? record.responseContext.functionError);
  return {
    key,
    // The function's own words, without the key, which stands beside them.
    reason: said.replace(/^To be delivered again: /, "").replace(`${JSON.stringify(key)}: `, ""),
    tries: record.requestContext.approximateInvokeCount,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
