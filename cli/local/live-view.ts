import colours from "picocolors";
import { printable } from "../../shared/inspection/printable-text.ts";
import type { Output } from "../outcome.ts";
import { beside, erasing } from "../terminal-text.ts";
import { boardRows, type UploadProgress, uploadRow } from "./board-rows.ts";
import type { Board, BoardLine } from "./job-board.ts";

/** Shows log lines, and, on a terminal, the list of imports below them. */
export interface LiveView {
  line(line: ShownLine): void;
  text(text: string): void;
  update(board: Board): void;
  /** How far an upload is; undefined when there is none. Shown on a terminal only. */
  uploading(upload: UploadProgress | undefined): void;
  end(): void;
}

type ShownLine = BoardLine & { readonly level?: string; readonly message?: string; readonly advice?: string };

/** Nothing but what the caller writes itself. */
export const silentView: LiveView = {
  line: () => {},
  text: () => {},
  update: () => {},
  uploading: () => {},
  end: () => {},
};

/** Plain lines for pipes and files. */
export function plainView({ out }: Output): LiveView {
  return {
    line: (line) => {
      if (line.event === "tick.summary") return;
      out(`${timeOf(line)} ${(line.level ?? "info").padEnd(5)} ${line.event.padEnd(17)} ${messageOf(line)}\n`);
    },
    text: (text) => out(`${text}\n`),
    update: () => {},
    uploading: () => {},
    end: () => {},
  };
}

const maximumRows = 14;
const smallestShownInBytes = 32 * 2 ** 20;
const percentOf = ({ fraction }: UploadProgress): number => Math.floor(fraction * 100);

/** Log lines scroll; the imports stay below them with a bar each. */
export function terminalView(output: Output): LiveView {
  const colour = output.takesColours;
  const c = colours.createColors(colour);
  let drawn: readonly string[] = [];
  let board: Board = new Map();
  let upload: UploadProgress | undefined;
  let hasEnded = false;
  const draw = (above: string): void => {
    // One column is left free, as some terminals begin a new line after the last one.
    const rows = Math.min(maximumRows, Math.floor((output.rows ?? 24) / 2));
    const space = { columns: output.columns - 1, rows, colour };
    const next = [...(upload ? [uploadRow(upload, space)] : []), ...boardRows(board, space)];
    output.out(`${erasing(drawn, output.columns)}${above}${next.map((row) => `${row}\n`).join("")}`);
    drawn = next;
  };
  return {
    line: (line) => {
      // The bars tell it already.
      if (line.event === "tick.summary" || line.event === "import.progress") return;
      const tint = line.level === "error" ? c.red : line.level === "warn" ? c.yellow : c.dim;
      const label = `${c.dim(timeOf(line))} ${tint(line.event.padEnd(17))} `;
      const message = beside(label, printable(line.message ?? "", 2000), output.columns - 1);
      const advice = line.advice === undefined ? [] : beside(arrow, printable(line.advice, 2000), output.columns - 1);
      draw(`${[...message, ...advice].join("\n")}\n`);
    },
    text: (text) => draw(`${text}\n`),
    update: (now) => {
      if (hasEnded) return;
      board = now;
      draw("");
    },
    uploading: (now) => {
      // Smaller ones are done before anyone could read it; and a hundred steps are enough for the others.
      if (hasEnded || (now !== undefined && now.size < smallestShownInBytes)) return;
      if (now && upload?.key === now.key && percentOf(now) === percentOf(upload)) return;
      upload = now;
      draw("");
    },
    end: () => {
      drawn = [];
      board = new Map();
      upload = undefined;
      hasEnded = true;
      // Takes away the ^C that a terminal writes where the cursor stands.
      output.out("\r\u001b[0J");
    },
  };
}

const timeOf = ({ time }: BoardLine): string => printable(time.slice(11, 19));
const arrow = `${" ".repeat(9)}→ `;
/** Keys and reasons come from outside: no control character of theirs reaches the terminal. */
const messageOf = ({ message = "", advice }: ShownLine): string =>
  `${printable(message, 2000)}${advice === undefined ? "" : `\n${arrow}${printable(advice, 2000)}`}`;
