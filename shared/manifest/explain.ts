import { descriptionFault, imageNameFault } from "./image-name.ts";
import { nearest } from "./nearest.ts";
import { templateFault } from "./placeholders.ts";
import { pointerParts, pointerTo, quoted } from "./source-tree.ts";

/** An error as ajv gives it (`verbose` off). */
export interface SchemaError {
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly propertyName?: string;
}

export interface Explanation {
  readonly pointer: string;
  readonly message: string;
  readonly hint?: string;
  /** The fault is in the key, not in its value. */
  readonly atKey?: true;
}

/** The keys that an object at a place knows; `/rules/3/disks/0` and the like. */
export type KeysAt = (pointer: string) => readonly string[];

/** Words that other tools use for the values of ours. */
const otherNames: Readonly<Record<string, string>> = {
  amd64: "x86_64",
  x64: "x86_64",
  aarch64: "arm64",
  i686: "i386",
  x86: "i386",
  efi: "UEFI",
  legacy: "BIOS",
  rhel: "RedHat",
  "red hat enterprise linux": "RedHat",
  sles: "SUSE",
  rocky: "Rocky Linux",
  alma: "AlmaLinux",
  win: "windows",
  vpc: "VHD",
};

/**
 * One plain sentence for one error of the schema, with what to do about it. Undefined for errors that only repeat another:
 * `if` beside the error of its branch, and the cross rules, which `contradictions` words.
 */
export function explain(error: SchemaError, root: unknown, keysAt: KeysAt): Explanation | undefined {
  const { instancePath: pointer, keyword, params } = error;
  if (keyword === "if" || keyword === "propertyNames" || isCrossRule(error)) return undefined;
  const value = valueAt(root, pointer);
  const name = nameOf(pointer);
  const limit = Number(params["limit"]);
  switch (keyword) {
    case "additionalProperties":
      return unknownKey(pointer, String(params["additionalProperty"]), keysAt(pointer));
    case "required": {
      const key = String(params["missingProperty"]);
      return { pointer, message: `${name} needs the key ${quoted(key)}.`, hint: `Add ${key}.` };
    }
    case "type":
      return wrongType(pointer, value, String(params["type"]));
    case "enum":
      return wrongWord(pointer, value, params["allowedValues"]);
    case "const":
      return { pointer, message: `${name} must be ${String(params["allowedValue"])}.` };
    case "minimum":
      return { pointer, message: `${name} must be at least ${limit}, not ${String(value)}.` };
    case "maximum":
      return { pointer, message: `${name} must be at most ${limit}, not ${String(value)}.` };
    case "minItems":
      return { pointer, message: `${name} must have at least ${counted(limit, "entry", "entries")}.` };
    case "maxItems":
      return { pointer, message: `${name} must have at most ${counted(limit, "entry", "entries")}.` };
    case "maxProperties":
      return { pointer, message: `${name} must have at most ${counted(limit, "key", "keys")}.` };
    case "uniqueItems":
      return { pointer, message: `${name} has the same entry twice.`, hint: "Keep one of them." };
    case "contains":
      return {
        pointer,
        message: `${name} has more than one disk without ossObject, and only one can be the image object itself.`,
        hint: "Give the others an ossObject.",
      };
    case "minLength":
    case "maxLength":
    case "pattern":
      return wrongText(error, value, name);
    default:
      return { pointer, message: `${name} is not valid.` };
  }
}

/** Faults of the rules between two settings lie in a `then` over `properties`; those within one setting do not. */
function isCrossRule(error: SchemaError): boolean {
  return error.schemaPath.includes("/then/properties/");
}

function unknownKey(parent: string, key: string, known: readonly string[]): Explanation {
  const meant = nearest(key, known);
  const hint = meant === undefined ? `Known keys: ${known.join(", ")}.` : `Did you mean ${meant}?`;
  return { pointer: pointerTo(parent, key), message: `There is no key ${quoted(key)} here.`, hint, atKey: true };
}

function wrongType(pointer: string, value: unknown, type: string): Explanation {
  const wanted: Readonly<Record<string, string>> = {
    string: "a text",
    integer: "a whole number",
    boolean: "true or false",
    object: "a group of keys",
    array: "a list",
  };
  const message = `${nameOf(pointer)} must be ${wanted[type] ?? type}, not ${kindOf(value)}.`;
  if (value === null && pointer === "") return { pointer, message, hint: "Write {} for a manifest without settings." };
  if (value === null) return { pointer, message, hint: "Give it a value or remove the key." };
  if (type === "string" && typeof value !== "object") return { pointer, message, hint: "Put it in quotes." };
  if (type === "integer" && typeof value === "string" && /^\d+$/.test(value))
    return { pointer, message, hint: "Remove the quotes." };
  return { pointer, message };
}

