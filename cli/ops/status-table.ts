import colours from "picocolors";
import { printable } from "../../shared/manifest/source-tree.ts";
import type { Output } from "../outcome.ts";
import { cut, cutMiddle, displayWidth, padded } from "../terminal-text.ts";
import type { StatusRow } from "./run-status.ts";

const widths = { state: 10, progress: 5, age: 7 };
/** Two blanks between each of the five columns. */
const gaps = 4 * 2;

/** The imports as a table that fits the terminal, with a line of counts below it. At most `rows` lines high, where given. */
export function statusTable(all: readonly StatusRow[], output: Output, rows = Infinity): string {
  const { isTerminal, columns } = output;
  const c = colours.createColors(output.takesColours);
  const shown = all.slice(0, Math.max(1, rows - 3));
  // One column is left free, as some terminals begin a new line after the last one.
  const space = isTerminal ? columns - 1 - widths.state - widths.progress - widths.age - gaps : Infinity;
  const longestKey = Math.max(3, ...shown.map(({ key }) => displayWidth(printable(key))));
  const keyWidth = Math.min(longestKey, isTerminal ? keyRoom(space) : 44);
  const line = (key: string, state: string, progress: string, since: string, detail: string): string =>
    [key, state, progress.padStart(widths.progress), since.padStart(widths.age), detail].join("  ").trimEnd();
  const lines = shown.map((row) => {
    const progress = row.state === "submitted" || row.state === "available" ? `${row.progress} %` : "";
    const detail = space - keyWidth < fewestDetails ? "" : cut(detailOf(row), space - keyWidth);
    const key = isTerminal ? cutMiddle(printable(row.key), keyWidth) : printable(row.key);
    const state = tintOf(row.state, c)(row.state.padEnd(widths.state));
    return line(padded(key, keyWidth), state, progress, age(row.seconds), detail);
  });
  const head = line("KEY".padEnd(keyWidth), "STATE".padEnd(widths.state), "", "SINCE", "");
  const counts = new Map<string, number>();
  for (const { state } of all) counts.set(state, (counts.get(state) ?? 0) + 1);
  const hidden = all.length - shown.length;
  const total = [...counts].map(([state, count]) => `${count} ${state}`);
  const foot = [...total, ...(hidden > 0 ? [`${hidden} not shown`] : [])].join(", ");
  return `${c.dim(head)}\n${lines.join("\n")}\n${c.dim(isTerminal ? cut(foot, columns - 1) : foot)}\n`;
}

/** Details of a few letters tell nothing: on a narrow terminal their room, with the gap before it, is the keys'. */
const keyRoom = (space: number): number =>
  Math.max(8, space * 0.4 < fewestDetails ? space + 2 : Math.floor(space * 0.6));
const fewestDetails = 12;

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

/** `42 s`, `12 min`, `5 h`, `3 d`. */
export function age(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
