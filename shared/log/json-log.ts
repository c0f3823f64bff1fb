import type { Clock } from "../clock.ts";
import type { Log, LogFields, LogLevel } from "./log.ts";

const order: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** FC cuts log lines at 32 KB; a cut line would not be JSON any more. */
const maximumLineInBytes = 30 * 1024;

export interface JsonLogOptions {
  readonly clock: Clock;
  readonly level: LogLevel;
  /** Receives one whole line without its line end. */
  readonly write: (line: string) => void;
  /** On every line: request id, region. */
  readonly always: LogFields;
}

/** A log that writes one JSON object a line, which no key, name or message can forge or break. */
export function jsonLog({ clock, level: lowest, write, always }: JsonLogOptions): Log {
  return (level, event, message, fields = {}) => {
    if (order[level] < order[lowest]) return;
    const line = { time: clock.now().toISOString(), level, event, message, ...always, ...fields };
    const text = printableJson(line);
    if (Buffer.byteLength(text) <= maximumLineInBytes) return write(text);
    const { findings, reason, ...rest } = line as LogFields & { findings?: readonly unknown[] };
    write(
      printableJson({
        ...rest,
        message: message.slice(0, 2000),
        reason: reason?.slice(0, 4000),
        truncated: true,
        findings: findings?.slice(0, 10),
      }).slice(0, maximumLineInBytes),
    );
  };
}

/**
 * JSON.stringify escapes what is below U+0020. Terminals and viewers also act on C1 controls, line separators and
 * direction marks, so those are escaped too: text from outside stays text.
 */
const printableJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
