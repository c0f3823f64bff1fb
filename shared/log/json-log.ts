import type { Clock } from "../clock.ts";
import type { Log, LogFields, LogLevel } from "./log.ts";
import { printableJson } from "./printable-json.ts";

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
    if (fits(text)) return write(text);
    for (const most of shortenings) {
      const shorter = printableJson({ ...shortened(line, most), truncated: true });
      if (fits(shorter)) return write(shorter);
    }
    write(printableJson({ time: line.time, level, event, message: message.slice(0, 200), ...always, truncated: true }));
  };
}

const fits = (text: string): boolean => Buffer.byteLength(text) <= maximumLineInBytes;

/** Ever shorter texts and lists, until the line fits. */
const shortenings = [
  { characters: 4000, items: 20 },
  { characters: 1000, items: 10 },
  { characters: 128, items: 5 },
] as const;

function shortened(line: object, { characters, items }: (typeof shortenings)[number]): object {
  return JSON.parse(JSON.stringify(line), (_, value) => {
    if (typeof value === "string") return value.slice(0, characters);
    return Array.isArray(value) ? value.slice(0, items) : value;
  });
}
