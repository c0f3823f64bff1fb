// Precompiled validators: no schema is compiled at run time. ajv's standalone code still requires ajv's own runtime parts,
// so esbuild makes one self-contained module of it: CommonJS, which jest reads as it is and bundles take in whole.
import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";
import { buildSync } from "esbuild";
import { compile } from "json-schema-to-typescript";
import { bucketManifestSchema } from "./generate-schemas.mjs";

/**
 * `validateBucketManifest`, and `validateSettings`: the same schema's `#/$defs/settings`, so that every definition is
 * compiled once. A sidecar is settings and a `$schema` key, which is taken off before.
 */
export function validators() {
  const schema = bucketManifestSchema();
  const settings = { $id: "settings", $ref: `${schema.$id}#/$defs/settings` };
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false, // The cross rules require a property without declaring it again.
    allErrors: true,
    inlineRefs: false,
    messages: false,
    schemas: [schema, settings],
    code: { source: true },
  });
  const code = standalone.default(ajv, { validateBucketManifest: schema.$id, validateSettings: settings.$id });
  const keys = JSON.stringify({
    settings: Object.fromEntries(keysByPlace(schema, schema.$defs.settings)),
    bucketManifest: Object.fromEntries(keysByPlace(schema, schema)),
  });
  const bundle = buildSync({
    stdin: { contents: `${code}\nexports.knownKeys = ${keys};`, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    write: false,
  });
  return bundle.outputFiles[0].text;
}

/** `["/rules[]/disks[]", ["ossObject", …]]` for each object that a value can hold: the keys to offer for an unknown one. */
function* keysByPlace(schema, part, place = "") {
  if (part.$ref) return yield* keysByPlace(schema, schema.$defs[part.$ref.replace("#/$defs/", "")], place);
  if (part.properties) yield [place, Object.keys(part.properties)];
  for (const [key, value] of Object.entries(part.properties ?? {}))
    yield* keysByPlace(schema, value, `${place}/${key}`);
  if (part.items) yield* keysByPlace(schema, part.items, `${place}[]`);
}

export const validatorTypes = () => `import type { SchemaError } from "../explain.ts";

interface Validate {
  (value: unknown): boolean;
  errors?: SchemaError[] | null;
}
export const validateSettings: Validate;
export const validateBucketManifest: Validate;
/** By place of an object in the value (/disks[]): the keys that it knows. */
export const knownKeys: Readonly<Record<"settings" | "bucketManifest", Readonly<Record<string, readonly string[]>>>>;
`;

/** The schema as TypeScript types, without its cross rules: a test holds the hand-written `settings.ts` against them. */
export async function schemaTypes() {
  const schema = JSON.parse(JSON.stringify(bucketManifestSchema()), (key, value) =>
    key === "allOf" ? undefined : value,
  );
  return compile(schema, "BucketManifest", { bannerComment: "", ignoreMinAndMaxItems: true, format: false });
}
