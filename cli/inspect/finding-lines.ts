import type colours from "picocolors";
import type { Finding, Severity } from "../../shared/inspection/report.ts";
import { wrapped } from "../terminal-text.ts";

type Colours = ReturnType<typeof colours.createColors>;

const marks: Readonly<Record<Severity, string>> = { error: "✗ error  ", warning: "! warning", info: "· info   " };

/** A finding with its fix, as lines of at most `width` columns. */
export function findingLines({ severity, code, message, fix }: Finding, width: number, c: Colours): readonly string[] {
  const tint = severity === "error" ? c.red : severity === "warning" ? c.yellow : c.dim;
  return [
    `  ${tint(`${marks[severity]}  ${code}`)}`,
    ...wrapped(message, width - 6).map((line) => `      ${line}`),
    ...wrapped(fix, width - 8).map((line, index) => `      ${index === 0 ? c.dim("→") : " "} ${line}`),
  ];
}
