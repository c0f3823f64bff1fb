import { type ImportImageRequest, wireParameters } from "../shared/importing/import-request.ts";
import { printable } from "../shared/inspection/printable-text.ts";
import { displayWidth, padded, wrapped } from "./terminal-text.ts";

interface Row {
  readonly name: string;
  readonly value: string;
  readonly place: string | undefined;
}

/**
 * The parameters of a request as lines of at most `width` columns: name, value and the place that it comes from. A place
 * that does not fit beside its value stands below it, and so does a value that does not fit beside its name. No word is cut:
 * they are there to be copied.
 */
export function requestLines(
  request: ImportImageRequest,
  provenance: Readonly<Record<string, string>>,
  { indent, width, dim }: { readonly indent: number; readonly width: number; dim(text: string): string },
): readonly string[] {
  const { Tag, ClientToken, ...others } = request;
  const rows = Object.entries(wireParameters({ ...others, Tag: [] })).map(([name, value]) =>
    row(name, value, provenance[name]),
  );
  const unmeasured = [
    ...(Tag ?? []).map(({ Key, Value }, index) =>
      row(`Tag.${index + 1}`, `${Key} = ${Value}`, provenance[`Tag.${index + 1}.Value`]),
    ),
    ...(ClientToken === undefined ? [] : [row("ClientToken", ClientToken, provenance["ClientToken"])]),
  ];
  const nameWidth = Math.max(...[...rows, ...unmeasured].map(({ name }) => name.length));
  const room = width - indent - nameWidth - 2;
  const valueWidth = bestColumn(rows, room);
  const margin = " ".repeat(indent);
  return [...rows, ...unmeasured].flatMap(({ name, value, place }) => {
    const first = `${margin}${name.padEnd(nameWidth)}  `;
    const below = (text: string): readonly string[] =>
      wrapped(text, width - indent - 4).map((line) => `${margin}    ${line}`);
    const said = displayWidth(value) > room ? [first.trimEnd(), ...below(value)] : [`${first}${value}`];
    if (place === undefined) return said;
    if (fits(value, place, valueWidth, room)) return [`${first}${padded(value, valueWidth)}  ${dim(`← ${place}`)}`];
    return [...said, ...below(`← ${place}`).map(dim)];
  });
}

const row = (name: string, value: string, place: string | undefined): Row => ({
  name,
  value: printable(value, 512),
  place: place === undefined ? undefined : printable(place, 512),
});

const fits = (value: string, place: string, valueWidth: number, room: number): boolean =>
  displayWidth(value) <= valueWidth && valueWidth + 4 + displayWidth(place) <= room;

/** The width of values with which the most places stand beside theirs, and then the smallest such. */
function bestColumn(rows: readonly Row[], room: number): number {
  const widths = [...new Set(rows.map(({ value }) => displayWidth(value)))].sort((a, b) => a - b);
  const countOf = (width: number): number =>
    rows.filter(({ value, place }) => place !== undefined && fits(value, place, width, room)).length;
  return widths.reduce((best, width) => (countOf(width) > countOf(best) ? width : best), widths[0] ?? 0);
}
