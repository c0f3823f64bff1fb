import colours from "picocolors";
import { printable } from "../../shared/manifest/source-tree.ts";
import type { Output } from "../outcome.ts";
import { beside, lineWidth, wrapped } from "../terminal-text.ts";
import type { Check } from "./checks.ts";

/** What `doctor` found, the fix of each fault below it. */
export function checksText(checks: readonly Check[], output: Output): string {
  const c = colours.createColors(output.takesColours);
  const columns = lineWidth(output);
  const tints = { ok: c.green, warning: c.yellow, problem: c.red, unknown: c.dim };
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, outcome, message, fix }) => [
    ...beside(`${tints[outcome](outcome.padEnd(7))}  ${name.padEnd(width)}  `, printable(message), columns),
    ...(fix ? fixLines(printable(fix), 11 + width, columns) : []),
  ]);
  const problems = checks.filter(({ outcome }) => outcome === "problem").length;
  const untold = checks.filter(({ outcome }) => outcome === "unknown").length;
  const verdict =
    problems > 0
      ? `${problems} ${problems === 1 ? "problem" : "problems"}.`
      : untold > 0
        ? `No problem was found; ${untold} ${untold === 1 ? "thing" : "things"} could not be looked at.`
        : "Nothing keeps images from being imported.";
  return `${lines.join("\n")}\n\n${wrapped(verdict, columns).join("\n")}\n`;
}

/** A command is not broken, and begins where most of it fits: it is there to be copied. */
const fixLines = (fix: string, indent: number, columns: number): readonly string[] =>
  /^[A-Z][a-z]/.test(fix) || indent + 2 + fix.length <= columns
    ? beside(`${" ".repeat(indent)}→ `, fix, columns)
    : [`  → ${fix}`];
