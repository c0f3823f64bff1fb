import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Product, packageRoot, startProduct } from "./product.ts";

/** The product as someone deploys it who wants deletions to cancel: the two commented events of s.yaml taken in. */
export async function startWithDeletions(options: Parameters<typeof startProduct>[0] = {}): Promise<Product> {
  const text = await readFile(join(packageRoot, "s.yaml"), "utf8");
  const subscribed = text.replaceAll(/# - (oss:ObjectRemoved:\w+)/g, "- $1");
  if (subscribed === text) throw new Error("s.yaml has no deletion events to take in");
  const sYamlPath = join(await mkdtemp(join(tmpdir(), "s-yaml-")), "s.yaml");
  await writeFile(sYamlPath, subscribed.replaceAll("code: ./dist/", `code: ${packageRoot}/dist/`));
  return startProduct({
    ...options,
    functions: { ...options.functions, sYamlPath, bootstrapPath: join(packageRoot, "dist/cli/fc-bootstrap.js") },
  });
}
