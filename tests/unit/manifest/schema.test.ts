import {
  ImportImageRequest,
  ImportImageRequestDiskDeviceMapping,
  ImportImageRequestFeatures,
  ImportImageRequestTag,
} from "@alicloud/ecs20140526/dist/models/ImportImageRequest.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import { checkBucketManifest, checkSettings } from "../../../shared/manifest/check-manifest.ts";
import type { BucketManifest as BucketManifestSchema } from "../../../shared/manifest/generated/schema-types.ts";
import { metadataSettings } from "../../../shared/manifest/metadata-names.ts";
import bucketManifestSchema from "../../../shared/manifest/schemas/bucket-manifest.schema.json" with { type: "json" };
import settingsSchema from "../../../shared/manifest/schemas/settings.schema.json" with { type: "json" };
import sidecarSchema from "../../../shared/manifest/schemas/sidecar.schema.json" with { type: "json" };
import type { BucketManifest, Settings } from "../../../shared/manifest/settings.ts";

type Json = { readonly [key: string]: unknown };
const definitions: Json = bucketManifestSchema.$defs;

/** Every object with a `type`, and every one below it: schemas, for our purposes. */
function* partsOf(schema: unknown, place = ""): Generator<[string, Json]> {
  if (typeof schema !== "object" || schema === null) return;
  if ("type" in schema && typeof schema.type === "string") yield [place, schema as Json];
  for (const [key, part] of Object.entries(schema)) {
    if (key !== "examples" && key !== "default") yield* partsOf(part, `${place}/${key}`);
  }
}

describe("the schemas", () => {
  it("are the same as the types of settings.ts, as the compiler sees them", () => {
    // Each line compiles only while one type can stand for the other; `platform` is any text in settings.ts.
    type Loose<Text> = { [Key in keyof Text]: Key extends "platform" ? string : Text[Key] };
    type SchemaSettings = Loose<NonNullable<BucketManifestSchema["defaults"]>>;
    const sameKeys: Record<keyof SchemaSettings, true> & Record<keyof Settings, true> = Object.fromEntries(
      Object.keys(settingsSchema.properties).map((key) => [key, true]),
    ) as Record<keyof Settings, true>;
    const settings: Settings = {} as SchemaSettings;
    const manifest: BucketManifest = { version: 1 } as BucketManifestSchema;
    const policy: NonNullable<BucketManifestSchema["policy"]>["sidecarMay"] = [...(manifest.policy?.sidecarMay ?? [])];
    expect([settings, policy]).toEqual([{}, []]);
    expect(Object.keys(sameKeys)).toHaveLength(16);
  });

  it.each([
    ["settings", settingsSchema],
    ["sidecar", sidecarSchema],
    ["bucket-manifest", bucketManifestSchema],
  ])("%s is a schema of its own for any 2020-12 validator, and its examples are good", (name, schema) => {
    expect(schema.$id).toBe(`https://oss-image-import.github.io/schemas/${name}/v1.json`);
    const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(schema);
    expect(schema.examples.filter((example) => !validate(example))).toEqual([]);
  });

  const properties = [...partsOf(bucketManifestSchema)].flatMap(([place, part]) =>
    "title" in part || "description" in part ? [[place || "/", part] as const] : [],
  );
  it.each(properties)("%s has a title, a description and examples that are good", (_, part) => {
    const ajv = new Ajv2020({ strict: true, strictRequired: false, strictSchema: false });
    const examples = part["examples"] as unknown[];
    expect(part).toMatchObject({ title: expect.any(String), description: expect.any(String) });
    expect(examples.length).toBeGreaterThan(0);
    const validate = ajv.compile({ ...part, $id: "part", $defs: definitions });
    expect(examples.filter((example) => !validate(example))).toEqual([]);
  });

  it("bound every text, list and group that a stranger can send", () => {
    const unbounded = [...partsOf(settingsSchema.$defs)].filter(([place, part]) => {
      if (/\/(?:if|then|else|not|contains)\b/.test(place)) return false;
      if (part["type"] === "string") return part["maxLength"] === undefined && part["enum"] === undefined;
      if (part["type"] === "array") return part["maxItems"] === undefined;
      if (part["type"] !== "object" || "if" in part) return false;
      return part["additionalProperties"] !== false && part["maxProperties"] === undefined;
    });
    expect(unbounded.map(([place]) => place)).toEqual([]);
  });

  it("call a value good exactly when the precompiled validators and the rules in code do, for all examples", () => {
    expect(settingsSchema.examples.flatMap(checkSettings)).toEqual([]);
    expect(bucketManifestSchema.examples.flatMap(checkBucketManifest)).toEqual([]);
  });

  const choices = ["architecture", "osType", "bootMode", "platform"] as const;
  const words = choices.map((choice) => [undefined, ...settingsSchema.$defs[choice].enum]);
  it("find the same contradictions between settings as the code words", () => {
    const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(settingsSchema);
    const [architectures = [], osTypes = [], bootModes = [], platforms = []] = words;
    let contradictory = 0;
    for (const architecture of architectures)
      for (const osType of osTypes)
        for (const bootMode of bootModes)
          for (const platform of platforms) {
            const settings = JSON.parse(JSON.stringify({ architecture, osType, bootMode, platform })) as unknown;
            const good = checkSettings(settings).length === 0;
            if (validate(settings) !== good) throw new Error(JSON.stringify(settings));
            contradictory += good ? 0 : 1;
          }
    expect(contradictory).toBeGreaterThan(50);
  });

  it("let metadata set settings that exist only", () => {
    const known: Json = settingsSchema.properties;
    const features: Json = settingsSchema.$defs.features.properties;
    for (const pointer of Object.values(metadataSettings)) {
      const [first = "", second] = pointer.slice(1).split("/");
      expect(second === undefined ? known : features).toHaveProperty(second ?? first);
    }
  });
});

