import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packed from "./packed-initramfs.json" with { type: "json" };

const folder = mkdtempSync(join(tmpdir(), "bundled-"));
afterAll(() => rmSync(folder, { recursive: true }));

const unpacker = join(process.cwd(), "shared/inspection/guest/initramfs");

/** Unpacks what it is given in base64 and says how many bytes it came to. */
const program = `
import { FileCursor } from "${unpacker}/file-cursor.ts";
import { unpackAt } from "${unpacker}/unpack.ts";
const bytes = Buffer.from(process.argv[2] ?? "", "base64");
const read = async (at: number, length: number) => bytes.subarray(at, at + length);
async function count(): Promise<void> {
  let sum = 0;
  for await (const piece of await unpackAt(new FileCursor({ kind: "file", size: bytes.length, read }))) sum += piece.length;
  process.stdout.write(String(sum));
}
void count();
`;

describe("an initramfs, read by a bundle that is split as the shipped one is", () => {
  /** As scripts/build.mjs: split into ES modules, each of which is then made CommonJS. */
  beforeAll(() => {
    writeFileSync(join(folder, "program.ts"), program);
    const esbuild = (...options: string[]) =>
      execFileSync(
        join(process.cwd(), "node_modules/.bin/esbuild"),
        [...options, "--platform=node", "--target=node20", "--log-level=error"],
        { cwd: folder },
      );
    esbuild("program.ts", "--bundle", "--splitting", "--format=esm", "--outdir=split");
    const files = readdirSync(join(folder, "split")).map((name) => `split/${name}`);
    esbuild(...files, "--format=cjs", "--supported:dynamic-import=false", "--outdir=shipped");
  });

  it.each(["zstd", "xz", "lz4"] as const)("is unpacked from %s", (kind) => {
    const count = execFileSync(process.execPath, ["shipped/program.js", packed[kind]], { cwd: folder }).toString();
    expect(Number(count)).toBeGreaterThan(1000);
  });
});
