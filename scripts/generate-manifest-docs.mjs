// docs/manifest.md: the template's prose, then every key as the schemas describe it.
import { readFileSync } from "node:fs";
import { bucketManifestSchema } from "./generate-schemas.mjs";
import { loadTypeScript } from "./load-typescript.mjs";

export async function manifestPage() {
  const { metadataSettings } = await loadTypeScript("shared/manifest/metadata-names.ts");
  const metadata = new Map(Object.entries(metadataSettings).map(([name, pointer]) => [pointer, name]));
  const schema = bucketManifestSchema();
  const { settings, rule, policy } = schema.$defs;
  const owners = policy.properties.sidecarMay.items.enum.filter((key) => key !== "disks");
  const ruleOnly = Object.keys(rule.properties).filter((key) => !(key in settings.properties));

  const setIn = (pointer) => {
    const condition = owners.includes(pointer.slice(1)) ? " (when `policy.sidecarMay` lists it)" : "";
    const header = metadata.get(pointer);
    const places = ["bucket manifest", ...(header ? [`metadata \`x-oss-meta-import-${header}\`${condition}`] : [])];
    return [...places, `sidecar${condition}`].join(", ");
  };
  const settingEntries = entriesOf(schema, settings, "");
  const bucketEntries = [
    ["/version", schema.properties.version],
    ["/defaults", { title: "Defaults", description: settings.description, type: "object" }],
    ["/rules", schema.properties.rules],
    ...ruleOnly.map((key) => [`/rules[]/${key}`, rule.properties[key]]),
    ["/policy/sidecarMay", policy.properties.sidecarMay],
    ["/cancelOnDelete", schema.properties.cancelOnDelete],
  ];
  const parts = [
    readFileSync(new URL("manifest-docs.template.md", import.meta.url), "utf8").trimEnd(),
    "## Settings",
    "In sidecars, and in the bucket manifest under `defaults` and in each rule.",
    ...settingEntries.map(([pointer, part]) => entry(pointer, part, setIn(pointer))),
    "## Only in the bucket manifest",
    ...bucketEntries.map(([pointer, part]) => entry(pointer, part)),
  ];
  return `${parts.join("\n\n")}\n`;
}

function entriesOf(schema, object, at) {
  return Object.entries(object.properties).flatMap(([key, value]) => {
    const part = resolved(schema, value);
    const pointer = `${at}/${key}`;
    const items = part.items ? resolved(schema, part.items) : undefined;
    if (part.properties) return [[pointer, part], ...entriesOf(schema, part, pointer)];
    return items?.properties ? [[pointer, part], ...entriesOf(schema, items, `${pointer}[]`)] : [[pointer, part]];
  });
}

function resolved(schema, part) {
  return part.$ref ? schema.$defs[part.$ref.replace("#/$defs/", "")] : part;
}

const typeNames = {
  string: "text",
  integer: "whole number",
  boolean: "true or false",
  object: "group of keys",
  array: "list",
};

function entry(pointer, part, setIn) {
  const name = pointer.slice(1).replaceAll("/", ".");
  const allowed = part.enum ?? part.items?.enum ?? (part.const === undefined ? undefined : [part.const]);
  const facts = [
    ["Type", typeNames[part.type] ?? "number"],
    ["Allowed", allowed?.map(code).join(", ")],
    ["Default", part.default === undefined ? undefined : code(part.default)],
    ["Example", part.examples === undefined ? undefined : code(part.examples[0])],
    ["Set in", setIn],
  ];
  const lines = facts.filter(([, text]) => text !== undefined).map(([title, text]) => `- ${title}: ${text}`);
  return `### \`${name}\`\n\n${part.description}\n\n${lines.join("\n")}`;
}

const code = (value) => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
