// Jest runs CommonJS; our sources are ES modules with .ts endings. esbuild, which also builds the bundles, bridges the two.
const { transformSync } = require("esbuild");
const { createHash } = require("node:crypto");

const options = {
  loader: "ts",
  format: "cjs",
  target: "node20",
  sourcemap: "inline",
  supported: { "dynamic-import": false },
  define: { "import.meta.url": "__importMetaUrl" },
  banner: 'const __importMetaUrl = require("node:url").pathToFileURL(__filename).href;',
};

module.exports = {
  getCacheKey: (source, path) =>
    createHash("sha1").update(source).update(path).update(JSON.stringify(options)).digest("hex"),
  process: (source, path) => transformSync(source, { ...options, sourcefile: path }),
};
