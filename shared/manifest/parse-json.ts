import { emptyObject, pointerTo, quoted, type SourceReading, TreeBuilder } from "./source-tree.ts";

const whitespace = /[ \t\r\n]*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 forbids them unescaped in strings.
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const word = /true|false|null/y;

/** The text cannot be read further than this. */
class Stop extends Error {}

/**
 * Reads strict JSON (RFC 8259) with the offset of every value, which JSON.parse does not give. The first fault of grammar
 * ends the reading; duplicate keys are all named.
 */
export function parseJson(text: string): SourceReading {
  const reader = new JsonReader(text);
  try {
    return reader.builder.finish(reader.document());
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { faults: reader.builder.faults };
  }
}

class JsonReader {
  readonly builder = new TreeBuilder();
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value("", 0);
    this.#skipWhitespace();
    if (this.#offset < this.#text.length) this.#stop("", "There is more text after the end of the JSON value.");
    return value;
  }

  /** Recursion is bounded by `maxDepth`. */
  #value(pointer: string, depth: number): unknown {
    this.#skipWhitespace();
    if (!this.builder.enter(pointer, depth, this.#offset)) throw new Stop();
    const next = this.#text[this.#offset];
    if (next === "{") return this.#object(pointer, depth + 1);
    if (next === "[") return this.#array(pointer, depth + 1);
    if (next === '"') return this.#string(pointer);
    const literal = this.#match(word) ?? this.#match(number);
    if (literal === undefined) return this.#unexpected(pointer, "a value");
    const value: unknown = JSON.parse(literal);
    if (typeof value === "number" && !Number.isFinite(value))
      this.#stop(pointer, `The number ${quoted(literal)} is too large.`);
    return value;
  }

  #object(pointer: string, depth: number): unknown {
    const object = emptyObject();
    this.#offset += 1;
    if (this.#takes("}")) return object;
    do {
      this.#skipWhitespace();
      const offset = this.#offset;
      if (this.#text[offset] !== '"') this.#unexpected(pointer, "a key in double quotes");
      const key = this.#string(pointer);
      const place = pointerTo(pointer, key);
      const isNew = this.builder.key(object, key, place, offset);
      if (!this.#takes(":")) this.#unexpected(place, "a colon");
      const value = this.#value(place, depth);
      if (isNew) object[key] = value;
    } while (this.#takes(","));
    if (!this.#takes("}")) this.#unexpected(pointer, "a comma or a closing brace");
    return object;
  }

  #array(pointer: string, depth: number): unknown {
    const array: unknown[] = [];
    this.#offset += 1;
    if (this.#takes("]")) return array;
    do {
      array.push(this.#value(pointerTo(pointer, array.length), depth));
    } while (this.#takes(","));
    if (!this.#takes("]")) this.#unexpected(pointer, "a comma or a closing bracket");
    return array;
  }

  #string(pointer: string): string {
    const token = this.#match(string);
    if (token !== undefined) return JSON.parse(token) as string;
    return this.#stop(pointer, "This text has no closing quote on its line, or an escape that JSON does not know.");
  }

  #takes(character: string): boolean {
    this.#skipWhitespace();
    if (this.#text[this.#offset] !== character) return false;
    this.#offset += 1;
    return true;
  }

  #skipWhitespace(): void {
    this.#match(whitespace);
  }

  #match(token: RegExp): string | undefined {
    token.lastIndex = this.#offset;
    const found = token.exec(this.#text)?.[0];
    this.#offset += found?.length ?? 0;
    return found;
  }

  #unexpected(pointer: string, wanted: string): never {
    const rest = this.#text.slice(this.#offset, this.#offset + 2);
    if (rest === "") return this.#stop(pointer, `The text ends where ${wanted} should be.`);
    if (rest === "//" || rest === "/*" || rest[0] === "#") {
      return this.#stop(pointer, "JSON has no comments.", "Remove it, or name the file .yaml.");
    }
    if (rest[0] === "}" || rest[0] === "]") {
      return this.#stop(
        pointer,
        `There is ${quoted(rest[0])} where ${wanted} should be.`,
        "Is there a comma before it? JSON does not allow that.",
      );
    }
    const hint = rest[0] === "'" ? { hint: "JSON has double quotes only." } : {};
    return this.#stop(
      pointer,
      `There is ${quoted(String.fromCodePoint(rest.codePointAt(0) ?? 0))} where ${wanted} should be.`,
      hint.hint,
    );
  }

  #stop(pointer: string, message: string, hint?: string): never {
    this.builder.fault(this.#offset, pointer, message, hint);
    throw new Stop();
  }
}
