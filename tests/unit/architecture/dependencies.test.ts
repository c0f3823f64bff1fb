import definitions from "../../fixtures/ecs-api/parameter-names.json" with { type: "json" };
import { type Source, sourcesIn } from "./source-imports.ts";

const product = sourcesIn("functions", "shared", "local", "cli");
const inFolder = (folder: string): readonly Source[] => product.filter(({ path }) => path.startsWith(`${folder}/`));

/** `from → to` for every import of these sources that is not allowed. */
const breaches = (
  sources: readonly Source[],
  isAllowed: (target: string, source: Source) => boolean,
): readonly string[] =>
  sources.flatMap((source) =>
    source.imports.filter(({ target }) => !isAllowed(target, source)).map(({ target }) => `${source.path} → ${target}`),
  );

const isOurs = (target: string): boolean => /^(?:functions|shared|local|cli|tests|scripts|dist)\//.test(target);
const isSdk = (target: string): boolean => target === "ali-oss" || target.startsWith("@alicloud/");

/** The other end of a process boundary: it runs a function in a process of its own, as FC's runtime would. */
const bootstrap = "local/fc/bootstrap.ts";

describe("the product's modules", () => {
  it("are all seen by this test", () => {
    expect(product.length).toBeGreaterThan(150);
    const known = new Set(product.map(({ path }) => path));
    const unknown = breaches(
      product,
      (target) => !isOurs(target) || known.has(target) || /generated\/|\.(json|cjs)$/.test(target),
    );
    expect(unknown).toEqual([]);
    expect(product.find(({ path }) => path === "functions/import-image/index.ts")?.imports).toContainEqual({
      target: "functions/import-image/import-uploads.ts",
      typeOnly: false,
      dynamic: true,
    });
  });

  it.each([
    ["functions/import-image", ["functions/import-image", "shared"]],
    ["functions/report-tasks", ["functions/report-tasks", "shared"]],
    ["shared", ["shared"]],
    ["shared/inspection", ["shared/inspection"]],
    ["shared/manifest", ["shared/manifest"]],
    ["cli", ["cli", "shared", "local"]],
  ])("of %s depend on %j only", (folder, allowed) => {
    const isAllowed = (target: string): boolean =>
      !isOurs(target) || allowed.some((one) => target.startsWith(`${one}/`));
    expect(breaches(inFolder(folder), isAllowed)).toEqual([]);
  });

  it("of local know nothing of the product but its clock", () => {
    const isAllowed = (target: string): boolean =>
      !isOurs(target) || target.startsWith("local/") || target === "shared/clock.ts";
    expect(breaches(inFolder("local"), isAllowed)).toEqual([]);
  });

  it("take the vendor's SDKs through the adapters in shared/cloud only", () => {
    const outside = product.filter(({ path }) => !path.startsWith("shared/cloud/alibaba-"));
    const found = outside.flatMap(({ path, imports }) =>
      imports.filter(({ target }) => isSdk(target)).map(({ target, typeOnly }) => ({ path, target, typeOnly })),
    );
    // The names of ImportImage's parameters are held to the SDK's by the compiler.
    const oracle = { path: "shared/importing/import-request.ts", target: "@alicloud/ecs20140526", typeOnly: true };
    expect(found).toEqual([oracle]);
  });

  it("do not depend on each other in circles", () => {
    expect(cycles(product)).toEqual([]);
  });

  it("that decide what an object is load neither an SDK nor anything of an import", () => {
    const loaded = loadedAtStart("functions/import-image/index.ts");
    expect(loaded.length).toBeGreaterThan(5);
    expect(loaded.filter((path) => isSdk(path) || !(isOurs(path) || path.startsWith("node:")))).toEqual([]);
    expect(loaded.filter((path) => /^shared\/(cloud|inspection|ledger)\//.test(path))).toEqual([]);
  });

  it("read the environment and write output in one place", () => {
    const places = product.filter(({ text }) => /\bprocess\.env\b/.test(text)).map(({ path }) => path);
    expect(places).toEqual(["shared/runtime/process-io.ts", bootstrap]);
  });

  it("take the time from a clock that can be replaced", () => {
    const places = product.filter(({ text }) => /\bDate\.now\(\)|\bnew Date\(\)/.test(text)).map(({ path }) => path);
    expect(places).toEqual(["shared/clock.ts", bootstrap]);
  });

  it("are called for what they give, in kebab-case", () => {
    const names = product.map(({ path }) => path);
    expect(
      names.filter((path) => !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)+[a-z0-9]+(?:-[a-z0-9]+)*\.(?:d\.)?ts$/.test(path)),
    ).toEqual([]);
    expect(names.filter((path) => /(?:^|\/)(?:utils?|helpers?|common|types|misc|lib)(?:\.ts$|\/)/.test(path))).toEqual(
      [],
    );
  });

  /** Files that are long for a reason, and how long they may be. */
  const long = new Map([
    // Tables of texts: a line or two for each error and finding.
    ["shared/importing/error-catalogue.ts", 400],
    ["shared/inspection/findings.ts", 400],
    // One flow each, told in the order of time.
  ]);

  it("have at most 300 lines, but for a few", () => {
    const tooLong = product
      .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
      .filter(({ path, lines }) => lines > (long.get(path) ?? 300));
    expect(tooLong).toEqual([]);
  });

  it("switch no rule of the linter off without a reason", () => {
    const silent = product.flatMap(({ path, text }) =>
      [...text.matchAll(/biome-ignore(?:-all)? [^:\n]*(?::\s*(.*))?/g)].filter(([, reason]) => !reason).map(() => path),
    );
    expect(silent).toEqual([]);
    expect(product.filter(({ text }) => /@ts-(?:ignore|nocheck|expect-error)/.test(text))).toEqual([]);
  });
});

describe("our ImportImage request", () => {
  it("has exactly the parameters of the API's definition", () => {
    const source = product.find(({ path }) => path === "shared/importing/import-request.ts")?.text ?? "";
    const [, body = ""] = /export interface ImportImageRequest \{([\s\S]*?)\n\}/.exec(source) ?? [];
    const names = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name);
    expect(names.sort()).toEqual([...definitions.operations.ImportImage].sort());
  });
});

/** Everything that is loaded together with a module, before anything is asked of it. */
function loadedAtStart(entry: string): readonly string[] {
  const byPath = new Map(product.map((source) => [source.path, source]));
  const seen = new Set<string>();
  const queue = [entry];
  for (const path of queue) {
    for (const { target, typeOnly, dynamic } of byPath.get(path)?.imports ?? []) {
      if (typeOnly || dynamic || seen.has(target)) continue;
      seen.add(target);
      queue.push(target);
    }
  }
  return [...seen];
}

/** Circles of modules that need each other when they are loaded; types alone need nothing. */
function cycles(sources: readonly Source[]): readonly string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      found.push([...way.slice(way.indexOf(path)), path].join(" → "));
      return;
    }
    state.set(path, "open");
    for (const { target, typeOnly, dynamic } of byPath.get(path)?.imports ?? [])
      if (!typeOnly && !dynamic && byPath.has(target)) visit(target, [...way, path]);
    state.set(path, "done");
  };
  for (const { path } of sources) visit(path, []);
  return found;
}
