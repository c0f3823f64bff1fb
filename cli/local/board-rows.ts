import colours from "picocolors";
import { printable } from "../../shared/inspection/printable-text.ts";
import { bytesText } from "../bytes-text.ts";
import { cut, cutMiddle, displayWidth, padded } from "../terminal-text.ts";
import { type Board, type BoardJob, wholeOf } from "./job-board.ts";

export interface BoardSpace {
  readonly columns: number;
  /** Lines that the list may take, its heading included. */
  readonly rows: number;
  readonly colour: boolean;
}

type Colours = ReturnType<typeof colours.createColors>;

const outcomes = ["running", "waiting", "available", "rejected", "failed", "cancelled"] as const;

/**
 * The imports as lines for a terminal, none wider than it: a heading that counts all, then those that fit, what still runs
 * before what has ended, in the order of their arrival. Manifests and data disks are shown as what they are a part of. Objects
 * that were ignored are in the log alone. No imports: no lines.
 */
export function boardRows(board: Board, { columns, rows, colour }: BoardSpace): readonly string[] {
  const jobs = [...board.values()].filter((job) => job.outcome !== "ignored" && !wholeOf(board, job));
  if (jobs.length === 0 || rows < 2) return [];
  const c = colours.createColors(colour);
  const shown = mostInteresting(jobs, rows - 1);
  const longestName = Math.max(...shown.map(({ key }) => displayWidth(printable(key, 1024))));
  const nameWidth = Math.min(longestName, Math.max(12, Math.min(40, Math.floor(columns * 0.4))));
  return [
    heading(jobs, shown.length, columns, c),
    ...shown.map((job) => {
      const name = padded(cutMiddle(printable(job.key, 1024), nameWidth), nameWidth);
      return `${name}  ${stateOf(job, columns - nameWidth - 2, c)}`;
    }),
  ];
}

function mostInteresting(jobs: readonly BoardJob[], limit: number): readonly BoardJob[] {
  const running = jobs.filter(({ outcome }) => outcome === "running");
  const ended = jobs.filter(({ outcome }) => outcome !== "running").toSorted((a, b) => b.lastSeen - a.lastSeen);
  const chosen = new Set([...running, ...ended].slice(0, limit));
  return jobs.filter((job) => chosen.has(job));
}

function heading(jobs: readonly BoardJob[], shown: number, columns: number, c: Colours): string {
  const counts = outcomes.flatMap((outcome) => {
    const count = jobs.filter((job) => job.outcome === outcome).length;
    return count > 0 ? [`${count} ${outcome}`] : [];
  });
  const hidden = jobs.length - shown;
  const text = ` ${[...counts, ...(hidden > 0 ? [`${hidden} not shown`] : [])].join(", ")} `;
  const width = Math.min(columns, 80);
  return c.dim(cut(`──${text}${"─".repeat(Math.max(0, width - 2 - displayWidth(text)))}`, columns));
}

function stateOf({ outcome, progress, imageId, reason, ...job }: BoardJob, columns: number, c: Colours): string {
  const seconds = `${Math.max(0, Math.round((job.lastSeen - job.firstSeen) / 1000))} s`;
  switch (outcome) {
    case "running":
      return barWith(progress, seconds.padStart(5), columns, c);
    case "available":
      return tinted(c.green, "✓ available", `${imageId ?? ""}  ${seconds}`, columns);
    case "waiting":
      return tinted(c.yellow, "… waiting", reason, columns);
    case "cancelled":
      return tinted(c.yellow, "– cancelled", reason, columns);
    default:
      return tinted(c.red, `✗ ${outcome}`, reason, columns);
  }
}

/** A bar, its percentage, and what else is to be said; without the bar where it is too narrow for one. */
function barWith(percent: number, rest: string, columns: number, c: Colours): string {
  const numbers = `${String(Math.round(percent)).padStart(3)} %  ${rest}`;
  const barWidth = Math.max(0, Math.min(30, columns - displayWidth(numbers) - 2));
  const filled = Math.round((Math.min(100, percent) / 100) * barWidth);
  const bar = `${c.cyan("█".repeat(filled))}${c.dim("░".repeat(barWidth - filled))}`;
  return barWidth < 4 ? cut(numbers, columns) : `${bar}  ${numbers}`;
}

export interface UploadProgress {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** Of 1. */
  readonly fraction: number;
}

/** How far an upload is, as one line for a terminal. */
export function uploadRow(
  { key, size, fraction }: UploadProgress,
  { columns, colour }: Pick<BoardSpace, "columns" | "colour">,
): string {
  const c = colours.createColors(colour);
  const name = `↑ ${cutMiddle(printable(key, 1024), Math.max(10, Math.min(38, Math.floor(columns * 0.4) - 2)))}`;
  const amount = `${bytesText(Math.round(size * fraction))} of ${bytesText(size)}`;
  return `${name}  ${barWith(fraction * 100, amount, columns - displayWidth(name) - 2, c)}`;
}

function tinted(tint: (text: string) => string, word: string, rest: string | undefined, columns: number): string {
  const after = columns - displayWidth(word) - 2;
  return after < 4 ? tint(cut(word, columns)) : `${tint(word)}  ${cut(printable(rest ?? "", 1024), after)}`;
}
