import colours from "picocolors";
import type { ImportImageRequest } from "../../shared/importing/import-request.ts";
import { printable } from "../../shared/inspection/printable-text.ts";
import type { JobState } from "../../shared/ledger/job.ts";
import type { Decision } from "../decision.ts";
import { findingLines } from "../inspect/finding-lines.ts";
import { requestLines } from "../request-lines.ts";
import { wrapped } from "../terminal-text.ts";

/** What `plan --json` prints. */
export interface PlanAnswer extends Decision {
  /** The import that was made of it already, or runs. */
  readonly job?: { readonly jobId: string; readonly state: JobState; readonly imageId?: string };
  readonly request?: ImportImageRequest;
  readonly provenance?: Readonly<Record<string, string>>;
  readonly dryRun?: {
    readonly valid: boolean;
    readonly code: string;
    readonly reason: string;
    readonly advice: string;
  };
}

const verdicts = {
  import: "would be imported",
  reject: "would be rejected",
  wait: "would wait",
  ignore: "would be ignored",
} as const;

/** The plan as a page for a person: the decision, each parameter with the place that it comes from, and the findings. */
export function planPage(
  target: string,
  { decision, reason, job, request, provenance, findings, problems, dryRun }: PlanAnswer,
  { colour, columns }: { readonly colour: boolean; readonly columns: number },
): string {
  const c = colours.createColors(colour);
  const width = Math.max(40, Math.min(columns, 100));
  const tint = decision === "import" ? c.green : decision === "reject" ? c.red : c.yellow;
  const verdict = job ? `is ${job.state === "available" ? "imported" : "being imported"} already` : verdicts[decision];
  // Problems and errors are told below, each with its fix.
  const isTold = problems !== undefined || findings.some(({ severity }) => severity === "error");
  const [, words = "", command] = /^(.*?)(?: (oss-image-import explain .*))?$/.exec(printable(reason, 4000)) ?? [];
  // A command stands on a line of its own, whole, to be copied.
  const because =
    decision === "import" || isTold ? [] : [...wrapped(words, width - 2), ...(command ? [`    ${command}`] : [])];
  const sections: (readonly string[])[] = [
    [`${c.bold(printable(target, 1024))} ${tint(verdict)}`, ...because.map((line) => `  ${line}`)],
    (problems ?? []).flatMap(({ file, line, column, message, hint }) => [
      `  ${c.red(`${printable(file, 1024)}:${line}:${column}`)}`,
      ...wrapped(printable(`${message}${hint === undefined ? "" : ` ${hint}`}`, 4000), width - 6).map(
        (text) => `      ${text}`,
      ),
    ]),
    request === undefined
      ? []
      : [
          "ImportImage would be asked with:",
          ...requestLines(request, provenance ?? {}, { indent: 2, width, dim: c.dim }),
        ],
    findings.flatMap((finding) => findingLines(finding, width, c)),
    dryRun === undefined ? [] : dryRunLines(dryRun, width, c),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function dryRunLines(
  { valid, code, reason, advice }: NonNullable<PlanAnswer["dryRun"]>,
  width: number,
  c: ReturnType<typeof colours.createColors>,
): readonly string[] {
  if (valid)
    return [
      c.green(`  ECS takes the request${code === "" ? "" : ` (${code})`}.`),
      ...wrapped(advice, width - 4).map((line) => `    ${line}`),
    ];
  return [
    c.red(`  ECS would refuse it with ${code}.`),
    ...wrapped(printable(reason, 4000), width - 6).map((line) => `      ${line}`),
    ...wrapped(advice, width - 8).map((line, index) => `      ${index === 0 ? c.dim("→") : " "} ${line}`),
  ];
}
