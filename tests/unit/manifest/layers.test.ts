import fc from "fast-check";
import { checkResolved } from "../../../shared/manifest/check-resolved.ts";
import { expandTexts } from "../../../shared/manifest/expand-settings.ts";
import { type LayerSources, layersFor, matchingRules, ruleVerdict } from "../../../shared/manifest/layers.ts";
import { checkPrivileges } from "../../../shared/manifest/privileges.ts";
import { type ReadManifest, readManifest } from "../../../shared/manifest/read-manifest.ts";
import { resolveSettings } from "../../../shared/manifest/resolve-settings.ts";
import type { BucketManifest, Layer, ResolvedSettings, Settings } from "../../../shared/manifest/settings.ts";

function sidecarOf(text: string, file = "web.qcow2.import.yaml"): ReadManifest<Settings> {
  const reading = readManifest(text, file, "sidecar");
  if ("problems" in reading) throw new Error(JSON.stringify(reading.problems));
  return reading;
}

function bucketManifestOf(text: string): ReadManifest<BucketManifest> {
  const reading = readManifest(`version: 1\n${text}`, "image-import.yaml", "bucket");
  if ("problems" in reading) throw new Error(JSON.stringify(reading.problems));
  return reading;
}

const resolve = (key: string, sources: LayerSources) => resolveSettings(layersFor(key, sources));
const placeIn = ({ provenance }: ResolvedSettings, pointer: string) => provenance.get(pointer)?.place;

const bucketManifest = bucketManifestOf(`defaults:
  platform: Debian
  tags: { team: platform, stage: test }
rules:
  - match: "**/*.qcow2"
    bootMode: UEFI
    tags: { stage: production }
  - match: web/**
    bootMode: BIOS
    requireManifest: true
  - match: web/old/**
    requireManifest: false
    ignore: true
  - match: web/old/keep/**
    ignore: false
`);

