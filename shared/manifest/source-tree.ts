/** What a manifest may cost before anything is made of it. A manifest has some dozens of values. */
export const maxManifestBytes = 65_536;
export const maxDepth = 16;
const maxValues = 5_000;

/** From 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing wrong with the text itself, before its meaning. `offset` is in UTF-16 units from the start of the text. */
export interface SyntaxFault {
  readonly offset: number;
  readonly pointer: string;
  readonly message: string;
  readonly hint?: string;
}

/** A text read as plain data: objects have no prototype, so a key can be any word. */
export interface SourceTree {
  readonly value: unknown;
  /** Offset of the value at a JSON pointer. */
  readonly valueOffsets: ReadonlyMap<string, number>;
  /** Offset of the key that leads to a JSON pointer. */
  readonly keyOffsets: ReadonlyMap<string, number>;
}

/** Either the tree or what is wrong, never both. */
export type SourceReading = { readonly tree: SourceTree } | { readonly faults: readonly SyntaxFault[] };

/** One step of a JSON pointer (RFC 6901). */
export function pointerTo(parent: string, key: string | number): string {
  return `${parent}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The keys that a JSON pointer names, unescaped. */
export function pointerParts(pointer: string): string[] {
  const parts = pointer.split("/").slice(1);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Turns offsets into lines and columns. */
export function positionsIn(text: string): (offset: number) => Position {
  const starts = [0];
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) starts.push(end + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** Collects values, offsets and faults while a text is read; the same limits hold for YAML and JSON. */
export class TreeBuilder {
  readonly faults: SyntaxFault[] = [];
  readonly #valueOffsets = new Map<string, number>();
  readonly #keyOffsets = new Map<string, number>();

  fault(offset: number, pointer: string, message: string, hint?: string): void {
    this.faults.push({ offset, pointer, message, ...(hint === undefined ? {} : { hint }) });
  }

  /** Notes a value. False, with a fault, when the text holds more or deeper values than a manifest may. */
  enter(pointer: string, depth: number, offset: number): boolean {
    this.#valueOffsets.set(pointer, offset);
    if (depth > maxDepth) {
      this.fault(offset, pointer, `Values are nested more than ${maxDepth} levels deep.`);
      return false;
    }
    if (this.#valueOffsets.size === maxValues + 1) {
      this.fault(offset, pointer, `The manifest has more than ${maxValues} values.`);
    }
    return this.#valueOffsets.size <= maxValues;
  }

  /** Adds one key to an object, unless it is there already or is a name with a meaning in JavaScript. */
  key(object: Record<string, unknown>, key: string, pointer: string, offset: number): boolean {
    if (key === "__proto__") {
      this.fault(offset, pointer, 'The key "__proto__" is not allowed.');
      return false;
    }
    if (key in object) {
      this.fault(offset, pointer, `The key ${quoted(key)} is given twice.`, "Keep one of them.");
      return false;
    }
    this.#keyOffsets.set(pointer, offset);
    return true;
  }

  finish(value: unknown): SourceReading {
    if (this.faults.length > 0) return { faults: this.faults };
    return { tree: { value, valueOffsets: this.#valueOffsets, keyOffsets: this.#keyOffsets } };
  }
}

/** An object whose keys are only those that were given. */
export function emptyObject(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

/** A text from a manifest in quotes, cut short. */
export function quoted(text: string): string {
  return printable(JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text));
}

/** A text with nothing in it that could disturb a line of output: control, direction and invisible characters are escaped. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    character.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}
