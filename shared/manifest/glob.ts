import { quoted } from "./source-tree.ts";

const maxGlobLength = 256;
const maxAlternatives = 16;

/** What is wrong with a glob, in one sentence; undefined when nothing is. */
export function globFault(glob: string): string | undefined {
  if (glob === "" || glob.length > maxGlobLength) return `A glob has 1 to ${maxGlobLength} characters.`;
  if (glob.startsWith("/")) return "A glob does not start with a slash: keys have none.";
  if (glob.startsWith("!")) return "A glob cannot be negated; a later rule can take back what an earlier one said.";
  const special = /[[\]\\]|[?*+@!]\(/.exec(glob)?.[0];
  if (special !== undefined) return `A glob cannot contain ${quoted(special)}: it knows *, **, ? and {a,b} only.`;
  if (/\*\*[^/{},]|[^/{},]\*\*/.test(glob)) return "In a glob, ** stands alone between slashes.";
  if (braces(glob) === undefined) return "The braces of a glob do not match, or lie within each other.";
  if (alternatives(glob).length > maxAlternatives)
    return `The braces of a glob stand for more than ${maxAlternatives} globs.`;
  return undefined;
}

/**
 * Whether a key matches a glob that has no fault. Keys come from whoever can upload, so the time is bounded by the product
 * of both lengths: no regular expression is built, which with several `*` would take polynomial time on a hostile key.
 */
export function globMatches(glob: string, key: string): boolean {
  const segments = key.split("/");
  return alternatives(glob).some((alternative) =>
    wildcardMatches(alternative.split("/"), segments, "**", (part, segment) => segmentMatches(part, segment)),
  );
}

function segmentMatches(part: string, segment: string): boolean {
  if (part === "*") return segment !== "";
  return wildcardMatches([...part], [...segment], "*", (left, right) => left === "?" || left === right);
}

/** The classic two-pointer match: after a mismatch only the last wildcard takes one piece more. */
function wildcardMatches(
  pattern: readonly string[],
  pieces: readonly string[],
  wildcard: string,
  equal: (part: string, piece: string) => boolean,
): boolean {
  let at = 0;
  let lastWildcard = -1;
  let resumeAt = 0;
  for (let index = 0; index < pieces.length; ) {
    const part = pattern[at];
    if (part === wildcard) {
      lastWildcard = at;
      resumeAt = index;
      at += 1;
    } else if (part !== undefined && equal(part, pieces[index] ?? "")) {
      at += 1;
      index += 1;
    } else if (lastWildcard >= 0) {
      at = lastWildcard + 1;
      resumeAt += 1;
      index = resumeAt;
    } else {
      return false;
    }
  }
  // `a*` may end in nothing, but `a/**` is what lies below `a`.
  return pattern.slice(at).every((part) => part === wildcard && part === "*");
}

/** The globs that the braces of one stand for, bounded. */
function alternatives(glob: string): string[] {
  let globs = [""];
  for (const choices of braces(glob) ?? []) {
    globs = globs.flatMap((start) => choices.map((choice) => start + choice)).slice(0, maxAlternatives + 1);
  }
  return globs;
}

/** Texts and choices in turn: `a/*.{vhd,raw}` is `[["a/*."], ["vhd", "raw"]]`. Undefined when braces do not match. */
function braces(glob: string): string[][] | undefined {
  const parts = glob.match(/[^{}]+|\{[^{}]*\}|[{}]/g) ?? [];
  if (parts.some((part) => part === "{" || part === "}")) return undefined;
  return parts.map((part) => (part.startsWith("{") ? part.slice(1, -1).split(",") : [part]));
}
