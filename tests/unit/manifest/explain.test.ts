import { checkBucketManifest, checkSettings } from "../../../shared/manifest/check-manifest.ts";
import { explain } from "../../../shared/manifest/explain.ts";
import { nearest } from "../../../shared/manifest/nearest.ts";
import bucketManifestSchema from "../../../shared/manifest/schemas/bucket-manifest.schema.json" with { type: "json" };

const manyTags = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`tag${index}`, ""]));
const manyDisks = Array.from({ length: 18 }, (_, index) => ({ ossObject: `disk${index}.raw` }));

/** One fault for each keyword of the schemas: where it lies and what is said about it. */
const faults: [keyword: string, value: unknown, pointer: string, message: string, hint?: string][] = [
  [
    "additionalProperties",
    { imagename: "web" },
    "/imagename",
    'There is no key "imagename" here.',
    "Did you mean imageName?",
  ],
  [
    "additionalProperties",
    { features: { zzzzzzzz: 1 } },
    "/features/zzzzzzzz",
    'There is no key "zzzzzzzz" here.',
    "Known keys: nvmeSupport, imdsSupport.",
  ],
  ["type", { imageName: 42 }, "/imageName", "imageName must be a text, not a number.", "Put it in quotes."],
  [
    "type",
    { imageName: null },
    "/imageName",
    "imageName must be a text, not empty.",
    "Give it a value or remove the key.",
  ],
  [
    "type",
    { expect: { size: "12" } },
    "/expect/size",
    "size must be a whole number, not a text.",
    "Remove the quotes.",
  ],
  ["type", { disks: {} }, "/disks", "disks must be a list, not a group of keys."],
  ["type", { disks: ["a.raw"] }, "/disks/0", "Entry 1 of disks must be a group of keys, not a text."],
  ["type", { tags: { count: 3 } }, "/tags/count", 'The tag "count" must be a text, not a number.', "Put it in quotes."],
  ["type", [], "", "The manifest must be a group of keys, not a list."],
  ["type", null, "", "The manifest must be a group of keys, not empty.", "Write {} for a manifest without settings."],
  ["enum", { bootMode: "uefi" }, "/bootMode", 'bootMode cannot be "uefi".', 'Did you mean "UEFI"?'],
  ["enum", { architecture: "amd64" }, "/architecture", 'architecture cannot be "amd64".', 'Did you mean "x86_64"?'],
  [
    "enum",
    { detectionStrategy: "none" },
    "/detectionStrategy",
    'detectionStrategy cannot be "none".',
    "Allowed: Standard.",
  ],
  ["enum", { inspect: "on" }, "/inspect", 'inspect cannot be "on".', "Allowed: full, header, off."],
  ["enum", { inspect: false }, "/inspect", "inspect cannot be false.", "Allowed: full, header, off."],
  ["const", { version: 2 }, "/version", "version must be 1."],
  ["required", { rules: [] }, "", 'The manifest needs the key "version".', "Add version."],
  ["required", { version: 1, rules: [{}] }, "/rules/0", 'Entry 1 of rules needs the key "match".', "Add match."],
  ["minimum", { disks: [{ diskImageSize: 0 }] }, "/disks/0/diskImageSize", "diskImageSize must be at least 1, not 0."],
  [
    "maximum",
    { disks: [{ diskImageSize: 2049 }] },
    "/disks/0/diskImageSize",
    "diskImageSize must be at most 2048, not 2049.",
  ],
  ["minLength", { roleName: "" }, "/roleName", "roleName is empty.", "Give it a value or remove the key."],
  ["minLength", { imageName: "a" }, "/imageName", "An image name has 2 to 128 characters, not 1."],
  ["maxLength", { imageName: "a".repeat(129) }, "/imageName", "An image name has 2 to 128 characters, not 129."],
  ["maxLength", { roleName: "a".repeat(65) }, "/roleName", "roleName must have at most 64 characters."],
  [
    "maxLength",
    { description: `{stem}${"a".repeat(1024)}` },
    "/description",
    "description must have at most 1024 characters.",
  ],
  [
    "pattern",
    { roleName: "a b" },
    "/roleName",
    'roleName cannot be "a b".',
    "A role name has letters, digits, periods, underscores and hyphens.",
  ],
  ["pattern", { imageName: "acs:web" }, "/imageName", "An image name cannot start with aliyun or acs:."],
  [
    "pattern",
    { imageName: "{date}" },
    "/imageName",
    "There is no placeholder {date}.",
    "Placeholders: {stem}, {name}, {folder}, {etag8}, {modified}, {region}, {bucket}, {distribution}, {version}, {architecture}.",
  ],
  [
    "pattern",
    { tags: { team: "acs:x" } },
    "/tags/team",
    'The value of the tag "team" is not allowed.',
    "A tag value has up to 128 characters, does not start with acs:, and has no http:// or https://.",
  ],
  [
    "propertyNames",
    { tags: { "acs:x": "" } },
    "/tags/acs:x",
    'The tag key "acs:x" is not allowed.',
    "A tag key has 1 to 128 characters, does not start with aliyun, acs: or oss-image-import:, and has no http:// or https://.",
  ],
  ["minItems", { disks: [] }, "/disks", "disks must have at least 1 entry."],
  ["maxItems", { disks: manyDisks }, "/disks", "disks must have at most 17 entries."],
  ["maxProperties", { tags: manyTags }, "/tags", "tags must have at most 16 keys."],
  [
    "uniqueItems",
    { version: 1, policy: { sidecarMay: ["disks", "disks"] } },
    "/policy/sidecarMay",
    "sidecarMay has the same entry twice.",
    "Keep one of them.",
  ],
  [
    "contains",
    { disks: [{}, {}] },
    "/disks",
    "disks has more than one disk without ossObject, and only one can be the image object itself.",
    "Give the others an ossObject.",
  ],
  [
    "if",
    { architecture: "arm64", bootMode: "BIOS" },
    "/bootMode",
    "bootMode is BIOS, but an arm64 image boots with UEFI only.",
    "Set bootMode to UEFI or remove it.",
  ],
  [
    "not",
    { osType: "linux", platform: "Other Windows" },
    "/platform",
    "platform is Other Windows, but osType is linux.",
    "Set osType to windows.",
  ],
];

