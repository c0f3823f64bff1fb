import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { finding, findingCatalogue, gravestFirst } from "../../../shared/inspection/findings.ts";

const inspectionFolder = join(__dirname, "../../../shared/inspection");

describe("the catalogue of findings", () => {
  it("says of every code what it means and where the rule comes from", () => {
    for (const [code, kind] of Object.entries(findingCatalogue)) {
      expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(kind.meaning).toMatch(/\.$/);
      expect(kind.source).not.toBe("");
    }
  });

  it("knows every code that the inspection's sources name", () => {
    const files = readdirSync(inspectionFolder, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".ts"),
    );
    // A partition table has notes with codes of their own; they are no findings.
    const makers = files.filter((file) => !file.startsWith("partition/"));
    const named = makers.flatMap((file) => {
      const text = readFileSync(join(inspectionFolder, file), "utf8");
      return [...text.matchAll(/(?:finding\(\s*|code: )"([a-z0-9-]+\.[a-z0-9-]+)"/g)].map((match) => match[1] ?? "");
    });
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((code) => !Object.hasOwn(findingCatalogue, code))).toEqual([]);
  });

  it("gives a finding its severity, and the gravest go first", () => {
    const info = finding("guest.not-inspected", "m", "f");
    const warning = finding("qcow2.dirty", "m", "f");
    const error = finding("image.empty", "m", "f");
    expect(gravestFirst([info, warning, error]).map((found) => found.severity)).toEqual(["error", "warning", "info"]);
  });
});
