import type { JobRecord, JobState, WaitingFor } from "../../shared/ledger/job.ts";
import type { OpenEntry } from "../../shared/ledger/open-entry.ts";
import { pastedAddress } from "../pasted-address.ts";

/** Where a job stands, and what would move it: one sentence or two each. */
export interface Outlook {
  readonly stands: string;
  readonly moves: string;
}

const awaited: Readonly<Record<WaitingFor, string>> = {
  content: "its content",
  manifest: "its sidecar",
  "bucket-manifest": "a valid bucket manifest",
  disks: "its disks",
};

/** What is at a job's key now: the version that it is about, another one, or nothing. */
export type Source = "present" | "replaced" | "gone";

/** Pure. `entry` is the job's index entry while it is open: it tells progress and when a tick looks next. */
export function outlookOf(record: JobRecord, entry: OpenEntry | undefined, source: Source = "present"): Outlook {
  const outlook = outlookOfState(record, entry);
  const over = source === "present" ? undefined : movesWithout(record.state, source);
  return over === undefined ? outlook : { ...outlook, moves: over };
}

/** What can be said of a job whose version is not there any more; undefined where that changes nothing. */
function movesWithout(state: JobState, source: Exclude<Source, "present">): string | undefined {
  const since = source === "replaced" ? "its object was written again since" : "its object is gone";
  switch (state) {
    case "waiting":
    case "parked":
      return `Nothing: ${since}, and the report function ends it when it looks again.`;
    case "rejected":
    case "failed":
    case "cancelled":
      return `Nothing: ${since}. ${source === "replaced" ? "What lies there now" : "A new upload"} has a job of its own.`;
    default:
      return undefined;
  }
}

function outlookOfState(record: JobRecord, entry: OpenEntry | undefined): Outlook {
  const { subject, attempt, reason, advice, result, waitingFor } = record;
  const replay = `oss-image-import replay ${pastedAddress(subject)}`;
  const due = entry ? new Date(entry.due * 1000).toISOString() : undefined;
  const next = due ? `The report function looks again at ${due}` : "The report function looks again at its next run";
  // A sentence ends once, in whatever way its reason does.
  const why = reason ? `: ${reason.replace(/\.$/, "")}` : "";
  const ended = (text: string): string => (/[?!]$/.test(text) ? text : `${text}.`);
  const then = advice ? `${advice} ` : "";
  switch (record.state) {
    case "waiting":
      return {
        stands: ended(
          `It has waited for ${waitingFor ? awaited[waitingFor] : "its turn"} since ${record.since ?? record.at}${why}`,
        ),
        moves:
          waitingFor === "bucket-manifest"
            ? `${then}The report function releases it at its first run after the bucket manifest has changed.`
            : `${then}Uploading what it waits for releases it at once. ${next}, in case that event is lost.`,
      };
    case "claimed":
      return {
        stands: "ECS is being asked for it, or was when an invocation died.",
        moves: `${next}, and takes it over if its invocation is dead by then.`,
      };
    case "submitted":
      return {
        stands: `ECS imports it as ${attempt?.imageId}: ${entry?.progress ?? 0} % when it was last asked.`,
        moves: `ECS. The report function looks at every run. To give it up: ${replay.replace(" replay ", " cancel ")}`,
      };
    case "parked":
      return {
        stands: ended(`It cannot be imported until the account is changed (${record.code})${why}`),
        moves: `${then}${next} and tries again; at once with: ${replay}`,
      };
    case "cancelling":
      return {
        stands: ended(`It is being given up${why}`),
        moves: "The report function asks ECS at every run until it has ended.",
      };
    case "available":
      return {
        stands: `It is available as ${result?.imageName} (${result?.imageId}) since ${record.at}.`,
        moves:
          "Nothing more is to come. A new upload, or a manifest that asks for something else, makes another image.",
      };
    case "rejected":
      return {
        stands: ended(`It was not imported${why}`),
        moves: `${then}A corrected image or manifest is looked at as soon as it is uploaded; without one: ${replay}`,
      };
    case "failed":
      return {
        stands: ended(`Its import failed${record.code ? ` with ${record.code}` : ""}${why}`),
        moves: `${then}To have it tried again: ${replay}`,
      };
    case "cancelled":
      if (subject.etag === "")
        return {
          stands: ended(`It is not waited for any more${why}`),
          moves: "Its upload has a job of its own. Until then: a disk or manifest of its set that is written again.",
        };
      return { stands: ended(`Its import was cancelled${why}`), moves: `Uploading it again, or: ${replay}` };
  }
}
