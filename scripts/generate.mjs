// Writes every generated file. With --check: writes nothing, and says which committed file is not what it would be.
// With --uncommitted: writes only what a checkout lacks, which is all that an installation needs.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { formatted } from "./format-text.mjs";
import { errorsPage } from "./generate-errors.mjs";
import { manifestPage } from "./generate-manifest-docs.mjs";
import { bucketManifestSchema, sidecarSchema } from "./generate-schemas.mjs";
import { schemaTypes, validators, validatorTypes } from "./generate-validators.mjs";
import { dependenciesPage } from "./licences.mjs";

const asJson = (value) => formatted(JSON.stringify(value), "generated.json");

/**
 * One step per file, in order. `make` gives the text; `committed` files are compared by --check, the others are git-ignored.
 * A step that needs a TypeScript source imports it with `loadTypeScript`.
 */
const steps = [
  { file: "shared/manifest/schemas/sidecar.schema.json", committed: true, make: () => asJson(sidecarSchema()) },
  {
    file: "shared/manifest/schemas/bucket-manifest.schema.json",
    committed: true,
    make: () => asJson(bucketManifestSchema()),
  },
  { file: "shared/manifest/generated/validators.cjs", make: validators },
  { file: "shared/manifest/generated/validators.d.cts", make: validatorTypes },
  { file: "shared/manifest/generated/schema-types.ts", make: schemaTypes },
  { file: "docs/manifest.md", committed: true, make: manifestPage },
  { file: "docs/dependencies.md", committed: true, make: dependenciesPage },
  { file: "docs/errors.md", committed: true, make: errorsPage },
];

const root = join(import.meta.dirname, "..");
const check = process.argv.includes("--check");
const onlyUncommitted = process.argv.includes("--uncommitted");
let drifted = 0;
for (const { file, committed, make } of steps) {
  const path = join(root, file);
  if ((check && !committed) || (onlyUncommitted && committed)) continue;
  const text = await make();
  if (text === readIfThere(path)) continue;
  if (check) {
    console.error(`${file} is not up to date: run \`npm run generate\` and commit it`);
    drifted += 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
process.exitCode = drifted > 0 ? 1 : 0;

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
