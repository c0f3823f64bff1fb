/** What became of each upload, told from the functions' log lines alone: what a user with a log viewer could know too. */

export type Outcome = "available" | "failed" | "rejected" | "waiting" | "ignored" | "running" | "cancelled";

export interface BoardJob {
  readonly bucket: string;
  readonly key: string;
  readonly outcome: Outcome;
  readonly jobId: string | undefined;
  readonly imageId: string | undefined;
  readonly taskId: string | undefined;
  readonly progress: number;
  readonly findings: readonly unknown[];
  readonly reason: string | undefined;
  /** It is a manifest or a data disk: the image whose import it is a part of. */
  readonly partOf: string | undefined;
  /** Milliseconds since 1970. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** A line of a function's log, as far as it is understood here. */
export interface BoardLine {
  readonly event: string;
  readonly time: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly trigger?: string;
  /** Where `key` is a manifest or a data disk that came before its image: that image. */
  readonly image?: string;
  readonly jobId?: string;
  readonly imageId?: string;
  readonly taskId?: string;
  readonly progress?: number;
  readonly findings?: readonly unknown[];
  readonly reason?: string;
  /** The image waits, whatever the event: an invalid bucket manifest holds it up, and does not refuse it. */
  readonly waitingFor?: string;
}

/** A log line when it is one, else undefined. */
export function parseLogLine(text: string): BoardLine | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "event" in value && "time" in value
      ? (value as BoardLine)
      : undefined;
  } catch {
    return undefined;
  }
}

const outcomes: ReadonlyMap<string, Outcome> = new Map(
  Object.entries({
    "object.ignored": "ignored",
    "object.gone": "ignored",
    "object.waiting": "waiting",
    // A parked import goes on only after somebody has changed the account.
    "import.parked": "waiting",
    "manifest.invalid": "rejected",
    "image.rejected": "rejected",
    "import.submitted": "running",
    "import.repaired": "running",
    "import.progress": "running",
    "import.attention": "running",
    "import.stuck": "running",
    "import.available": "available",
    "import.failed": "failed",
    "import.cancelled": "cancelled",
  } as const),
);

function outcomeOf({ event, waitingFor, progress }: BoardLine): Outcome | undefined {
  if (waitingFor !== undefined) return "waiting";
  return event === "import.duplicate" && progress === 100 ? "available" : outcomes.get(event);
}

export type Board = ReadonlyMap<string, BoardJob>;

/** The board after one more line. Lines of a job also move the objects that triggered it: data disks and manifests. */
export function withLine(board: Board, line: BoardLine): Board {
  const { bucket = "", key, trigger, jobId } = line;
  if (key === undefined) return board;
  const outcome = outcomeOf(line);
  const next = new Map(board);
  const own = next.get(key);
  const isOfAnother = own?.jobId !== undefined && own.jobId !== jobId;
  // An earlier job's end is none of this one's: a version that was replaced, or the wait of a set for its system disk.
  if (outcome === "cancelled" && isOfAnother) return board;
  // The functions' lines come by different ways: one about the way there may come after the one about the end.
  if (outcome === "running" && own?.outcome === "available" && !isOfAnother) return board;
  // There is an image, or one on its way, and it stays: what was refused is the manifest that came after it.
  if (outcome === "rejected" && line.imageId !== undefined)
    return trigger ? next.set(trigger, refused(line, trigger)) : board;
  const touch = (touched: string, whole?: string): void => {
    const known = next.get(touched);
    const at = Date.parse(line.time);
    next.set(touched, {
      bucket,
      key: touched,
      outcome: outcome ?? known?.outcome ?? "running",
      jobId: jobId ?? known?.jobId,
      imageId: line.imageId ?? known?.imageId,
      taskId: line.taskId ?? known?.taskId,
      progress: outcome === "available" ? 100 : (line.progress ?? known?.progress ?? 0),
      findings: line.findings ?? known?.findings ?? [],
      reason: outcome === undefined ? known?.reason : line.reason,
      // A disk that has an image of its own stays one.
      partOf: known?.imageId === undefined || known.imageId === line.imageId ? (whole ?? known?.partOf) : undefined,
      firstSeen: known?.firstSeen ?? at,
      lastSeen: at,
    });
  };
  // A duplicate says nothing new of a job that is known; of an image that comes back to a set that waited for it, it does.
  const isDuplicate = line.event === "import.duplicate";
  const hasComeBack = own?.outcome === "waiting" && isOfAnother && outcome === "available";
  const isNews = isDuplicate ? own === undefined || hasComeBack : outcome !== undefined;
  if (!isNews && line.event !== "image.inspected") return withPart(next, key, isDuplicate ? trigger : undefined, line);
  touch(key, line.image);
  if (isDuplicate) return withPart(next, key, trigger, line);
  if (trigger !== undefined && outcome !== undefined) touch(trigger, trigger === key ? undefined : key);
  if (jobId !== undefined && outcome !== undefined) {
    for (const job of board.values()) if (job.jobId === jobId && job.key !== key && job.key !== trigger) touch(job.key);
  }
  return next;
}

/** The event of a disk or a manifest may lead to nothing but a duplicate: it is a part of that import all the same. */
function withPart(board: Board, key: string, part: string | undefined, { time, jobId }: BoardLine): Board {
  const whole = board.get(key);
  if (whole === undefined || part === undefined || board.has(part)) return board;
  const at = Date.parse(time);
  return new Map(board).set(part, {
    ...whole,
    key: part,
    jobId: jobId ?? whole.jobId,
    partOf: key,
    findings: [],
    firstSeen: at,
    lastSeen: at,
  });
}

const refused = ({ bucket = "", findings = [], reason, time }: BoardLine, key: string): BoardJob => ({
  bucket,
  key,
  outcome: "rejected",
  jobId: undefined,
  imageId: undefined,
  taskId: undefined,
  progress: 0,
  findings,
  reason,
  partOf: undefined,
  firstSeen: Date.parse(time),
  lastSeen: Date.parse(time),
});

/** The import that a manifest or a data disk is a part of, once that is known of. */
export const wholeOf = (board: Board, { partOf }: BoardJob): BoardJob | undefined =>
  partOf === undefined ? undefined : board.get(partOf);

export const isAtAnEnd = (job: BoardJob): boolean => job.outcome !== "running";