describe("what is said about a fault", () => {
  it.each(faults.map((fault) => [fault[0], fault] as const))("of the keyword %s is told: %j", (_, fault) => {
    const [, value, pointer, message, hint] = fault;
    const isBucketManifest = typeof value === "object" && value !== null && ("version" in value || "rules" in value);
    const found = isBucketManifest ? checkBucketManifest(value) : checkSettings(value);
    expect(found.map((each) => [each.pointer, each.message, each.hint])).toEqual([[pointer, message, hint]]);
  });

  it("is known for every keyword that the schemas use", () => {
    const silent = ["$schema", "$id", "$ref", "$defs", "title", "description", "examples", "default", "properties"];
    const parts = ["then", "else", "items", "allOf", "minContains", "maxContains"];
    const keywords = new Set<string>();
    const collect = (schema: unknown, isMap: boolean): void => {
      if (typeof schema !== "object" || schema === null) return;
      for (const [key, part] of Object.entries(schema)) {
        if (!isMap && !Array.isArray(schema)) keywords.add(key);
        if (!["examples", "default", "enum", "const", "required"].includes(key) || isMap) {
          collect(part, !isMap && (key === "properties" || key === "$defs"));
        }
      }
    };
    collect(bucketManifestSchema, false);
    const told = new Set(faults.map(([keyword]) => keyword));
    const untold = [...keywords].filter((word) => !told.has(word) && !silent.includes(word) && !parts.includes(word));
    expect(untold).toEqual([]);
  });

  it("is one sentence even for a keyword that is new", () => {
    const error = { instancePath: "/imageName", schemaPath: "#/format", keyword: "format", params: {} };
    expect(explain(error, {}, () => [])).toEqual({ pointer: "/imageName", message: "imageName is not valid." });
  });
});

describe("nearest", () => {
  const keys = ["imageName", "osType", "ossObject", "licenseType"];
  it.each([
    ["image_name", "imageName"],
    ["ImageName", "imageName"],
    ["imgName", "imageName"],
    ["licenceType", "licenseType"],
    ["OSSObject", "ossObject"],
    ["OS type", "osType"],
  ])("takes %s for %s", (word, meant) => {
    expect(nearest(word, keys)).toBe(meant);
  });

  it.each(["", "x", "region", "storageLocation"])("takes %j for nothing", (word) => {
    expect(nearest(word, keys)).toBeUndefined();
  });
});
