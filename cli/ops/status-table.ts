import colours from "picocolors";
import { printable } from "../../shared/manifest/source-tree.ts";
import type { Output } from "../outcome.ts";
import type { StatusRow } from "./run-status.ts";

const widest = { key: 44, state: 10, progress: 5, age: 6 };

/** The imports as a table that fits the terminal, with a line of counts below it. */
export function statusTable(rows: readonly StatusRow[], { isTerminal, columns }: Output): string {
  const c = colours.createColors(isTerminal);
  if (rows.length === 0) return "There is none.\n";
  const key = Math.min(widest.key, Math.max(3, ...rows.map((row) => printable(row.key).length)));
  const detailWidth = isTerminal
    ? Math.max(20, columns - key - widest.state - widest.progress - widest.age - 8)
    : 10_000;
  const lines = rows.map((row) =>
    [
      fitted(printable(row.key), key),
      tintOf(row.state, c)(row.state.padEnd(widest.state)),
      (row.state === "submitted" || row.state === "available" ? `${row.progress} %` : "").padStart(widest.progress),
      age(row.seconds).padStart(widest.age),
      fitted(detailOf(row), detailWidth).trimEnd(),
    ].join("  "),
  );
  const head = [
    "KEY".padEnd(key),
    "STATE".padEnd(widest.state),
    "".padEnd(widest.progress),
    "SINCE".padStart(widest.age),
    "",
  ].join("  ");
  const counts = new Map<string, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  const total = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  return `${c.dim(head.trimEnd())}\n${lines.join("\n")}\n${c.dim(total)}\n`;
}

/** One import as a plain line. */
export const rowText = (row: StatusRow): string =>
  `${printable(row.key)} ${row.state} ${row.progress} % ${detailOf(row)}`.trimEnd();

function detailOf({ state, imageId, taskId, code, reason }: StatusRow): string {
  if (state === "submitted" || state === "available")
    return [imageId, state === "submitted" ? taskId : ""].join(" ").trim();
  return printable([code, reason].filter(Boolean).join(": "));
}

type Tint = (text: string) => string;

function tintOf(state: string, c: ReturnType<typeof colours.createColors>): Tint {
  if (state === "available") return c.green;
  if (state === "submitted" || state === "claimed") return c.cyan;
  return state === "waiting" || state === "parked" || state === "cancelling" ? c.yellow : c.red;
}

const fitted = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);

/** `42 s`, `12 min`, `5 h`, `3 d`. */
export function age(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
