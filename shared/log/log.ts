/** One JSON object a line: the only thing that users of the functions see. Names of events are a public contract. */

export const logEvents = [
  "event.malformed",
  "object.ignored",
  "object.waiting",
  "object.gone",
  "object.deferred",
  "manifest.invalid",
  "image.inspected",
  "image.rejected",
  "import.duplicate",
  "import.submitted",
  "import.parked",
  "import.progress",
  "import.attention",
  "import.stuck",
  "import.available",
  "import.failed",
  "import.cancelled",
  "import.repaired",
  "tick.summary",
] as const;
export type LogEvent = (typeof logEvents)[number];
export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LogFields {
  readonly region?: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly jobId?: string;
  readonly taskId?: string;
  readonly imageId?: string;
  readonly reason?: string;
  readonly advice?: string;
  readonly findings?: readonly unknown[];
  readonly progress?: number;
  readonly seconds?: number;
  readonly [more: string]: unknown;
}

export type Log = (level: LogLevel, event: LogEvent, message: string, fields?: LogFields) => void;
