import { build } from "esbuild";

/** Imports a TypeScript source of ours, given from the root of the repository, with everything that it imports. */
export async function loadTypeScript(path) {
  const { outputFiles } = await build({
    entryPoints: [path],
    absWorkingDir: new URL("..", import.meta.url).pathname,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}
