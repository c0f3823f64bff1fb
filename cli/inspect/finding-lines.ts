import type colours from "picocolors";
import type { Finding, Severity } from "../../shared/inspection/report.ts";
import { printable } from "../../shared/manifest/source-tree.ts";
import { wrapped } from "../terminal-text.ts";

type Colours = ReturnType<typeof colours.createColors>;

const marks: Readonly<Record<Severity, string>> = { error: "✗ error  ", warning: "! warning", info: "· info   " };

/** A finding with its fix, as lines of at most `width` columns. Messages name objects, whose keys are anybody's. */
export function findingLines({ severity, code, message, fix }: Finding, width: number, c: Colours): readonly string[] {
  const tint = severity === "error" ? c.red : severity === "warning" ? c.yellow : c.dim;
  return [
    `  ${tint(`${marks[severity]}  ${code}`)}`,
    ...wrapped(printable(message), width - 6).map((line) => `      ${line}`),
    ...wrapped(printable(fix), width - 8).map((line, index) => `      ${index === 0 ? c.dim("→") : " "} ${line}`),
  ];
}
