/** Results as tables for a terminal and, as they are, for a Markdown page. */

export interface Row {
  readonly what: string;
  readonly value: string;
  readonly aim?: string;
  /** Left out where nothing is aimed at. */
  readonly met?: boolean;
}

export interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly notes?: readonly string[];
}

export function printTable({ title, rows, notes = [] }: Table): string {
  const cells = [
    ["", "measured", "aim", "verdict"],
    ...rows.map(({ what, value, aim = "", met }) => [
      what,
      value,
      aim,
      met === undefined ? "" : met ? "met" : "MISSED",
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = cells;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [`## ${title}`, "", line(head), rule, ...body.map(line), ...notes.flatMap((note) => ["", note]), ""].join(
    "\n",
  );
}

export const times = (ratio: number): string => `${ratio.toFixed(2)}×`;
export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
export const mebibytes = (value: number): string => `${value.toFixed(1)} MiB`;
export const kibibytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
