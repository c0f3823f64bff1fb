import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the installed package: the nearest one above this file that has an s.yaml. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "s.yaml"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("The package is incomplete: its s.yaml is missing.");
    folder = parent;
  }
  return folder;
}
