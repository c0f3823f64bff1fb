import { readManifest } from "../../../shared/manifest/read-manifest.ts";

describe("readManifest", () => {
  it("reads a sidecar in YAML with the line of each key", () => {
    const reading = readManifest("# the web server\nimageName: web\ntags:\n  team: web\n", "a.import.yaml", "sidecar");
    if ("problems" in reading) throw new Error(JSON.stringify(reading.problems));
    expect(reading.manifest).toEqual({ imageName: "web", tags: { team: "web" } });
    expect(reading.positionOf("/imageName")).toEqual({ line: 2, column: 1 });
    expect(reading.positionOf("/tags/team")).toEqual({ line: 4, column: 3 });
  });
});
