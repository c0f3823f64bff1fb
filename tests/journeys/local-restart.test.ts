import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { qcow2, raw } from "./product.ts";

const data = mkdtempSync(join(tmpdir(), "local-restart-"));
const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(data, { recursive: true, force: true });
});

interface Line {
  readonly event: string;
  readonly key?: string;
  readonly message?: string;
}

function start(...args: readonly string[]) {
  const command = resolve("dist/cli/oss-image-import.js");
  const quick = ["--json", "--data", data, "--tick-seconds", "0.3"];
  const child = spawn(process.execPath, [command, "local", ...quick, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  const output = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.err += text;
  });
  const lines = (): readonly Line[] =>
    output.out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const keysOf = (event: string): readonly string[] =>
    lines()
      .flatMap((line) => (line.event === event && line.key !== undefined ? [line.key] : []))
      .sort();
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    for (let tries = 0; !holds(); tries += 1) {
      if (tries > 300) throw new Error(`${what} never came: ${output.out}${output.err}`);
      await delay(100);
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const closed = once(child, "close");
    child.kill(signal);
    await closed;
  };
  return { child, output, lines, keysOf, until, end };
}

function drop(name: string, content: string | Buffer): void {
  const path = join(data, "oss/images", name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

describe("local on the folder of an earlier run", () => {
  it("imports again what that one was killed over, manifests first; --once leaves it alone; both say so", async () => {
    const first = start("--import-seconds", "600");
    await first.until("local.ready", () => first.lines().some(({ event }) => event === "local.ready"));
    drop("web.qcow2", qcow2());
    drop("gone.raw", raw(1, 3));
    // A set whose manifest lies in a folder of its own: a disk that comes before it is an image by itself.
    drop("sets/db.import.yaml", "disks:\n  - ossObject: disks/system.raw\n  - ossObject: disks/data.raw\n");
    await first.until("the set's manifest", () => first.keysOf("object.waiting").length > 0);
    drop("sets/disks/system.raw", raw(1, 5));
    drop("sets/disks/data.raw", raw(1, 6));
    const all = ["gone.raw", "sets/disks/system.raw", "web.qcow2"];
    await first.until("their imports", () => all.every((key) => first.keysOf("import.submitted").includes(key)));
    await first.end("SIGKILL");
    expect(first.output.err).toBe("");
    rmSync(join(data, "oss/images/gone.raw"));

    const second = start("--import-seconds", "0.5");
    const left = ["sets/disks/system.raw", "web.qcow2"];
    await second.until("the end of their imports", () => second.keysOf("import.available").length >= left.length);
    await second.end("SIGINT");
    expect(second.keysOf("import.available")).toEqual(left);
    expect(second.keysOf("image.rejected")).toEqual([]);
    expect(second.output.err).toBe(
      "3 disk images of an earlier run are imported again: the embedded ECS has forgotten them.\n",
    );

    const own = join(data, "own.raw");
    writeFileSync(own, raw(1, 8));
    const third = start("--import-seconds", "0.5", "--once", own);
    await once(third.child, "close");
    expect(third.keysOf("import.available")).toEqual(["own.raw"]);
    expect(third.output.err).toBe(
      "3 disk images of an earlier run are left alone: start without --once to import them again.\n",
    );
  }, 90_000);
});