describe("layers", () => {
  it("are weakest first, with every matching rule in order", () => {
    const sources = { bucketManifest, detected: {}, metadata: {}, sidecar: sidecarOf("{}") };
    expect(layersFor("web/a.qcow2", sources).map(({ name }) => name)).toEqual([
      "default",
      "detected",
      "bucket-defaults",
      "bucket-rule",
      "bucket-rule",
      "metadata",
      "sidecar",
    ]);
    expect(matchingRules(bucketManifest.manifest, "web/a.qcow2").map(({ pointer }) => pointer)).toEqual([
      "/rules/0",
      "/rules/1",
    ]);
  });

  it("are merged so that later ones win, and every value has its place", () => {
    const resolved = resolve("web/a.qcow2", {
      detected: { platform: "Ubuntu", features: { nvmeSupport: "supported" }, architecture: "x86_64" },
      bucketManifest,
      metadata: { description: "from metadata", features: { imdsSupport: "v2" } },
      sidecar: sidecarOf("# comment\nimageName: web\ntags:\n  owner: me\n"),
    });
    expect(resolved.settings).toEqual({
      imageName: "web",
      description: "from metadata",
      architecture: "x86_64",
      osType: "linux",
      platform: "Debian",
      bootMode: "BIOS",
      inspect: "full",
      features: { nvmeSupport: "supported", imdsSupport: "v2" },
      tags: { team: "platform", stage: "production", owner: "me" },
    });
    expect(Object.fromEntries([...resolved.provenance].map(([pointer, { place }]) => [pointer, place]))).toEqual({
      "/imageName": "sidecar web.qcow2.import.yaml:2",
      "/description": "metadata x-oss-meta-import-description",
      "/architecture": "detected from the image",
      "/osType": "default of ImportImage",
      "/platform": "bucket manifest image-import.yaml:3",
      "/bootMode": "bucket manifest image-import.yaml:10",
      "/inspect": "default of oss-image-import",
      "/features/nvmeSupport": "detected from the image",
      "/features/imdsSupport": "metadata x-oss-meta-import-imds-support",
      "/tags/team": "bucket manifest image-import.yaml:4",
      "/tags/stage": "bucket manifest image-import.yaml:8",
      "/tags/owner": "sidecar web.qcow2.import.yaml:4",
    });
  });

  it("replace disks as a whole, and a tag whose key differs in case only", () => {
    const resolved = resolve("a.raw", {
      bucketManifest: bucketManifestOf(
        "defaults:\n  disks: [{ diskImageSize: 40 }, { ossObject: b.raw }]\n  tags: { Team: a }",
      ),
      sidecar: sidecarOf("disks: [{ format: RAW }]\ntags: { team: b }"),
    });
    expect(resolved.settings).toMatchObject({ disks: [{ format: "RAW" }], tags: { team: "b" } });
    expect([...resolved.provenance.keys()].filter((pointer) => pointer.startsWith("/tags"))).toEqual(["/tags/team"]);
  });

  it.each([
    [{ architecture: "arm64" }, { bootMode: "UEFI", osType: "linux", platform: "Others Linux" }],
    [{ platform: "Windows Server 2022" }, { bootMode: "BIOS", osType: "windows", architecture: "x86_64" }],
    [{ osType: "windows" }, { bootMode: "BIOS", osType: "windows" }],
  ] as const)("have defaults that agree with %j", (detected, expected) => {
    const resolved = resolve("a.raw", { detected });
    expect(resolved.settings).toMatchObject(expected);
    expect(checkResolved(resolved)).toEqual([]);
  });

  it("say where a derived system type comes from", () => {
    expect(placeIn(resolve("a.raw", { detected: { platform: "Other Windows" } }), "/osType")).toBe(
      "follows from the platform",
    );
  });

  it("have no settings called match, ignore or requireManifest", () => {
    expect(Object.keys(resolve("web/old/a.raw", { bucketManifest }).settings)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/match|ignore|requireManifest/)]),
    );
  });

  it("have provenance for exactly the leaves that are set, whatever they hold", () => {
    const settings = fc.record(
      {
        imageName: fc.string(),
        bootMode: fc.constantFrom("BIOS" as const, "UEFI" as const),
        tags: fc.dictionary(fc.constantFrom("a", "A", "b", "constructor", "x/y~z"), fc.string()),
        features: fc.record({ imdsSupport: fc.constantFrom("v1" as const, "v2" as const) }, { requiredKeys: [] }),
        disks: fc.array(fc.record({ ossObject: fc.string() })),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(settings), (all) => {
        const layers = all.map(
          (each, index): Layer => ({ name: "sidecar", settings: each, placeOf: () => `layer ${index}` }),
        );
        const { settings: merged, provenance } = resolveSettings(layers);
        const groups = [merged.tags, merged.features, ...(merged.disks ?? [])].flatMap((group) =>
          Object.keys(group ?? {}),
        ).length;
        const whole = Object.keys(merged).filter((key) => key !== "tags" && key !== "features").length;
        expect(provenance.size).toBe(groups + whole);
        for (const key of ["imageName", "bootMode", "disks"] as const) {
          expect(merged[key]).toEqual(all.findLast((each) => each[key] !== undefined)?.[key]);
        }
      }),
    );
  });
});

describe("rules", () => {
  it.each([
    ["db/a.raw", {}],
    ["web/a.raw", { manifestRequiredBy: "bucket manifest image-import.yaml:11" }],
    ["web/old/a.raw", { ignoredBy: "bucket manifest image-import.yaml:14" }],
    ["web/old/keep/a.raw", {}],
  ])("let the last word about %s be %j", (key, verdict) => {
    expect(ruleVerdict(bucketManifest, key)).toEqual(verdict);
  });
});

