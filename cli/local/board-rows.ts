import colours from "picocolors";
import { printable } from "../../shared/inspection/printable-text.ts";
import { cut, cutMiddle, displayWidth, padded } from "../terminal-text.ts";
import type { Board, BoardJob } from "./job-board.ts";

export interface BoardSpace {
  readonly columns: number;
  /** Lines that the list may take, its heading included. */
  readonly rows: number;
  readonly colour: boolean;
}

type Colours = ReturnType<typeof colours.createColors>;

const outcomes = ["running", "waiting", "available", "rejected", "failed"] as const;

/**
 * The imports as lines for a terminal, none wider than it: a heading that counts all, then those that fit, what still runs
 * before what has ended, in the order of their arrival. Objects that were ignored are in the log alone. No imports: no lines.
 */
export function boardRows(board: Board, { columns, rows, colour }: BoardSpace): readonly string[] {
  const jobs = [...board.values()].filter(({ outcome }) => outcome !== "ignored");
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
    case "running": {
      const numbers = `${String(Math.round(progress)).padStart(3)} %  ${seconds.padStart(5)}`;
      const barWidth = Math.max(0, Math.min(30, columns - displayWidth(numbers) - 2));
      const filled = Math.round((Math.min(100, progress) / 100) * barWidth);
      const bar = `${c.cyan("█".repeat(filled))}${c.dim("░".repeat(barWidth - filled))}`;
      return barWidth < 4 ? cut(numbers, columns) : `${bar}  ${numbers}`;
    }
    case "available":
      return tinted(c.green, "✓ available", `${imageId ?? ""}  ${seconds}`, columns);
    case "waiting":
      return tinted(c.yellow, "… waiting", reason, columns);
    default:
      return tinted(c.red, `✗ ${outcome}`, reason, columns);
  }
}

function tinted(tint: (text: string) => string, word: string, rest: string | undefined, columns: number): string {
  const after = columns - displayWidth(word) - 2;
  return after < 4 ? tint(cut(word, columns)) : `${tint(word)}  ${cut(printable(rest ?? "", 1024), after)}`;
}
