import colours from "picocolors";
import type { InspectionReport, PartitionSummary } from "../../shared/inspection/report.ts";
import { printable } from "../../shared/manifest/source-tree.ts";

import { bytesText } from "../bytes-text.ts";
import { cut } from "../terminal-text.ts";
import { findingLines } from "./finding-lines.ts";

type Colours = ReturnType<typeof colours.createColors>;

const labelWidth = 14;
const maximumBarWidth = 64;

export interface PageOptions {
  readonly colour: boolean;
  readonly columns: number;
  /** False when only the container was asked for: the page then says that nobody looked inside. */
  readonly lookedInside?: boolean;
}

/** The report as a page for a person: what the image is, a picture of its disk, what is wrong, and what looking cost. */
export function inspectionPage(
  report: InspectionReport,
  { colour, columns, lookedInside = true }: PageOptions,
): string {
  const c = colours.createColors(colour);
  // Long lines are hard to read, and a window may be very narrow.
  const width = Math.max(40, Math.min(columns, 100));
  const sections = [
    [c.bold(printable(report.source)), ...facts(report, lookedInside)],
    picture(report, width, c),
    report.findings.length > 0 ? report.findings.flatMap((finding) => findingLines(finding, width, c)) : [],
    [verdict(report, c), c.dim(costLine(report))],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function facts(report: InspectionReport, lookedInside: boolean): readonly string[] {
  const { format, size, virtualSize, guest } = report;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["Format", `${format}, ${bytesText(size)}`],
    ["Disk", virtualSize === null ? undefined : diskText(virtualSize, report.diskImageSize)],
    [
      "System",
      [
        guest?.distribution?.name ?? guest?.distribution?.id,
        guest?.distribution?.name?.includes(guest.distribution.versionId ?? " ")
          ? undefined
          : guest?.distribution?.versionId,
      ]
        .filter(Boolean)
        .join(" ") || (lookedInside || !report.importable ? undefined : "not looked at; --depth full does"),
    ],
    ["Platform", guest?.platform],
    ["Architecture", guest?.architecture],
    ["Boot modes", guest?.bootModes && guest.bootModes.length > 0 ? guest.bootModes.join(", ") : undefined],
    ["Kernels", guest?.kernels && guest.kernels.length > 0 ? guest.kernels.join(", ") : undefined],
    ["cloud-init", guest?.cloudInit],
    ["NVMe", guest?.nvmeSupport],
  ];
  return rows.flatMap(([label, value]) =>
    value === undefined ? [] : [`  ${label.padEnd(labelWidth)}${printable(value)}`],
  );
}

/** What the machine saw. ECS counts in whole GiB: said only where that makes another size of it, as for many a VHD. */
const diskText = (virtualSize: number, diskImageSize: number | null): string =>
  diskImageSize === null || virtualSize === diskImageSize * 2 ** 30
    ? bytesText(virtualSize)
    : `${bytesText(virtualSize)} (${virtualSize} bytes), imported as ${diskImageSize} GiB`;

function picture(
  { partitions, partitionTable, virtualSize }: InspectionReport,
  width: number,
  c: Colours,
): readonly string[] {
  if (!partitions || partitions.length === 0 || !virtualSize) return [];
  const title =
    partitionTable === undefined || partitionTable === "none"
      ? "No partition table"
      : `Partitions (${partitionTable.toUpperCase()})`;
  const bar = barOf(partitions, virtualSize, Math.min(maximumBarWidth, width - 4));
  return [
    `  ${title}`,
    `  ${c.cyan(bar)}`,
    ...partitions.map((partition) => `  ${cut(printable(partitionLine(partition)), width - 2)}`),
  ];
}

/** The disk from its first to its last byte: partitions in two shades by turns, each at least one column, the rest light. */
function barOf(partitions: readonly PartitionSummary[], size: number, width: number): string {
  const cells = Array.from({ length: width }, () => "░");
  const column = (offset: number): number => Math.min(width - 1, Math.max(0, Math.floor((offset / size) * width)));
  const inOrder = partitions.toSorted((a, b) => a.offset - b.offset);
  let free = 0;
  for (const [index, partition] of inOrder.entries()) {
    const first = Math.min(width - 1, Math.max(free, column(partition.offset)));
    const last = Math.max(first, column(partition.offset + partition.size - 1));
    cells.fill(index % 2 === 0 ? "█" : "▓", first, last + 1);
    free = first + 1;
  }
  return cells.join("");
}

function partitionLine({ index, offset, size, type, filesystem, label }: PartitionSummary): string {
  const what = [type, filesystem, label === undefined ? undefined : `"${label}"`]
    .filter((part) => part !== undefined)
    .join(" · ");
  return `${String(index).padStart(3)}  at ${bytesText(offset).padStart(9)}  ${bytesText(size).padStart(9)}  ${what}`;
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