describe("privileges", () => {
  const sidecar = sidecarOf(
    "imageName: web\nroleName: Admin\nresourceGroupId: rg-a\nstorageLocationArn: arn:acs:cloudbox:cn:1:cloudbox/a\ndisks:\n  - {}\n  - ossObject: /secret/a.raw\n",
    "web/a.qcow2.import.yaml",
  );
  const given = { settings: sidecar.manifest, file: sidecar.file, positionOf: sidecar.positionOf };

  it("of the bucket's owner are refused in a sidecar, each with its place and what to do", () => {
    const problems = checkPrivileges(given, undefined);
    expect(problems.map(({ pointer, line }) => [pointer, line])).toEqual([
      ["/roleName", 2],
      ["/resourceGroupId", 3],
      ["/storageLocationArn", 4],
      ["/disks/1/ossObject", 7],
    ]);
    expect(problems[0]).toMatchObject({
      message: "roleName is for the bucket's owner to set.",
      hint: "Set it in the bucket manifest, or add roleName to policy.sidecarMay there.",
    });
  });

  it("can be given away by the policy, one by one", () => {
    const left = checkPrivileges(given, { sidecarMay: ["roleName", "disks"] });
    expect(left.map(({ pointer }) => pointer)).toEqual(["/resourceGroupId", "/storageLocationArn"]);
  });

  it("hold for metadata too", () => {
    expect(checkPrivileges({ settings: { roleName: "Admin" }, file: "a.raw" }, undefined)).toHaveLength(1);
  });

  it.each([
    ["web/a.import.yaml", "b.raw", true],
    ["web/a.import.yaml", "disks/b.raw", true],
    ["web/a.import.yaml", "/web/b.raw", true],
    ["web/a.import.yaml", "/web2/b.raw", false],
    ["web/a.import.yaml", "/b.raw", false],
    ["web/a.import.yaml", "../db/b.raw", false],
    ["a.import.yaml", "b.raw", true],
    ["a.import.yaml", "web/b.raw", false],
    ["a.import.yaml", "/web/b.raw", false],
  ])("let %s name the disk %s: %s", (file, ossObject, allowed) => {
    expect(checkPrivileges({ settings: { disks: [{ ossObject }] }, file }, {}).length === 0).toBe(allowed);
  });
});

describe("resolved settings", () => {
  it("that contradict each other are a problem with both places", () => {
    const resolved = resolve("a.qcow2", {
      detected: { architecture: "arm64" },
      bucketManifest: bucketManifestOf("defaults:\n  bootMode: BIOS"),
    });
    expect(checkResolved(resolved)).toEqual([
      {
        file: "image-import.yaml",
        line: 3,
        column: 3,
        pointer: "/bootMode",
        message:
          "bootMode is BIOS, but an arm64 image boots with UEFI only. (architecture: detected from the image; bootMode: bucket manifest image-import.yaml:3)",
        hint: "Set bootMode to UEFI or remove it.",
      },
    ]);
  });

  it("have at most 16 tags over all layers", () => {
    const tags = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => `tag${from + index}: a`).join(", ");
    const sources = (count: number) => ({
      bucketManifest: bucketManifestOf(`defaults: { tags: { ${tags(0, 10)} } }`),
      sidecar: sidecarOf(`tags: { ${tags(10, count)} }`),
    });
    expect(checkResolved(resolve("a.raw", sources(6)))).toEqual([]);
    expect(checkResolved(resolve("a.raw", sources(7)))).toMatchObject([
      {
        pointer: "/tags/tag16",
        message:
          "All layers together give 17 tags; at most 16 are possible. (bucket manifest image-import.yaml; sidecar web.qcow2.import.yaml)",
      },
    ]);
  });

  it("have a default name that is made valid", () => {
    const resolved = resolve("2024 web.qcow2", {});
    expect(expandTexts(resolved, { stem: "2024 web", modified: "20260102030405" })).toEqual({
      texts: { imageName: "image-2024-web-20260102030405" },
    });
  });

  it("have a given name that is never changed: an invalid one is a problem at its place", () => {
    const resolved = resolve("web.qcow2", { sidecar: sidecarOf('imageName: "{stem}"\ndescription: "{version}"\n') });
    expect(expandTexts(resolved, { stem: "my web" })).toEqual({
      problems: [
        expect.objectContaining({ line: 1, pointer: "/imageName", message: expect.stringContaining("only letters") }),
        expect.objectContaining({ line: 2, pointer: "/description", message: expect.stringContaining("not detected") }),
      ],
    });
    expect(expandTexts(resolved, { stem: "web", version: "12" })).toEqual({
      texts: { imageName: "web", description: "12" },
    });
  });
});
