import { compareKeys } from "./object-key.ts";

/** Keys in listing order, for lookups by place. */
export interface SortedKeys {
  readonly all: readonly string[];
  add(key: string): void;
  remove(key: string): void;
}

export const createSortedKeys = (): SortedKeys => {
  const all: string[] = [];
  return {
    all,
    add: (key) => {
      const place = firstPlace(all, (candidate) => compareKeys(candidate, key) >= 0);
      if (all[place] !== key) all.splice(place, 0, key);
    },
    remove: (key) => {
      const place = firstPlace(all, (candidate) => compareKeys(candidate, key) >= 0);
      if (all[place] === key) all.splice(place, 1);
    },
  };
};

/** The first place whose key meets a condition that holds from some key on; the length when none does. */
const firstPlace = (keys: readonly string[], holds: (key: string) => boolean, from = 0): number => {
  let low = from;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(keys[middle] ?? "")) high = middle;
    else low = middle + 1;
  }
  return low;
};

export interface ListQuery {
  readonly prefix: string;
  readonly delimiter: string;
  /** Only what comes after this name: a key, or a common prefix that was listed already. */
  readonly after: string;
  readonly maxKeys: number;
}

export type ListItem =
  | { readonly kind: "key"; readonly name: string }
  | { readonly kind: "prefix"; readonly name: string };

export interface ListPage {
  readonly items: readonly ListItem[];
  readonly isTruncated: boolean;
  /** The last name listed: `after` of the next page. */
  readonly last: string | undefined;
}

/** One page of keys and common prefixes, which share one order and one limit. */
export const listPage = (keys: readonly string[], query: ListQuery): ListPage => {
  const { prefix, delimiter, after, maxKeys } = query;
  const items: ListItem[] = [];
  let place = firstPlace(keys, (key) => compareKeys(key, prefix) >= 0 && compareKeys(key, after) > 0);
  const result = (isTruncated: boolean): ListPage => ({ items, isTruncated, last: items.at(-1)?.name });
  while (place < keys.length) {
    const key = keys[place] ?? "";
    if (!key.startsWith(prefix)) break;
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const group = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
    const next = group === undefined ? place + 1 : endOfGroup(keys, group, place);
    if (group === undefined || group !== after) {
      if (items.length === maxKeys) return result(true);
      items.push(group === undefined ? { kind: "key", name: key } : { kind: "prefix", name: group });
    }
    place = next;
  }
  return result(false);
};

/** Keys with one prefix stand together, so the end of a group is found without visiting its members. */
const endOfGroup = (keys: readonly string[], group: string, from: number): number =>
  firstPlace(keys, (key) => !key.startsWith(group), from);
