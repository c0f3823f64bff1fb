import { checkSettings } from "./check-manifest.ts";
import { metadataNameOf, metadataPrefix, metadataSettings } from "./metadata-names.ts";
import { nearest } from "./nearest.ts";
import type { Problem } from "./problem.ts";
import type { Settings } from "./settings.ts";
import { emptyObject, pointerParts, pointerTo, quoted } from "./source-tree.ts";

/**
 * Settings from an object's metadata: names with or without `x-oss-meta-`, whatever their case; other metadata is left alone.
 * Values that are not ASCII may be percent-encoded or RFC 2047 words, and UTF-8 that was read as Latin-1 is mended.
 * `key` is the object's, for the problems.
 */
export function settingsFromMetadata(
  metadata: Readonly<Record<string, string>>,
  key: string,
): { readonly settings: Settings } | { readonly problems: readonly Problem[] } {
  const known = new Map<string, string>(Object.entries(metadataSettings));
  const problems: Problem[] = [];
  const settings = emptyObject();
  for (const [header, raw] of Object.entries(metadata)) {
    if (!metadataPrefix.test(header)) continue;
    const name = header.replace(metadataPrefix, "").toLowerCase();
    const pointer = known.get(name);
    if (pointer === undefined) {
      const meant = nearest(name, [...known.keys()]);
      const hint =
        meant === undefined ? `Known: ${[...known.keys()].join(", ")}.` : `Did you mean x-oss-meta-import-${meant}?`;
      const message = `There is no metadata ${quoted(header)}, and this starts like one for the import.`;
      problems.push({ file: key, line: 1, column: 1, pointer: pointerTo("", name), message, hint });
      continue;
    }
    place(settings, pointerParts(pointer), decoded(raw));
  }
  for (const { pointer, message, hint } of checkSettings(settings)) {
    const sentence = `Metadata ${metadataNameOf(pointer)}: ${message}`;
    problems.push({
      file: key,
      line: 1,
      column: 1,
      pointer,
      message: sentence,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  return problems.length > 0 ? { problems } : { settings };
}

function place(settings: Record<string, unknown>, [first = "", second]: readonly string[], value: string): void {
  if (second === undefined) settings[first] = value;
  else settings[first] = Object.assign(emptyObject(), settings[first], { [second]: value });
}

/** HTTP headers carry ASCII; clients differ in how they send anything else. */
function decoded(raw: string): string {
  const encodedWord = /^=\?utf-8\?([bq])\?([^?]*)\?=$/i.exec(raw);
  if (encodedWord?.[1]?.toLowerCase() === "b") return Buffer.from(encodedWord[2] ?? "", "base64").toString("utf8");
  if (encodedWord !== null)
    return percentDecoded((encodedWord[2] ?? "").replaceAll("_", " ").replace(/=(?=[0-9A-F]{2})/gi, "%")) ?? raw;
  if (/^(?:[\w.~!*'()+-]|%[0-9A-F]{2})+$/i.test(raw) && raw.includes("%")) return percentDecoded(raw) ?? raw;
  if (/[\u0080-\u00ff]/.test(raw) && !/[\u0100-\uffff]/.test(raw)) return utf8(Buffer.from(raw, "latin1")) ?? raw;
  return raw;
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
