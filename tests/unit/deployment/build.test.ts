import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

// The script builds the checkout that it lies in, so it is given one of its own.
const root = mkdtempSync(join(tmpdir(), "build-"));
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const build = () => spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { encoding: "utf8" });
const run = (script: string): string =>
  execFileSync(process.execPath, ["-e", script], { encoding: "utf8", cwd: root }).trim();

beforeAll(() => {
  mkdirSync(join(root, "scripts"));
  copyFileSync("scripts/build.mjs", join(root, "scripts/build.mjs"));
  mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
  for (const name of ["esbuild", "@esbuild"])
    symlinkSync(resolve("node_modules", name), join(root, "node_modules", name));
  write("shared/special.ts", 'export class Special extends Error { override readonly name = "Special"; }');
  write(
    "shared/deep.ts",
    'import { Special } from "./special.ts"; export const fail = (): never => { throw new Special("x"); };',
  );
  write(
    "shared/heavy.ts",
    `import { Special } from "./special.ts";
     export const work = async (): Promise<string> => {
       const { fail } = await import("./deep.ts");
       try { return fail(); } catch (error) { return [error instanceof Special, (error as Error).name, import.meta.url.slice(0, 8)].join(" "); }
     };`,
  );
  write(
    "functions/import-image/index.ts",
    'export const handler = async (event: Buffer) => event.length === 0 ? "ignored" : (await import("../../shared/heavy.ts")).work();',
  );
  write("cli/main.ts", 'process.stdout.write("command " + import.meta.url.slice(0, 8) + "\\n");');
});
afterAll(() => rmSync(root, { recursive: true }));

describe("the build", () => {
  it("bundles what there is, with a line for each folder, and says what there is not", () => {
    const { status, stdout } = build();
    expect(status).toBe(0);
    expect(stdout).toMatch(/^dist\/import-image: \d+ files, [1-9]\d* KiB$/m);
    expect(stdout).toContain("functions/report-tasks/index.ts does not exist");
    expect(JSON.parse(readFileSync(join(root, "dist/import-image/package.json"), "utf8"))).toEqual({
      type: "commonjs",
    });
  });

  it("loads what is imported dynamically only when it is reached", () => {
    const loaded = (event: string) =>
      run(
        `require("./dist/import-image/index.js").handler(Buffer.from("${event}")).then((answer) =>
           console.log(answer + " " + Object.keys(require.cache).filter((file) => file.includes("heavy")).length))`,
      );
    expect(loaded("")).toBe("ignored 0");
    expect(loaded("x")).toMatch(/ 1$/);
  });

  it("has one class for files that throw it and files that catch it, with the name that it gives itself", () => {
    expect(run('require("./dist/import-image/index.js").handler(Buffer.from("x")).then(console.log)')).toBe(
      "true Special file:///",
    );
  });

  it("makes a command that can be run, also through the link", () => {
    for (const path of ["dist/cli/oss-image-import.js", "node_modules/.bin/oss-image-import"]) {
      expect(execFileSync(join(root, path), { encoding: "utf8" })).toBe("command file:///\n");
    }
  });

  it("works where nothing is installed beside it", () => {
    rmSync(join(root, "node_modules/.bin"), { recursive: true });
    expect(build().status).toBe(0);
    expect(existsSync(join(root, "node_modules/.bin"))).toBe(false);
  });

  it("fails when something cannot be built", () => {
    write("cli/main.ts", "export const broken: = 1;");
    expect(build()).toMatchObject({ status: 1, stderr: expect.stringContaining("cli/main.ts:1:21") });
  });
});
