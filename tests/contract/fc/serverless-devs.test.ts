// The judge of how s.yaml is read is the vendor's own `s`. fc3 itself would have to be downloaded: a stub stands in.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { interpolate } from "../../../local/fc/s-yaml.ts";

const variables = {
  IMPORT_ACCOUNT_ID: "0012345678901234",
  IMPORT_BUCKET: "images",
  IMPORT_STATE_BUCKET: "images-state",
  IMPORT_PREFIX: "in/",
  IMPORT_LOG_LEVEL: "debug",
};
const stub = `module.exports = class {
  async deploy(inputs) { require("node:fs").appendFileSync(process.env.SEEN, JSON.stringify(inputs.props) + "\\n"); }
};`;

describe("Serverless Devs", () => {
  const folder = mkdtempSync(join(tmpdir(), "s-yaml-"));
  const seen = join(folder, "seen");
  beforeAll(() => {
    mkdirSync(join(folder, "stub"));
    writeFileSync(join(folder, "stub/index.js"), stub);
    writeFileSync(join(folder, "stub/package.json"), '{"name":"stub","version":"1.0.0","main":"index.js"}');
    writeFileSync(
      join(folder, ".env"),
      Object.entries(variables)
        .map((pair) => `${pair.join("=")}\n`)
        .join(""),
    );
    const text = readFileSync("s.yaml", "utf8");
    const changed = text
      .replaceAll("component: fc3", "component: ./stub")
      .replace("run: npm run build", "run: echo built");
    writeFileSync(join(folder, "s.yaml"), changed);
    const s = (...words: string[]): string =>
      execFileSync(process.execPath, [resolve("node_modules/.bin/s"), ...words], {
        cwd: folder,
        encoding: "utf8",
        env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: folder, SEEN: seen },
        stdio: ["ignore", "pipe", "pipe"],
      });
    s("config", "add", "--AccessKeyID", "id", "--AccessKeySecret", "secret", "--AccountID", "1", "-a", "default", "-f");
    s("deploy", "-y");
  });
  // The command may still be writing its log.
  afterAll(() => rmSync(folder, { recursive: true, maxRetries: 10 }));

  it("deploys what the embedded FC runs", () => {
    const read = interpolate(parse(readFileSync("s.yaml", "utf8")), variables) as {
      resources: Record<string, { props: object }>;
    };
    const deployed = readFileSync(seen, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    // `s` makes the path of the code absolute.
    const comparable = (props: object) => ({ ...props, code: expect.stringContaining("/dist/") });
    expect(deployed).toHaveLength(2);
    expect(deployed).toEqual(
      expect.arrayContaining(Object.values(read.resources).map(({ props }) => comparable(props))),
    );
  });
});
