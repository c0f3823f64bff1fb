// Bundles the functions and the command: node scripts/build.mjs
//
// FC's start time depends on how much script a new instance must parse, so whatever is imported dynamically is a file
// of its own that is read only when it is reached: an event that is ignored never loads an SDK. Modules that several
// files need are in one shared file, once: an error class must be the same one where it is thrown and where it is caught.
//
// esbuild splits code for ES modules only, while FC's loader and SDKs written for require() want CommonJS. Hence two
// steps: bundle and split as ES modules in memory, then turn each file into CommonJS.
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const command = "dist/cli/oss-image-import.js";

const targets = [
  { folder: "dist/import-image", entries: { index: "functions/import-image/index.ts" }, minify: true },
  { folder: "dist/report-tasks", entries: { index: "functions/report-tasks/index.ts" }, minify: true },
  { folder: "dist/cli", entries: { "oss-image-import": "cli/main.ts" }, minify: false },
  { folder: "dist/cli", entries: { "fc-bootstrap": "local/fc/bootstrap.ts" }, minify: false },
];

/** What SDKs require where their files begin and use rarely here: each is a file that is loaded at its first use. */
const rarelyUsed = /^(bowser|formstream|iconv-lite|jstoxml|win-release|xmlbuilder)$/;
/** Of what SDKs require, all that is needed here. */
const stubs = {
  // Tells browsers apart for a User-Agent; without its answer ali-oss takes Node.js's own version.
  platform: "module.exports = {};",
  // ali-oss asks it at every request for the type of a body. Whoever sends one here names that, but for ali-oss's own XML.
  mime: 'module.exports = { getType: (name) => (name === "xml" ? "application/xml" : null) };',
};

/**
 * ali-oss signs query parameters in the order of a language, and the first comparison of that kind loads ICU: 6 ms and
 * 3.7 MiB at each start. OSS goes by bytes, and of its parameters' names both make the same order.
 */
const sorting = {
  file: /ali-oss[\\/]lib[\\/]common[\\/]signUtils\.js$/,
  slow: "a.localeCompare(b)",
  fast: "(a < b ? -1 : 1)",
};

/** Adds the names of what is rarely used to `found`. */
const leanSdks = (found) => ({
  name: "lean-sdks",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(platform|mime)$/ }, ({ path }) => ({ path, namespace: "stub" }));
    onLoad({ filter: /.*/, namespace: "stub" }, ({ path }) => ({ contents: stubs[path] }));
    onLoad({ filter: sorting.file }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const warnings = text.includes(sorting.slow) ? [] : [{ text: `${path} has no ${sorting.slow} any more` }];
      return { contents: text.replace(sorting.slow, sorting.fast), warnings };
    });
    onResolve({ filter: rarelyUsed }, ({ path }) => ({ path, namespace: "rarely-used" }));
    onLoad({ filter: /.*/, namespace: "rarely-used" }, ({ path }) => {
      found.add(path);
      return {
        contents: `const load = () => require("./rare-${path}.js");
          module.exports = new Proxy(function () {}, {
            get: (_, name) => load()[name],
            apply: (_, self, values) => Reflect.apply(load(), self, values),
            construct: (_, values) => Reflect.construct(load(), values),
          });`,
      };
    });
    onResolve({ filter: /^\.\/rare-/ }, ({ path }) => ({ path, external: true }));
  },
});

const bundle = async (folder, entries, minify) => {
  const rare = new Set();
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).map(([out, path]) => ({ in: path, out })),
    outdir: folder,
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node20",
    // Naming two thousand functions anew costs the functions' start more than a megabyte. Our errors name themselves; the
    // command's libraries name theirs after the class.
    keepNames: !minify,
    legalComments: "linked",
    // ali-oss asks for it only when a proxy is configured.
    external: ["proxy-agent"],
    plugins: [leanSdks(rare)],
    logLevel: "warning",
  });
  await build({
    absWorkingDir: root,
    entryPoints: [...rare].map((name) => ({ in: name, out: `rare-${name}` })),
    outdir: folder,
    bundle: true,
    minify: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    legalComments: "linked",
    logLevel: "warning",
  });
  return outputFiles;
};

const toCommonJs = async (text, minify) => {
  const { code } = await transform(text, {
    platform: "node",
    format: "cjs",
    target: "node20",
    minify,
    // require() of a file is synchronous and, unlike import(), starts no second module loader.
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "__importMetaUrl" },
    banner: text.includes("import.meta.url")
      ? 'const __importMetaUrl = require("node:url").pathToFileURL(__filename).href;'
      : "",
  });
  return code;
};

const buildTarget = async ({ folder, entries, minify }) => {
  const missing = Object.values(entries).filter((path) => !existsSync(join(root, path)));
  if (missing.length > 0) return console.log(`${folder}: ${missing.join(", ")} does not exist, left out`);
  await mkdir(join(root, folder), { recursive: true });
  for (const { path, text } of await bundle(folder, entries, minify)) {
    const code = path.endsWith(".js") ? await toCommonJs(text, minify) : text;
    const isCommand = relative(root, path) === command;
    await writeFile(path, isCommand && !code.startsWith("#!") ? `#!/usr/bin/env node\n${code}` : code);
  }
  await writeFile(join(root, folder, "package.json"), '{"type":"commonjs"}\n');
};

const tellSize = async (folder) => {
  const files = existsSync(join(root, folder)) ? await readdir(join(root, folder)) : [];
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(root, folder, file))).size));
  const sizeInBytes = sizes.reduce((sum, size) => sum + size, 0);
  if (files.length > 0) console.log(`${folder}: ${files.length} files, ${Math.round(sizeInBytes / 1024)} KiB`);
};

/** The disk that `oss-image-import local` imports when it is given none. */
const copySample = async () => {
  const folder = join(root, "cli/local/sample");
  if (existsSync(folder)) await cp(folder, join(root, "dist/cli/sample"), { recursive: true });
};

/** Makes `npx oss-image-import` work in a checkout: npm links a package's commands for its dependents only. */
const linkCommand = async () => {
  const file = join(root, command);
  if (!existsSync(file)) return;
  await chmod(file, 0o755);
  const links = join(root, "node_modules/.bin");
  if (process.platform === "win32" || !existsSync(links)) return;
  const link = join(links, basename(command, ".js"));
  await rm(link, { force: true });
  await symlink(relative(links, file), link);
};

try {
  for (const folder of new Set(targets.map((target) => target.folder))) {
    await rm(join(root, folder), { recursive: true, force: true });
  }
  for (const target of targets) await buildTarget(target);
  await copySample();
  for (const folder of new Set(targets.map((target) => target.folder))) await tellSize(folder);
  await linkCommand();
} catch (error) {
  // esbuild has already shown where and what.
  if (!("errors" in error)) console.error(error);
  process.exitCode = 1;
}
