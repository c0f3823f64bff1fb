import { checkBucketManifest, checkSettings } from "./check-manifest.ts";
import type { Explanation } from "./explain.ts";
import { parseJson } from "./parse-json.ts";
import { parseYaml } from "./parse-yaml.ts";
import type { Problem } from "./problem.ts";
import type { BucketManifest, Settings } from "./settings.ts";
import { emptyObject, maxManifestBytes, type Position, positionsIn, type SourceTree } from "./source-tree.ts";

/** More than this many problems help nobody. */
const maxProblems = 100;

/** A manifest that is good, with the place of everything in it. */
export interface ReadManifest<Manifest> {
  readonly manifest: Manifest;
  /** As it was given. */
  readonly file: string;
  /** Where the key that leads to a JSON pointer stands; for an entry of a list, where the entry does. */
  readonly positionOf: (pointer: string) => Position;
}

export interface RefusedManifest {
  /** At least one, in the order of the text. */
  readonly problems: readonly Problem[];
}

/**
 * Reads a manifest: strict JSON when `file` ends in `.json`, else YAML 1.2 (of which JSON is a part). Never throws, whatever
 * the bytes. Everything wrong is named at once, except that a text that cannot be parsed has no further problems.
 */
export function readManifest(
  text: string | Uint8Array,
  file: string,
  kind: "sidecar",
): ReadManifest<Settings> | RefusedManifest;
export function readManifest(
  text: string | Uint8Array,
  file: string,
  kind: "bucket",
): ReadManifest<BucketManifest> | RefusedManifest;
export function readManifest(
  text: string | Uint8Array,
  file: string,
  kind: "sidecar" | "bucket",
): ReadManifest<Settings | BucketManifest> | RefusedManifest {
  const decoded = decode(text);
  if ("problem" in decoded)
    return { problems: [{ file, line: decoded.line, column: 1, pointer: "", message: decoded.problem }] };
  const position = positionsIn(decoded.text);
  const reading = file.toLowerCase().endsWith(".json") ? parseJson(decoded.text) : parseYaml(decoded.text);
  if ("faults" in reading) {
    const problems = reading.faults.map(({ offset, ...fault }) => ({ file, ...position(offset), ...fault }));
    return { problems: sorted(problems) };
  }
  const { tree } = reading;
  const found = kind === "sidecar" ? checkSidecar(tree.value) : checkBucketManifest(tree.value);
  const problems = found.map(({ atKey, ...explanation }) => {
    const offset = offsetOf(tree, explanation.pointer, atKey === true ? "key" : "value");
    return { file, ...position(offset), ...explanation };
  });
  if (problems.length > 0) return { problems: sorted(problems) };
  const manifest = withoutSchemaKey(tree.value) as Settings | BucketManifest;
  return { manifest, file, positionOf: (pointer) => position(offsetOf(tree, pointer, "key")) };
}

function checkSidecar(value: unknown): Explanation[] {
  return [...schemaKeyFaults(value), ...checkSettings(withoutSchemaKey(value))];
}

/** A sidecar may name its schema for editors; the settings themselves have no such key. */
function withoutSchemaKey(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || !("$schema" in value)) return value;
  const { $schema: _, ...rest } = value;
  return Object.assign(emptyObject(), rest);
}

function schemaKeyFaults(value: unknown): Explanation[] {
  if (typeof value !== "object" || value === null || !("$schema" in value)) return [];
  if (typeof value.$schema === "string" && value.$schema.length <= 512) return [];
  return [{ pointer: "/$schema", message: "$schema must be the address of the schema, a text." }];
}

function decode(
  text: string | Uint8Array,
): { readonly text: string } | { readonly problem: string; readonly line: number } {
  const bytes = typeof text === "string" ? Buffer.byteLength(text) : text.byteLength;
  if (bytes > maxManifestBytes) {
    return { problem: `The manifest has ${bytes} bytes; at most ${maxManifestBytes} are read.`, line: 1 };
  }
  if (typeof text === "string") {
    if (/\p{Surrogate}/u.test(text)) return { problem: "The manifest is not well-formed Unicode.", line: 1 };
    return { text: text.replace(/^\ufeff/, "") };
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(text) };
  } catch {
    const [before = ""] = new TextDecoder().decode(text).split("\ufffd");
    return { problem: "The manifest is not UTF-8 text.", line: before.split("\n").length };
  }
}

/** Of a value that has no place of its own, the nearest parent's. */
function offsetOf(tree: SourceTree, pointer: string, side: "key" | "value"): number {
  const [first, second] = side === "key" ? [tree.keyOffsets, tree.valueOffsets] : [tree.valueOffsets, tree.keyOffsets];
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const offset = first.get(at) ?? second.get(at);
    if (offset !== undefined || at === "") return offset ?? 0;
  }
}

function sorted(problems: readonly Problem[]): readonly Problem[] {
  const order = (left: Problem, right: Problem) =>
    left.line - right.line || left.column - right.column || (left.pointer < right.pointer ? -1 : 1);
  return problems.toSorted(order).slice(0, maxProblems);
}
