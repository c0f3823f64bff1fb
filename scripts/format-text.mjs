import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = new URL("..", import.meta.url);
const biome = fileURLToPath(new URL("node_modules/@biomejs/biome/bin/biome", root));

/** A generated text as the linter formats it, so that it has nothing to change in a committed file. `name`: for its ending. */
export function formatted(text, name) {
  return execFileSync(process.execPath, [biome, "format", `--stdin-file-path=${name}`], {
    input: text,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "ignore"],
    cwd: fileURLToPath(root),
  });
}
