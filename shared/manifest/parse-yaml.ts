import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  type ParsedNode,
  Parser,
  type YAMLError,
} from "yaml";
import { emptyObject, maxDepth, pointerTo, printable, quoted, type SourceReading, TreeBuilder } from "./source-tree.ts";

/** Lexical pieces: words, indicators, blanks and line ends. Reading stops there, so that no text takes long. */
const maxTokens = 12_000;

const coreTag = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;

/**
 * Reads one YAML 1.2 document of the core schema with the offset of every value. Refused: anchors and aliases, tags other
 * than the core ones, merge keys, several documents, keys that are not texts, `.nan` and `.inf`.
 */
export function parseYaml(text: string): SourceReading {
  const builder = new TreeBuilder();
  const tokens = boundedTokens(text, builder);
  if (tokens === undefined) return { faults: builder.faults };
  // Duplicate keys are looked for below: the library's own search takes quadratic time.
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: false,
    logLevel: "silent",
  });
  const [document, second] = withoutStacks(() => [...composer.compose(tokens, true, text.length)]);
  if (document === undefined) return builder.finish(null);
  if (second !== undefined) {
    builder.fault(
      second.range[0],
      "",
      "The file has more than one YAML document.",
      "Remove everything from the second `---` on.",
    );
  }
  for (const error of document.errors.slice(0, 20)) builder.fault(error.pos[0], "", yamlSentence(error));
  if (builder.faults.length > 0) return { faults: builder.faults };
  return builder.finish(plainValue(builder, document.contents, "", 0, document.range[0]));
}

/** A text can have thousands of faults, of which each is an error; the stacks of errors, which nobody reads, cost the most. */
function withoutStacks<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The concrete syntax, read piece by piece; undefined, with a fault, as soon as it gets too deep or too long. */
function boundedTokens(text: string, builder: TreeBuilder): CST.Token[] | undefined {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let read = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    read += 1;
    // The stack also holds the document and, in block maps, the value under construction.
    if (parser.stack.length > maxDepth + 3) {
      builder.fault(parser.offset, "", `Values are nested more than ${maxDepth} levels deep.`);
      return undefined;
    }
    if (read > maxTokens) {
      builder.fault(parser.offset, "", `The manifest has more than ${maxTokens} words, signs and line ends.`);
      return undefined;
    }
  }
  tokens.push(...parser.end());
  return tokens;
}

/** Recursion is bounded by `maxDepth`. */
function plainValue(builder: TreeBuilder, node: unknown, pointer: string, depth: number, offset: number): unknown {
  const start = offsetOf(node) ?? offset;
  if (!builder.enter(pointer, depth, start)) return null;
  if (!isNode(node)) return null;
  if (isAlias(node)) {
    builder.fault(start, pointer, "Aliases (`*name`) are not allowed in a manifest.", "Write the value out.");
    return null;
  }
  if (node.anchor !== undefined) {
    builder.fault(offset, pointer, "Anchors (`&name`) are not allowed in a manifest.", "Remove it.");
  }
  if (node.tag !== undefined && !coreTag.test(node.tag)) {
    builder.fault(offset, pointer, `The YAML tag ${quoted(node.tag)} is not allowed in a manifest.`, "Remove it.");
  }
  if (isSeq(node)) {
    return node.items.map((item, index) => plainValue(builder, item, pointerTo(pointer, index), depth + 1, start));
  }
  if (isMap(node)) {
    const object = emptyObject();
    for (const { key, value } of node.items as { key: ParsedNode | null; value: ParsedNode | null }[]) {
      const keyOffset = offsetOf(key) ?? start;
      const name = keyText(key);
      if (name === undefined) {
        builder.fault(keyOffset, pointer, "A key must be a plain text.");
        continue;
      }
      if (name === "<<") {
        builder.fault(keyOffset, pointer, "Merge keys (`<<`) are not allowed in a manifest.", "Write the keys out.");
        continue;
      }
      const place = pointerTo(pointer, name);
      const isNew = builder.key(object, name, place, keyOffset);
      const plain = plainValue(builder, value, place, depth + 1, keyOffset);
      if (isNew) object[name] = plain;
    }
    return object;
  }
  return isScalar(node) ? scalarValue(builder, node.value, pointer, start) : null;
}

function scalarValue(builder: TreeBuilder, value: unknown, pointer: string, offset: number): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    builder.fault(offset, pointer, "This is not a finite number.");
    return null;
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return null;
}

/** Keys such as `2022:` are read as the text that they were written as. */
function keyText(key: unknown): string | undefined {
  if (!isScalar(key) || key.anchor !== undefined || (key.tag !== undefined && key.tag !== "tag:yaml.org,2002:str"))
    return undefined;
  if (typeof key.value === "string") return key.value;
  return key.source === "" ? undefined : key.source;
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? (node.range?.[0] ?? undefined) : undefined;
}

function yamlSentence(error: YAMLError): string {
  const [sentence = ""] = error.message.split("\n");
  return `This is not valid YAML: ${printable(sentence.slice(0, 200)).replace(/[.:]?$/, ".")}`;
}
