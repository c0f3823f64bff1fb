import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "../../../shared/manifest/read-manifest.ts";

const folder = join(__dirname, "../../fixtures/manifests");

interface Expected {
  readonly pointer: string;
  readonly line?: number;
  readonly hint?: string;
}

function problemsOf(set: "valid" | "invalid", name: string) {
  const bytes = readFileSync(join(folder, set, name));
  const reading = name.includes("image-import")
    ? readManifest(bytes, name, "bucket")
    : readManifest(bytes, name, "sidecar");
  return "problems" in reading ? reading.problems : [];
}

describe("manifests on disk", () => {
  it.each(readdirSync(join(folder, "valid")))("%s is good", (name) => {
    expect(problemsOf("valid", name)).toEqual([]);
  });

  const invalid = readdirSync(join(folder, "invalid")).filter((name) => !name.endsWith(".expected.json"));
  it.each(invalid)("%s has exactly the expected problems, in order", (name) => {
    const expected = JSON.parse(readFileSync(join(folder, "invalid", `${name}.expected.json`), "utf8")) as Expected[];
    const problems = problemsOf("invalid", name);
    expect(problems.map(({ pointer }) => pointer)).toEqual(expected.map(({ pointer }) => pointer));
    for (const [index, { line, hint }] of expected.entries()) {
      expect(problems[index]?.message).toMatch(/^\S.*\.$/s);
      if (line !== undefined) expect(problems[index]?.line).toBe(line);
      if (hint !== undefined) expect(problems[index]?.hint).toContain(hint);
    }
  });
});

describe("docs/manifest.md", () => {
  const page = readFileSync(join(__dirname, "../../../docs/manifest.md"), "utf8");
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = ""]) => text);

  it("shows manifests", () => {
    expect(examples.length).toBeGreaterThan(2);
  });

  it.each(examples)("shows one that is good: %s", (text) => {
    const isBucketManifest = text.startsWith("# image-import.yaml");
    const reading = isBucketManifest ? readManifest(text, "m.yaml", "bucket") : readManifest(text, "m.yaml", "sidecar");
    expect(reading).toHaveProperty("manifest");
  });
});
