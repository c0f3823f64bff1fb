/** The parameters of one RPC request, from its query and its form body. */
export type Parameters = ReadonlyMap<string, string>;

/** An empty value counts as none, as in RPC-style services. */
export const text = (parameters: Parameters, name: string): string | undefined => parameters.get(name) || undefined;

export const flag = (parameters: Parameters, name: string): boolean => parameters.get(name)?.toLowerCase() === "true";

/** A whole number, `undefined` when absent, `NaN` when it is none. */
export const integer = (parameters: Parameters, name: string): number | undefined => {
  const value = text(parameters, name);
  if (value === undefined) return undefined;
  return /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
};

/** One element of a repeated parameter: `position` is its N, `fields` are what follows `Name.N.`. */
export interface Item {
  readonly position: number;
  readonly fields: Parameters;
}

/** The elements of `Name.N.Field` in the order of N, gaps left out. A plain `Name.N` has its value in field "". */
export const items = (parameters: Parameters, name: string): readonly Item[] => {
  const found = new Map<number, Map<string, string>>();
  for (const [key, value] of parameters) {
    if (!key.startsWith(`${name}.`)) continue;
    const [, position, field = ""] = /^([1-9]\d{0,5})(?:\.(.+))?$/.exec(key.slice(name.length + 1)) ?? [];
    if (position === undefined) continue;
    const fields = found.get(Number(position)) ?? new Map<string, string>();
    found.set(Number(position), fields.set(field, value));
  }
  return [...found].sort(([a], [b]) => a - b).map(([position, fields]) => ({ position, fields }));
};

/** The values of `Name.N`. */
export const values = (parameters: Parameters, name: string): readonly string[] =>
  items(parameters, name).flatMap(({ fields }) => text(fields, "") ?? []);

/** The values of a comma-separated list, or of a JSON array of strings, which older clients send. */
export const commaList = (parameters: Parameters, name: string): readonly string[] | undefined =>
  text(parameters, name)
    ?.replace(/^\[(.*)\]$/, "$1")
    .split(",")
    .map((value) => value.trim().replace(/^"(.*)"$/, "$1"))
    .filter((value) => value !== "");

interface Page {
  readonly number: number;
  readonly size: number;
}

/** The number of the wanted page and how long it is; `undefined` when the numbers are out of range. */
export const page = (parameters: Parameters): Page | undefined => {
  const number = integer(parameters, "PageNumber") ?? 1;
  const size = integer(parameters, "PageSize") ?? 10;
  return number >= 1 && size >= 1 && size <= 100 ? { number, size } : undefined;
};

/** The entries of the wanted page, and what the answer says about it. */
export const pageOf = <Entry>(found: readonly Entry[], { number, size }: Page) => ({
  entries: found.slice((number - 1) * size, number * size),
  position: { PageNumber: number, PageSize: size, TotalCount: found.length },
});
