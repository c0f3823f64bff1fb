// The sidecar's and the bucket manifest's schemas, each complete in one file: settings.schema.json is the truth, and an
// editor that is pointed at one file needs no other.
import { readFileSync } from "node:fs";

const folder = new URL("../shared/manifest/schemas/", import.meta.url);
const readSchema = (name) => JSON.parse(readFileSync(new URL(`${name}.schema.json`, folder), "utf8"));

const dialect = "https://json-schema.org/draft/2020-12/schema";
const idOf = (name) => `https://oss-image-import.github.io/schemas/${name}/v1.json`;
const schemaKey = {
  title: "Schema",
  description: "Address of this schema, for editors. It has no other meaning.",
  type: "string",
  maxLength: 512,
  examples: [idOf("sidecar")],
};

export function sidecarSchema() {
  const settings = readSchema("settings");
  return {
    $schema: dialect,
    $id: idOf("sidecar"),
    title: "Sidecar manifest",
    description:
      "Settings for the import of one image, or of one set of disks. Lies beside the image as `<image key>.import.yaml`, `.yml` or `.json`.",
    type: "object",
    additionalProperties: false,
    properties: { $schema: schemaKey, ...settings.properties },
    allOf: settings.allOf,
    examples: settings.examples,
    $defs: settings.$defs,
  };
}

export function bucketManifestSchema() {
  const settings = readSchema("settings");
  return {
    $schema: dialect,
    $id: idOf("bucket-manifest"),
    title: "Bucket manifest",
    description:
      "Settings for every image of a bucket, by rule, and what sidecars may set. Lies at the root of the bucket as `image-import.yaml`, `.yml` or `.json`.",
    type: "object",
    additionalProperties: false,
    required: ["version"],
    properties: {
      $schema: schemaKey,
      version: { title: "Version", description: "Version of this format.", const: 1, examples: [1] },
      defaults: { $ref: "#/$defs/settings" },
      rules: {
        title: "Rules",
        description:
          "Settings for the keys that a glob matches. Every matching rule applies, in order; a later one wins.",
        type: "array",
        maxItems: 200,
        items: { $ref: "#/$defs/rule" },
        examples: [[{ match: "windows/**", osType: "windows", licenseType: "BYOL" }]],
      },
      policy: { $ref: "#/$defs/policy" },
      cancelOnDelete: {
        title: "Cancel on delete",
        description:
          "Deleting an image, or the sidecar that its import was made with, cancels that import while it runs. An image that is available stays. Needs the trigger's deletion events: see docs/deploy.md.",
        type: "boolean",
        default: false,
        examples: [true],
      },
    },
    examples: [
      {
        version: 1,
        defaults: { tags: { team: "web" }, detectionStrategy: "Standard" },
        rules: [
          { match: "scratch/**", ignore: true },
          { match: "release/**", requireManifest: true, resourceGroupId: "rg-bp67acfmxazb4p" },
        ],
        policy: { sidecarMay: ["disks"] },
      },
    ],
    $defs: {
      settings: {
        title: "Defaults",
        description: "Settings for every image in the bucket.",
        type: "object",
        additionalProperties: false,
        properties: settings.properties,
        allOf: settings.allOf,
        examples: settings.examples,
      },
      rule: {
        title: "Rule",
        description: "Settings for the keys that `match` matches.",
        type: "object",
        additionalProperties: false,
        required: ["match"],
        properties: {
          match: {
            title: "Match",
            description:
              "Glob over the whole key: `*` stands for any text within a folder, `**` for any number of folders, `?` for one character, `{a,b}` for either.",
            type: "string",
            minLength: 1,
            maxLength: 256,
            examples: ["windows/**", "**/*.{vhd,qcow2}"],
          },
          ignore: {
            title: "Ignore",
            description: "Leave the matching objects alone. A later rule with `false` takes them in again.",
            type: "boolean",
            default: false,
            examples: [true],
          },
          requireManifest: {
            title: "Require a manifest",
            description: "An image waits until its sidecar is there.",
            type: "boolean",
            default: false,
            examples: [true],
          },
          ...settings.properties,
        },
        allOf: settings.allOf,
        examples: [{ match: "windows/**", osType: "windows", licenseType: "BYOL" }],
      },
      policy: {
        title: "Policy",
        description: "What those who can upload to the bucket may decide themselves.",
        type: "object",
        additionalProperties: false,
        properties: {
          sidecarMay: {
            title: "Sidecars may",
            description:
              "Settings that a sidecar or object metadata may set although they are the bucket owner's. `disks`: disks from other folders of the bucket.",
            type: "array",
            maxItems: 4,
            uniqueItems: true,
            items: { type: "string", enum: ["roleName", "resourceGroupId", "storageLocationArn", "disks"] },
            default: [],
            examples: [["resourceGroupId"]],
          },
        },
        examples: [{ sidecarMay: ["disks"] }],
      },
      ...settings.$defs,
    },
  };
}
