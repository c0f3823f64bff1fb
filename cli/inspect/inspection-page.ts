import colours from "picocolors";
import type { Finding, InspectionReport, PartitionSummary, Severity } from "../../shared/inspection/report.ts";

import { bytesText } from "../bytes-text.ts";

type Colours = ReturnType<typeof colours.createColors>;

const labelWidth = 14;
const barWidth = 56;

/** The report as a page for a person: what the image is, a picture of its disk, what is wrong, and what looking cost. */
export function inspectionPage(report: InspectionReport, { colour }: { readonly colour: boolean }): string {
  const c = colours.createColors(colour);
  const sections = [
    [c.bold(report.source), ...facts(report)],
    picture(report, c),
    report.findings.length > 0 ? report.findings.flatMap((finding) => findingLines(finding, c)) : [],
    [verdict(report, c), c.dim(costLine(report))],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function facts({ format, size, virtualSize, diskImageSize, guest }: InspectionReport): readonly string[] {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["Format", `${format}, ${bytesText(size)}`],
    [
      "Disk",
      virtualSize === null
        ? undefined
        : `${bytesText(virtualSize)}${diskImageSize ? ` (diskImageSize ${diskImageSize} GiB)` : ""}`,
    ],
    [
      "System",
      [
        guest?.distribution?.name ?? guest?.distribution?.id,
        guest?.distribution?.name?.includes(guest.distribution.versionId ?? " ")
          ? undefined
          : guest?.distribution?.versionId,
      ]
        .filter(Boolean)
        .join(" ") || undefined,
    ],
    ["Platform", guest?.platform],
    ["Architecture", guest?.architecture],
    ["Boot modes", guest?.bootModes && guest.bootModes.length > 0 ? guest.bootModes.join(", ") : undefined],
    ["Kernels", guest?.kernels && guest.kernels.length > 0 ? guest.kernels.join(", ") : undefined],
    ["cloud-init", guest?.cloudInit],
    ["NVMe", guest?.nvmeSupport],
  ];
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [`  ${label.padEnd(labelWidth)}${value}`]));
}

function picture({ partitions, partitionTable, virtualSize }: InspectionReport, c: Colours): readonly string[] {
  if (!partitions || partitions.length === 0 || !virtualSize) return [];
  const widths = partitions.map(({ size }) => Math.max(1, Math.round((size / virtualSize) * barWidth)));
  const bar = partitions
    .map((_, index) => (index % 2 === 0 ? "█" : "▓").repeat(Math.min(widths[index] ?? 1, barWidth)))
    .join("");
  const title =
    partitionTable === undefined || partitionTable === "none"
      ? "No partition table"
      : `Partitions (${partitionTable.toUpperCase()})`;
  return [`  ${title}`, `  ${c.cyan(bar.slice(0, barWidth).padEnd(barWidth, "░"))}`, ...partitions.map(partitionLine)];
}

function partitionLine({ index, offset, size, type, filesystem, label }: PartitionSummary): string {
  const what = [type, filesystem, label === undefined ? undefined : `"${label}"`]
    .filter((part) => part !== undefined)
    .join(" · ");
  return `  ${String(index).padStart(3)}  at ${bytesText(offset).padStart(9)}  ${bytesText(size).padStart(9)}  ${what}`;
}

const marks: Readonly<Record<Severity, string>> = { error: "✗ error  ", warning: "! warning", info: "· info   " };

function findingLines({ severity, code, message, fix }: Finding, c: Colours): readonly string[] {
  const tint = severity === "error" ? c.red : severity === "warning" ? c.yellow : c.dim;
  return [`  ${tint(`${marks[severity]}  ${code}`)}`, `      ${message}`, `      ${c.dim("→")} ${fix}`];
}

function verdict({ importable, findings }: InspectionReport, c: Colours): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const warnings = findings.filter(({ severity }) => severity === "warning").length;
  if (!importable) return c.red(c.bold(`  Not importable: ${counted(errors, "error")}.`));
  return c.green(c.bold(warnings > 0 ? `  Importable, with ${counted(warnings, "warning")}.` : "  Importable."));
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const costLine = ({ cost }: InspectionReport): string =>
  `  Read ${bytesText(cost.bytes)} in ${counted(cost.requests, "request")}, ${Math.round(cost.milliseconds)} ms.`;
