import colours from "picocolors";
import type { Output } from "../outcome.ts";
import type { Board, BoardJob, BoardLine } from "./job-board.ts";

/** Shows log lines, and, on a terminal, the list of imports below them. */
export interface LiveView {
  line(line: BoardLine & { readonly level?: string; readonly message?: string }): void;
  text(text: string): void;
  update(board: Board): void;
  end(): void;
}

/** Plain lines for pipes and files. */
export function plainView({ err }: Output): LiveView {
  return {
    line: (line) => {
      if (isQuiet(line)) return;
      err(
        `${line.time.slice(11, 19)} ${(line.level ?? "info").padEnd(5)} ${line.event.padEnd(17)} ${line.message ?? ""}`,
      );
    },
    text: err,
    update: () => {},
    end: () => {},
  };
}

/** A tick with nothing to tell is not worth a line on a screen. */
const isQuiet = (line: BoardLine & { readonly open?: number }): boolean =>
  line.event === "tick.summary" || line.event === "import.progress";

const barWidth = 24;
const maximumRows = 12;

/** Log lines scroll; the newest imports stay below them with a bar each. */
export function terminalView(output: Output): LiveView {
  const { out, columns } = output;
  let drawn = 0;
  let rows: readonly string[] = [];
  const erase = (): string => (drawn > 0 ? `\u001b[${drawn}A\u001b[0J` : "");
  const draw = (above: string): void => {
    out(`${erase()}${above}${rows.map((row) => `${row}\n`).join("")}`);
    drawn = rows.length;
  };
  return {
    line: (line) => {
      if (isQuiet(line)) return;
      const level = line.level ?? "info";
      const tint = level === "error" ? colours.red : level === "warn" ? colours.yellow : colours.dim;
      draw(`${colours.dim(line.time.slice(11, 19))} ${tint(line.event.padEnd(17))} ${printable(line.message ?? "")}\n`);
    },
    text: (text) => draw(`${text}\n`),
    update: (board) => {
      const jobs = [...board.values()].filter(({ outcome }) => outcome !== "ignored").slice(-maximumRows);
      rows =
        jobs.length > 0
          ? [colours.dim("─".repeat(Math.min(columns, 72))), ...jobs.map((job) => rowOf(job, columns))]
          : [];
      draw("");
    },
    end: () => {
      drawn = 0;
    },
  };
}

function rowOf({ key, outcome, progress, imageId, reason }: BoardJob, columns: number): string {
  const filled = Math.round((progress / 100) * barWidth);
  const bar = `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`;
  const name = fitted(printable(key), 30);
  switch (outcome) {
    case "running":
      return `${name} ${colours.cyan(bar)} ${String(progress).padStart(3)} %`;
    case "available":
      return `${name} ${colours.green(bar)} ${colours.green("available")} ${imageId ?? ""}`;
    case "waiting":
      return `${name} ${colours.yellow("waiting")}  ${fitted(printable(reason ?? ""), Math.max(10, columns - 42)).trimEnd()}`;
    default:
      return `${name} ${colours.red(outcome.padEnd(8))} ${fitted(printable(reason ?? ""), Math.max(10, columns - 42)).trimEnd()}`;
  }
}

const fitted = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);

/** Keys and messages come from outside: no control character of theirs reaches the terminal. */
const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, "�");