describe("the official SDK's ImportImageRequest", () => {
  const lowerCamelCase = (name: string) => name.replace(/^(?:OSS|OS|[A-Z])/, (start) => start.toLowerCase());
  /** What no manifest sets: the function does, or the reference says not to send it. */
  const notSettable = {
    regionId: "the bucket's region",
    clientToken: "derived from the job",
    dryRun: "a question of the plan command",
    ownerId: "for other accounts",
    resourceOwnerId: "for other accounts",
    resourceOwnerAccount: "for other accounts",
  };
  const renamed: Readonly<Record<string, string>> = { diskDeviceMapping: "disks", tag: "tags" };

  it("has no parameter that is neither a setting nor deliberately left out", () => {
    const parameters = Object.values(ImportImageRequest.names()).map(lowerCamelCase);
    const settable = parameters.filter((name) => !(name in notSettable)).map((name) => renamed[name] ?? name);
    const ours = Object.keys(settingsSchema.properties).filter((name) => name !== "expect" && name !== "inspect");
    expect(settable.sort()).toEqual(ours.sort());
  });

  it("has no part of a disk that is neither a setting nor deliberately left out", () => {
    const notForDisks = ["device", "diskImSize", "ossBucket"];
    const parts = Object.values(ImportImageRequestDiskDeviceMapping.names()).map(lowerCamelCase);
    const settable = parts.filter((name) => !notForDisks.includes(name));
    expect(settable.sort()).toEqual(Object.keys(settingsSchema.$defs.disk.properties).sort());
  });

  it("has the same features, and tags of a key and a value", () => {
    const features = Object.values(ImportImageRequestFeatures.names()).map(lowerCamelCase);
    expect(features.sort()).toEqual(Object.keys(settingsSchema.$defs.features.properties).sort());
    expect(Object.values(ImportImageRequestTag.names())).toEqual(["Key", "Value"]);
  });
});
