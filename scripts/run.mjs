// Runs a TypeScript program with plain Node 20: node scripts/run.mjs tests/bench/run.ts [arguments]
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";

const [program, ...rest] = process.argv.slice(2);
const outfile = join(dirname(program), `.${basename(program, ".ts")}.run.cjs`);
try {
  await build({
    entryPoints: [program],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    sourcemap: "inline",
    packages: "external",
    logLevel: "warning",
    define: { "import.meta.url": "__importMetaUrl" },
    banner: { js: 'const __importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
  const { status } = spawnSync(process.execPath, ["--enable-source-maps", ...process.execArgv, outfile, ...rest], {
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(outfile, { force: true });
}
