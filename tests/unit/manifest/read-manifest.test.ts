import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ReadManifest, readManifest } from "../../../shared/manifest/read-manifest.ts";
import type { Settings } from "../../../shared/manifest/settings.ts";

function sidecar(text: string | Uint8Array, file = "a.import.yaml"): ReadManifest<Settings> {
  const reading = readManifest(text, file, "sidecar");
  if ("problems" in reading) throw new Error(JSON.stringify(reading.problems));
  return reading;
}

describe("readManifest", () => {
  it("reads YAML with the place of each key", () => {
    const { manifest, positionOf, file } = sidecar(
      "# the web server\nimageName: web\ndisks:\n  - diskImageSize: 40\n  -\n    ossObject: b.raw\n",
    );
    expect(manifest).toEqual({ imageName: "web", disks: [{ diskImageSize: 40 }, { ossObject: "b.raw" }] });
    expect(file).toBe("a.import.yaml");
    expect(positionOf("/imageName")).toEqual({ line: 2, column: 1 });
    expect(positionOf("/disks")).toEqual({ line: 3, column: 1 });
    expect(positionOf("/disks/0/diskImageSize")).toEqual({ line: 4, column: 5 });
    expect(positionOf("/disks/1/ossObject")).toEqual({ line: 6, column: 5 });
  });

  it("gives the place of the nearest parent for what is not there", () => {
    const { positionOf } = sidecar("imageName: web\nfeatures:\n  nvmeSupport: supported\n");
    expect(positionOf("/features/imdsSupport")).toEqual({ line: 2, column: 1 });
    expect(positionOf("/platform")).toEqual({ line: 1, column: 1 });
  });

  it("reads strict JSON with the place of each key", () => {
    const { manifest, positionOf } = sidecar(
      '{\r\n\t"imageName": "\\u7f51\\u7ad9",\r\n "disks": [ {"diskImageSize": 4e1} ] }',
      "a.JSON",
    );
    expect(manifest).toEqual({ imageName: "网站", disks: [{ diskImageSize: 40 }] });
    expect(positionOf("/imageName")).toEqual({ line: 2, column: 2 });
    expect(positionOf("/disks/0/diskImageSize")).toEqual({ line: 3, column: 14 });
  });

  it.each([
    [
      "tags: { a: no, b: off, c: yes, d: 2026-01-01, e: 1_000, f: 012x }",
      { a: "no", b: "off", c: "yes", d: "2026-01-01", e: "1_000", f: "012x" },
    ],
    ["tags: { 2022: x, true: y, a/b~c: z }", { "2022": "x", true: "y", "a/b~c": "z" }],
    ['tags:\n  long: >-\n    two\n    lines\n  quoted: "a\\u0041b"', { long: "two lines", quoted: "aAb" }],
  ])("reads %s by the core schema of YAML 1.2", (text, tags) => {
    expect(sidecar(text).manifest.tags).toEqual(tags);
  });

  it("names every problem at once, in the order of the text", () => {
    const reading = readManifest(
      "inspect: deep\nroleName: a b\ntags: {a: 1}\nexpect: {crc64: '99999999999999999999'}\n",
      "a.yaml",
      "sidecar",
    );
    expect(reading).toMatchObject({
      problems: [
        { pointer: "/inspect", line: 1, column: 10 },
        { pointer: "/roleName", line: 2, column: 11 },
        { pointer: "/tags/a", line: 3, column: 11 },
        { pointer: "/expect/crc64", line: 4, column: 17 },
      ],
    });
  });

  it("says how to escape what would disturb a terminal", () => {
    const reading = readManifest('"\\e[31mimage\\u202e": web', "a.yaml", "sidecar");
    expect(reading).toMatchObject({ problems: [{ message: 'There is no key "\\u001b[31mimage\\u202e" here.' }] });
  });

  it("reads a bucket manifest as large as one can reasonably be", () => {
    const rule = (index: number) =>
      `  - match: "team-${index}/**"\n    osType: windows\n    platform: Windows Server 2022\n    licenseType: BYOL\n    tags: { team: t${index} }\n`;
    const text = `version: 1\nrules:\n${Array.from({ length: 200 }, (_, index) => rule(index)).join("")}`;
    const reading = readManifest(text, "image-import.yaml", "bucket");
    expect(reading).toHaveProperty("manifest.rules.length", 200);
  });
});

describe("the precompiled validators", () => {
  it("need no package at run time", () => {
    const code = readFileSync(join(__dirname, "../../../shared/manifest/generated/validators.cjs"), "utf8");
    expect(code).toContain("validateBucketManifest");
    // ajv keeps the text of one call, for generating code, in a string.
    expect(code.replace(/'require\([^']*'/g, "")).not.toMatch(/\brequire\(/);
    expect(Buffer.byteLength(code)).toBeLessThan(80_000);
  });
});
