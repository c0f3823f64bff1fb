import { spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { qcow2, raw } from "./product.ts";

const command = resolve("dist/cli/oss-image-import.js");
const folder = mkdtempSync(join(tmpdir(), "local-command-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [command, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.err += text;
  });
  const ended = new Promise<Ended>((done) => {
    child.once("close", (code) => done({ code, ...output }));
  });
  return { child, output, ended };
}

const quick = ["--import-seconds", "0.5", "--tick-seconds", "0.3"];
const once = (...args: string[]): Promise<Ended> => start(["local", "--once", ...quick, ...args]).ended;

interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

const linesOf = (out: string): readonly Line[] =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

interface Job {
  readonly key: string;
  readonly outcome: string;
  readonly imageId?: string;
  readonly taskId?: string;
  readonly findings: readonly { readonly code: string }[];
  readonly seconds: number;
}

const jobsOf = (out: string): readonly Job[] => linesOf(out).at(-1)?.["jobs"] as readonly Job[];

function fileWith(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Peak memory of a process and of all that it started, each by itself, in MiB, as Linux tells it. */
function peaksInMiB(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = attempt(() => readFileSync(`/proc/${name}/stat`, "latin1"));
    const parent = stat === undefined ? undefined : /^\d+ \(.*\) \S (\d+)/s.exec(stat)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const family = [root, ...[...parents].filter(([, parent]) => parent === root).map(([id]) => id)];
  return family.flatMap((id) => {
    const status = attempt(() => readFileSync(`/proc/${id}/status`, "latin1"));
    const peak = /^VmHWM:\s+(\d+)/m.exec(status ?? "")?.[1];
    return peak === undefined ? [] : [Number(peak) / 1024];
  });
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

describe("local --once --json", () => {
  it("imports the sample image: first the connection, then the log, last the summary, and nothing else", async () => {
    const { code, out, err } = await once("--json");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const lines = linesOf(out);
    expect(lines[0]).toEqual({
      event: "local.ready",
      region: "cn-hangzhou",
      bucket: "images",
      stateBucket: "images-import-state",
      oss: { endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
      ecs: { endpoint: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
      fc: { endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
      accessKeyId: expect.any(String),
      accessKeySecret: expect.any(String),
      folder: expect.stringContaining("images"),
    });
    for (const line of lines.slice(1, -1)) {
      expect(line).toMatchObject({
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        level: expect.stringMatching(/^(debug|info|warn|error)$/),
        message: expect.any(String),
        requestId: expect.any(String),
      });
    }
    const events = lines.map(({ event }) => event);
    for (const event of ["image.inspected", "import.submitted", "import.available"]) expect(events).toContain(event);
    expect(jobsOf(out)).toEqual([
      {
        bucket: "images",
        key: "sample.qcow2",
        outcome: "available",
        imageId: expect.stringMatching(/^m-/),
        taskId: expect.stringMatching(/^t-/),
        findings: [],
        seconds: expect.any(Number),
      },
    ]);
    expect(existsSync(String(lines[0]?.["folder"]))).toBe(false);
  });

  it("takes several files with their sidecars, names what became of each, and exits 1 when one was refused", async () => {
    const files = [
      fileWith("web.qcow2", qcow2()),
      fileWith("web.qcow2.import.yaml", "imageName: web-of-the-journey\n"),
      fileWith("数据 库.raw", raw(1, 7)),
      fileWith("broken.qcow2", qcow2(64 * 2 ** 20).subarray(0, 70_000)),
      fileWith("notes.txt", "nothing to import"),
    ];
    const { code, out } = await once("--json", ...files);
    expect(code).toBe(1);
    const outcomes = Object.fromEntries(jobsOf(out).map(({ key, outcome }) => [key, outcome]));
    expect(outcomes).toMatchObject({
      "web.qcow2": "available",
      "数据 库.raw": "available",
      "broken.qcow2": "rejected",
      "notes.txt": "ignored",
    });
    expect(linesOf(out)).toContainEqual(
      expect.objectContaining({ event: "import.available", message: expect.stringContaining("web-of-the-journey") }),
    );
  });

  it("says of an image that an invalid bucket manifest holds up that it waits, and why", async () => {
    const manifest = fileWith("image-import.yaml", "version: 1\nrulez: []\n");
    const { code, out } = await once("--json", manifest, fileWith("held-up.raw", raw(1, 70)));
    // It is the manifest that was refused.
    expect(code).toBe(1);
    // Their events are handled at the same time.
    const jobs = new Map(jobsOf(out).map((job) => [job.key, job]));
    expect(jobs.get("image-import.yaml")).toMatchObject({ outcome: "rejected" });
    expect(jobs.get("held-up.raw")).toMatchObject({
      outcome: "waiting",
      reason: expect.stringContaining("image-import.yaml:2:1"),
    });
    expect(jobs.size).toBe(2);
  });

  it("makes one image of a set whose system disk comes last", async () => {
    const { code, out } = await once(
      "--json",
      fileWith("late.raw.import.yaml", "disks:\n  - {}\n  - ossObject: early.raw\n"),
      fileWith("early.raw", raw(1, 71)),
      fileWith("late.raw", raw(1, 72)),
    );
    expect(code).toBe(0);
    const [first, ...others] = jobsOf(out).map(({ outcome, imageId }) => [outcome, imageId]);
    expect(first).toEqual(["available", expect.stringMatching(/^m-/)]);
    expect(others).toEqual([first]);
  });

  it("holds no image in memory", async () => {
    const path = fileWith("sparse.raw", raw());
    truncateSync(path, 256 * 2 ** 20);
    const { child, ended } = start(["local", "--once", "--json", ...quick, path]);
    let peak = 0;
    const watch = setInterval(() => {
      for (const now of peaksInMiB(child.pid ?? 0)) peak = Math.max(peak, now);
    }, 50);
    const { code } = await ended;
    clearInterval(watch);
    expect(code).toBe(0);
    expect(peak).toBeGreaterThan(30);
    expect(peak).toBeLessThan(200);
  }, 60_000);
});

describe("local --once that is interrupted", () => {
  it("ends at once, and says what was cut off", async () => {
    const { child, output, ended } = start(["local", "--once", "--import-seconds", "3600"]);
    for (let tries = 0; !output.out.includes("import.submitted"); tries += 1) {
      if (tries > 400) throw new Error(`no import in: ${output.out}${output.err}`);
      await delay(100);
    }
    // The import takes an hour, and the test has far less: whatever waits for it fails.
    child.kill("SIGINT");
    const { code, out, err } = await ended;
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toMatch(/^failed {4}sample\.qcow2 m-\S+ \(\d+ s\): it was interrupted while ECS imported it$/m);
    expect(peaksInMiB(child.pid ?? 0)).toEqual([]);
  });
});

describe("local on a pipe", () => {
  it("writes plain lines with progress, and what became of each upload", async () => {
    const { code, out } = await once();
    expect(code).toBe(0);
    expect(out).toMatch(/^The embedded cloud is ready/);
    expect(out).toMatch(/^\d\d:\d\d:\d\d info {2}import\.submitted +sample\.qcow2 /m);
    expect(out).toMatch(/^available sample\.qcow2 m-\S+ \(\d+ s\)$/m);
    expect(out).not.toContain("\u001b");
  });

  it.each([
    [["--once", join(folder, "missing.raw")], /^There is no file .*missing\.raw\.\n$/],
    [["--once", folder], /is not a file\.\n$/],
    [["--data", "/proc/nothing/can/be/here"], /^The folder \/proc\/.* cannot be written to: choose another/],
    [["--oss-port", "1e9"], /must be a whole number/],
  ])("says in one sentence what is wrong with %j, and exits 2", async (args, sentence) => {
    const { code, out, err } = await start(["local", ...args]).ended;
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(sentence);
  });

  it("imports what is copied into the folder; an interrupt ends it and its processes at once", async () => {
    const data = join(folder, "data");
    const { child, output, ended } = start(["local", "--json", "--data", data, "--import-seconds", "3600"]);
    const until = async (event: string): Promise<void> => {
      for (let tries = 0; !output.out.includes(`"event":"${event}"`); tries += 1) {
        if (tries > 400) throw new Error(`no ${event} in: ${output.out}${output.err}`);
        await delay(100);
      }
    };
    await until("local.ready");
    expect(existsSync(join(data, "connection.json"))).toBe(true);
    copyFileSync(fileWith("dropped.qcow2", qcow2(64 * 2 ** 20, 9)), join(data, "oss/images/dropped.qcow2"));
    await until("import.submitted");
    const second = await start(["local", "--data", data]).ended;
    expect({ code: second.code, out: second.out }).toEqual({ code: 2, out: "" });
    expect(second.err).toMatch(/^Another `oss-image-import local` works with the folder .*data: end it first/);
    expect(existsSync(join(data, "connection.json"))).toBe(true);
    const family = peaksInMiB(child.pid ?? 0).length;
    // The import takes an hour, and the test has far less: whatever waits for it fails.
    child.kill("SIGINT");
    const { code } = await ended;
    expect(code).toBe(0);
    expect(family).toBeGreaterThan(1);
    expect(peaksInMiB(child.pid ?? 0)).toEqual([]);
    expect(existsSync(join(data, "connection.json"))).toBe(false);
  });
});

describe("a port that is in use", () => {
  it("is named, and the exit code is 2", async () => {
    const first = start(["local", "--json", "--data", join(folder, "first")]);
    while (!first.output.out.includes("\n")) await delay(50);
    const port = /"oss":\{"endpoint":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(first.output.out)?.[1] ?? "";
    const { code, err } = await start(["local", "--once", "--oss-port", port]).ended;
    first.child.kill("SIGINT");
    await first.ended;
    expect({ code, err }).toEqual({ code: 2, err: `Port ${port} is in use: choose another, or 0 for any.\n` });
  });
});
