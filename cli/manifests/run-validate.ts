import { readFileSync } from "node:fs";
import { basename } from "node:path";
import colours from "picocolors";
import { printableJson } from "../../shared/log/printable-json.ts";
import { isBucketManifestKey } from "../../shared/manifest/manifest-names.ts";
import type { Problem } from "../../shared/manifest/problem.ts";
import { readManifest } from "../../shared/manifest/read-manifest.ts";
import { printable } from "../../shared/manifest/source-tree.ts";
import { type ExitCode, exitCodes, type Output, Unasked } from "../outcome.ts";
import { wrapped } from "../terminal-text.ts";

/** Reads manifests from disk and names every problem. A file called like the bucket manifest is read as one. */
export function runValidate(files: readonly string[], { json }: { readonly json: boolean }, output: Output): ExitCode {
  const problems = files.flatMap((file) => problemsOf(file));
  if (json) output.out(`${printableJson({ valid: problems.length === 0, problems }, 2)}\n`);
  else output.out(page(files, problems, output));
  return problems.length === 0 ? exitCodes.good : exitCodes.no;
}

function readManifestFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as { code?: string };
    throw new Unasked(
      code === "ENOENT"
        ? `There is no file ${file}.`
        : `${file} cannot be read: ${code === "EISDIR" ? "it is a folder" : code}.`,
    );
  }
}

function problemsOf(file: string): readonly Problem[] {
  const bytes = readManifestFile(file);
  const read = isBucketManifest(file, bytes)
    ? readManifest(bytes, file, "bucket")
    : readManifest(bytes, file, "sidecar");
  return "problems" in read ? read.problems : [];
}

/** By its name; a file of any other name is a bucket manifest when it has a top-level `version`, which sidecars have not. */
const isBucketManifest = (file: string, bytes: Buffer): boolean =>
  isBucketManifestKey(basename(file)) ||
  (!/\.import\.(ya?ml|json)$/.test(file) &&
    /^[ \t]*"?(version|rules|defaults)"?[ \t]*:/m.test(bytes.toString("utf8", 0, 65_536)));

function page(files: readonly string[], problems: readonly Problem[], output: Output): string {
  const c = colours.createColors(output.takesColours);
  const width = Math.max(40, Math.min(output.columns, 100));
  if (problems.length === 0)
    return `${c.green(files.length === 1 ? `${printable(files[0] ?? "")} is valid.` : `All ${files.length} manifests are valid.`)}\n`;
  const lines = problems.flatMap(({ file, line, column, pointer, message, hint }) => [
    `${c.bold(`${printable(file)}:${line}:${column}`)}  ${c.red(printable(message))}`,
    ...(pointer ? [c.dim(`    at ${printable(pointer)}`)] : []),
    ...(hint ? wrapped(printable(hint), width - 6).map((line, index) => `    ${index === 0 ? "→" : " "} ${line}`) : []),
  ]);
  return `${lines.join("\n")}\n\n${problems.length} ${problems.length === 1 ? "problem" : "problems"}.\n`;
}
