import { printable } from "./source-tree.ts";

/** What can stand in braces in `imageName` and `description`. */
const placeholderNames = [
  "stem",
  "name",
  "folder",
  "etag8",
  "modified",
  "region",
  "bucket",
  "distribution",
  "version",
  "architecture",
] as const;
type PlaceholderName = (typeof placeholderNames)[number];

/** Values by placeholder; one that is not known (not detected, say) is left out. */
export type PlaceholderValues = Readonly<Partial<Record<PlaceholderName, string>>>;

/** Pieces of a template: texts, placeholders, and stray braces. Linear: every alternative starts differently. */
const piece = /[^{}]+|\{([^{}]{0,64})\}|[{}]/g;

/** What is wrong with the placeholders of a template, in one sentence; undefined when nothing is. */
export function templateFault(template: string): string | undefined {
  for (const [text, name] of template.matchAll(piece)) {
    if (name !== undefined && !isPlaceholder(name)) return `There is no placeholder {${printable(name)}}.`;
    if (text === "{" || text === "}") return "A brace stands alone: placeholders are written {like} this.";
  }
  return undefined;
}

/**
 * Puts values in place of placeholders, each once: a value is inserted as it is, whatever braces it holds. Faults: one
 * sentence each, for an unknown placeholder and for one without a value.
 */
export function expandPlaceholders(
  template: string,
  values: PlaceholderValues,
): { readonly text: string } | { readonly faults: readonly string[] } {
  const fault = templateFault(template);
  if (fault !== undefined) return { faults: [fault] };
  const missing = new Set<string>();
  const text = template.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const value = isPlaceholder(name) ? values[name] : undefined;
    if (value === undefined || value === "") missing.add(name);
    return value ?? "";
  });
  if (missing.size === 0) return { text };
  return { faults: [...missing].map((name) => `The placeholder {${name}} has no value here: ${whyMissing(name)}.`) };
}

/** The placeholders that follow from where an object lies. `{folder}` of an object at the root is empty, thus missing. */
export function placeholdersOfKey(key: string): PlaceholderValues {
  const slash = key.lastIndexOf("/");
  const name = key.slice(slash + 1);
  return { name, stem: stemOf(name), folder: key.slice(0, Math.max(slash, 0)).replaceAll("/", "-") };
}

/** A time as `{modified}` shows it: yyyymmddHHMMSS in UTC. */
export function modifiedText(modified: Date): string {
  return modified.toISOString().replace(/\D/g, "").slice(0, 14);
}

/** A file name without its image suffix; other dots stay: `debian-12.5.qcow2` is `debian-12.5`. */
function stemOf(name: string): string {
  return name.replace(/\.(?:qcow2|qcow|raw|img|vhd|vmdk)$/i, "") || name;
}

function isPlaceholder(name: string): name is PlaceholderName {
  return (placeholderNames as readonly string[]).includes(name);
}

function whyMissing(name: string): string {
  if (name === "folder") return "the image lies at the root of the bucket";
  if (name === "distribution" || name === "version" || name === "architecture")
    return "it was not detected in the image";
  return "it is not known";
}