function wrongWord(pointer: string, value: unknown, allowedValues: unknown): Explanation {
  const allowed = Array.isArray(allowedValues) ? allowedValues.map(String) : [];
  const word = typeof value === "string" ? value : "";
  const other = Object.hasOwn(otherNames, word.toLowerCase()) ? otherNames[word.toLowerCase()] : undefined;
  const meant = allowed.find((candidate) => candidate === other) ?? nearest(word, allowed);
  const message = `${nameOf(pointer)} cannot be ${typeof value === "string" ? quoted(value) : kindOf(value)}.`;
  const hint = meant === undefined ? `Allowed: ${allowed.join(", ")}.` : `Did you mean ${quoted(meant)}?`;
  return { pointer, message, hint };
}

/** A text that breaks a length or a pattern: what the setting itself says about it, else the general rule. */
function wrongText(error: SchemaError, value: unknown, name: string): Explanation {
  const { instancePath: pointer, propertyName } = error;
  if (propertyName !== undefined) {
    const message = `The tag key ${quoted(propertyName)} is not allowed.`;
    return { pointer: pointerTo(pointer, propertyName), message, hint: tagKeyRule, atKey: true };
  }
  const text = typeof value === "string" ? value : "";
  if (text === "") return { pointer, message: `${name} is empty.`, hint: "Give it a value or remove the key." };
  const setting = pointerParts(pointer);
  const last = setting.at(-1) ?? "";
  if (setting.at(-2) === "tags") {
    return { pointer, message: `The value of the tag ${quoted(last)} is not allowed.`, hint: tagValueRule };
  }
  const templated = /[{}]/.test(text);
  const own = templated ? templateFault(text) : last === "imageName" ? imageNameFault(text) : descriptionFault(text);
  if ((last === "imageName" || last === "description") && own !== undefined) {
    return { pointer, message: own, ...(templated ? { hint: placeholderRule } : {}) };
  }
  const rule = textRules[last];
  if (error.keyword === "pattern") {
    return { pointer, message: `${name} cannot be ${quoted(text)}.`, ...(rule === undefined ? {} : { hint: rule }) };
  }
  const bound = error.keyword === "minLength" ? "at least" : "at most";
  return {
    pointer,
    message: `${name} must have ${bound} ${counted(Number(error.params["limit"]), "character", "characters")}.`,
  };
}

const placeholderRule =
  "Placeholders: {stem}, {name}, {folder}, {etag8}, {modified}, {region}, {bucket}, {distribution}, {version}, {architecture}.";
export const tagKeyRule =
  "A tag key has 1 to 128 characters, does not start with aliyun, acs: or oss-image-import:, and has no http:// or https://.";
const tagValueRule = "A tag value has up to 128 characters, does not start with acs:, and has no http:// or https://.";
const textRules: Readonly<Record<string, string>> = {
  roleName: "A role name has letters, digits, periods, underscores and hyphens.",
  resourceGroupId: "It looks like rg-bp67acfmxazb4p.",
  storageLocationArn: "It looks like arn:acs:cloudbox:cn-hangzhou:123456789012:cloudbox/cb-bp1234567890.",
  crc64: "It is a decimal number, as OSS gives it in x-oss-hash-crc64ecma.",
  etag: "It has letters, digits and hyphens, without quotation marks around it.",
};

/** What a pointer is called in a sentence: the last key, or the list's key and the entry's number. */
function nameOf(pointer: string): string {
  const parts = pointerParts(pointer);
  const last = parts.at(-1);
  if (last === undefined) return "The manifest";
  if (parts.at(-2) === "tags") return `The tag ${quoted(last)}`;
  if (!/^\d+$/.test(last)) return quoted(last).slice(1, -1);
  return `Entry ${Number(last) + 1} of ${parts.at(-2) ?? "the list"}`;
}

function valueAt(root: unknown, pointer: string): unknown {
  let value = root;
  for (const key of pointerParts(pointer)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a group of keys";
  if (typeof value === "string") return "a text";
  return typeof value === "number" ? "a number" : String(value);
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
