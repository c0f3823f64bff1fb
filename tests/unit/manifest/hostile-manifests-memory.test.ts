import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { bombs } from "./manifest-bombs.ts";

const folder = mkdtempSync(join(tmpdir(), "hostile-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Names each thing before it does it, so that the last name is of what it died of. */
const program = `
import { parentPort } from "node:worker_threads";
import { settingsFromMetadata } from "${process.cwd()}/shared/manifest/metadata-settings.ts";
import { metadataSettings } from "${process.cwd()}/shared/manifest/metadata-names.ts";
import { readManifest } from "${process.cwd()}/shared/manifest/read-manifest.ts";
import { bombs } from "${process.cwd()}/tests/unit/manifest/manifest-bombs.ts";
for (const [name, text] of bombs) {
  parentPort?.postMessage(name);
  for (const file of ["m.yaml", "m.json"]) {
    readManifest(text, file, "sidecar");
    readManifest(Buffer.from(text), file, "bucket");
  }
  parentPort?.postMessage(name + ", in metadata");
  const names = [...Object.keys(metadataSettings), "no-such-name", text];
  settingsFromMetadata(Object.fromEntries(names.map((one) => ["x-oss-meta-import-" + one, text])), "a.raw");
}
`;

/** The same thread, when it takes what no reader may. */
const greedyProgram = `
import { parentPort } from "node:worker_threads";
parentPort?.postMessage("greed");
const held: number[][] = [];
while (held.length < 32) held.push(new Array(2 ** 17).fill(held.length));
parentPort?.postMessage(held.length + " MiB");
`;

/** In MiB: all that the thread has on its heap, with the reader's code and the bombs themselves. */
const limit = 32;
/** Of which for what is young, which V8 limits on its own. */
const young = 4;

/** Runs a program in a thread that dies of more memory than the limit; gives what it named, and of what it died. */
async function run(source: string): Promise<{ readonly named: readonly string[]; readonly death: string | undefined }> {
  writeFileSync(join(folder, "program.ts"), source);
  const options = ["--bundle", "--platform=node", "--target=node20", "--outfile=program.js", "--log-level=error"];
  execFileSync(join(process.cwd(), "node_modules/.bin/esbuild"), ["program.ts", ...options], { cwd: folder });
  const worker = new Worker(join(folder, "program.js"), {
    resourceLimits: { maxOldGenerationSizeMb: limit - young, maxYoungGenerationSizeMb: young },
  });
  const named: string[] = [];
  worker.on("message", (name: string) => named.push(name));
  const death = await new Promise<string | undefined>((resolve) => {
    worker.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    worker.on("exit", () => resolve(undefined));
  });
  return { named, death };
}

describe("the memory for hostile manifests and metadata", () => {
  it("stays within 32 MiB, whatever they are filled with", async () => {
    const { named, death } = await run(program);
    const all = bombs.flatMap(([name]) => [name, `${name}, in metadata`]);
    expect(death === undefined ? undefined : [death, named.at(-1)]).toBeUndefined();
    expect(named).toEqual(all);
  });

  it("is measured by a thread that does die of more", async () => {
    expect(await run(greedyProgram)).toEqual({ named: ["greed"], death: "ERR_WORKER_OUT_OF_MEMORY" });
  });
});
