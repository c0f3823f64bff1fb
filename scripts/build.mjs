// Bundles the functions and the command: node scripts/build.mjs
//
// FC's start time depends on how much script a new instance must parse. Each function is therefore one minified file,
// and every dynamic import of one of our own modules becomes a file of its own beside it, read only when it is reached:
// an event that is ignored never loads an SDK. esbuild splits code for ES modules only, so the splitting is done here.
// A module that is used by an entry and by its chunk is in both files, as two instances: share no state that way.
import { existsSync } from "node:fs";
import { chmod, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const bin = "dist/cli/oss-image-import.js";

const targets = [
  { folder: "dist/import-image", entries: { index: "functions/import-image/index.ts" }, minify: true },
  { folder: "dist/report-tasks", entries: { index: "functions/report-tasks/index.ts" }, minify: true },
  {
    folder: "dist/cli",
    entries: { "oss-image-import": "cli/main.ts", "fc-bootstrap": "local/fc/bootstrap.ts" },
    minify: false,
  },
];

/** Turns `import("./x.ts")` into a lazy `require("./<path>.js")` and remembers the file, to be bundled next. */
const splitDynamicImports = (found) => ({
  name: "split-dynamic-imports",
  setup(bundler) {
    bundler.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ kind, path, resolveDir }) => {
      if (kind !== "dynamic-import") return undefined;
      const file = relative(root, resolve(resolveDir, path));
      const name = file.slice(0, -extname(file).length).replaceAll(/[\\/]/g, "-");
      found.set(name, file);
      return { path: `./${name}.js`, external: true };
    });
  },
});

const bundle = (folder, entries, minify, found) =>
  build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).map(([out, path]) => ({ in: path, out })),
    outdir: folder,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    minify,
    // Error and class names are part of what the logs say.
    keepNames: minify,
    legalComments: "linked",
    // ali-oss asks for it only when a proxy is configured.
    external: ["proxy-agent"],
    // require() of a chunk is synchronous and, unlike import(), starts no second module loader.
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "__importMetaUrl" },
    banner: { js: 'const __importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
    plugins: [splitDynamicImports(found)],
    logLevel: "warning",
    metafile: true,
  });

/** Bundles the entries, then the chunks that they ask for, then the chunks of those. */
const buildTarget = async ({ folder, entries, minify }) => {
  await rm(join(root, folder), { recursive: true, force: true });
  const present = Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(join(root, path))));
  for (const path of Object.values(entries)) {
    if (!Object.values(present).includes(path)) console.log(`${folder}: ${path} does not exist, left out`);
  }
  const done = new Set();
  let next = present;
  while (Object.keys(next).length > 0) {
    const found = new Map();
    const { metafile } = await bundle(folder, next, minify, found);
    for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
      if (file.endsWith(".js")) console.log(`${file}  ${(bytes / 1024).toFixed(1)} KiB`);
    }
    for (const name of Object.keys(next)) done.add(name);
    next = Object.fromEntries([...found].filter(([name]) => !done.has(name)));
  }
  if (done.size > 0) await writeFile(join(root, folder, "package.json"), '{"type":"commonjs"}\n');
};

/** Makes `npx oss-image-import` work in a checkout: npm links a package's commands for its dependents only. */
const makeCommand = async () => {
  const file = join(root, bin);
  if (!existsSync(file)) return;
  const text = await readFile(file, "utf8");
  if (!text.startsWith("#!")) await writeFile(file, `#!/usr/bin/env node\n${text}`);
  await chmod(file, 0o755);
  const links = join(root, "node_modules/.bin");
  if (process.platform === "win32" || !existsSync(links)) return;
  const link = join(links, "oss-image-import");
  await rm(link, { force: true });
  await symlink(relative(links, file), link);
};

try {
  for (const target of targets) await buildTarget(target);
  await makeCommand();
} catch (error) {
  // esbuild has already shown where and what.
  if (!("errors" in error)) console.error(error);
  process.exitCode = 1;
}
