import { MalformedImage } from "../../source/byte-source.ts";

/** A section of LVM's configuration text: `name { key = value … }`. */
export interface Section {
  readonly values: ReadonlyMap<string, Value>;
  readonly sections: ReadonlyMap<string, Section>;
}

export type Value = string | number | readonly (string | number)[];

const maximumDepth = 8;
const maximumTokens = 500_000;
/** A comment, a string, a number, a name, or a mark. Each alternative begins with another character. */
const tokenPattern = /#[^\n]*|"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_])|[A-Za-z0-9_.+-]+|[{}[\]=,]/gsy;
const blank = /\s*/gy;

/** Parses the text form of LVM2's metadata, as `vgcfgbackup` writes it. Anything else is a MalformedImage. */
export function parseMetadataText(text: string): Section {
  const tokens = tokenize(text);
  let at = 0;
  const next = () => tokens[at++] ?? fail("ends too early");

  function parseSection(depth: number): Section {
    if (depth > maximumDepth) fail("is nested too deeply");
    const values = new Map<string, Value>();
    const sections = new Map<string, Section>();
    while (at < tokens.length && tokens[at] !== "}") {
      const name = next();
      const mark = next();
      if (mark === "{") {
        sections.set(name, parseSection(depth + 1));
        if (next() !== "}") fail("has an open section");
      } else if (mark === "=") {
        values.set(name, tokens[at] === "[" ? parseList() : scalar(next()));
      } else {
        fail("has a name without a value");
      }
    }
    return { values, sections };
  }

  function parseList(): (string | number)[] {
    const items: (string | number)[] = [];
    next();
    while (tokens[at] !== "]") {
      items.push(scalar(next()));
      if (tokens[at] === ",") at += 1;
    }
    next();
    return items;
  }

  const root = parseSection(0);
  if (at < tokens.length) fail("has a stray bracket");
  return root;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  let at = 0;
  while (true) {
    blank.lastIndex = at;
    blank.test(text);
    at = blank.lastIndex;
    if (at >= text.length) return tokens;
    tokenPattern.lastIndex = at;
    const token = tokenPattern.exec(text)?.[0];
    if (token === undefined) return fail("has a character that means nothing");
    at = tokenPattern.lastIndex;
    if (token.startsWith("#")) continue;
    if (tokens.length >= maximumTokens) fail("is too long");
    tokens.push(token);
  }
}

function scalar(token: string): string | number {
  if (token.startsWith('"')) return token.slice(1, -1).replace(/\\(.)/gs, "$1");
  const number = Number(token);
  return Number.isFinite(number) ? number : fail("has a value that is neither text nor number");
}

function fail(what: string): never {
  throw new MalformedImage(`The LVM metadata ${what}.`);
}
