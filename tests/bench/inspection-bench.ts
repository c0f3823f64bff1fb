/** What looking into a real image over HTTP costs, beside the tools that people use for it. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { type Cost, median, runNode } from "./child-processes.ts";
import { serveFile } from "./range-server.ts";
import { mebibytes, milliseconds, type Row, type Table } from "./table.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const debianScript = join(here, "../images/build-debian.sh");
const run = promisify(execFile);
const rounds = 15;

interface Told {
  readonly milliseconds: number;
  readonly guest: { readonly platform?: string } | null;
  readonly cost: { readonly requests: number; readonly bytes: number };
}

interface Looked extends Cost {
  readonly told: Told;
}

export async function inspectionBench(): Promise<readonly Table[]> {
  const image = debianImage();
  if (image === undefined) {
    const notes = ["Not run: the image of tests/images/build-debian.sh could not be built on this machine."];
    return [{ title: "Inspection of a real Debian image over HTTP", rows: [], notes }];
  }
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  try {
    const program = join(folder, "inspect-url.cjs");
    await build({
      entryPoints: [join(here, "inspect-url.ts")],
      outfile: program,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      minify: true,
      logLevel: "error",
    });
    return [await wholeTable(image, program), await headerTable(image, program, folder)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function debianImage(): string | undefined {
  try {
    return execFileSync("sh", [debianScript], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim()
      .split("\n")
      .at(-1);
  } catch {
    return undefined;
  }
}

async function look(program: string, url: string, depth: "header" | "full"): Promise<Looked> {
  const cost = await runNode([program, url, depth]);
  return { ...cost, told: JSON.parse(cost.output) as Told };
}

async function wholeTable(image: string, program: string): Promise<Table> {
  const delays = [
    { delay: 0, aim: 400 },
    { delay: 10, aim: 600 },
  ];
  const rows: Row[] = [];
  for (const { delay, aim } of delays) {
    const server = await serveFile(image, delay);
    try {
      const looks: Looked[] = [];
      const others: number[] = [];
      for (let round = 0; round <= rounds; round += 1) {
        const looked = await look(program, server.url, "full");
        const other = await qemuInfo(server.url);
        if (round > 0) looks.push(looked);
        if (round > 0 && other !== undefined) others.push(other);
      }
      rows.push(...lookRows(delay, aim, looks, others));
    } finally {
      server.close();
    }
  }
  return {
    title: "Inspection of a real Debian 12 image (qcow2, 547 MiB) over HTTP, everything",
    rows: [...rows, await virtInspectorRow(image)],
    notes: ["qemu-img info tells format and size alone; it opens the address through its curl driver."],
  };
}

function lookRows(delay: number, aim: number, looks: readonly Looked[], others: readonly number[]): readonly Row[] {
  const [first] = looks;
  const requests = first?.told.cost.requests ?? Number.NaN;
  const bytes = (first?.told.cost.bytes ?? Number.NaN) / 2 ** 20;
  const time = median(looks.map(({ told }) => told.milliseconds));
  const whole = median(looks.map((looked) => looked.milliseconds));
  const peak = median(looks.map(({ peakMiB }) => peakMiB));
  const per = `${delay} ms a request`;
  return [
    ...(delay === 0
      ? [
          { what: "requests", value: String(requests), aim: "≤ 60", met: requests <= 60 },
          { what: "bytes", value: mebibytes(bytes), aim: "≤ 22 MiB", met: bytes <= 22 },
          { what: "peak memory", value: mebibytes(peak), aim: "≤ 160 MiB", met: peak <= 160 },
        ]
      : []),
    { what: `time, ${per}`, value: milliseconds(time), aim: `≤ ${aim} ms`, met: time <= aim },
    { what: `whole process, ${per}`, value: milliseconds(whole) },
    {
      what: `qemu-img info, ${per}`,
      value: others.length > 0 ? milliseconds(median(others)) : "not run: it cannot open http here",
    },
  ];
}

/** Milliseconds of `qemu-img info`; undefined where it is missing or was built without its curl driver. */
async function qemuInfo(url: string): Promise<number | undefined> {
  const started = performance.now();
  const source = `json:{"driver":"qcow2","file":{"driver":"http","url":"${url}"}}`;
  const done = await run("qemu-img", ["info", source]).catch(() => undefined);
  return done && performance.now() - started;
}

async function virtInspectorRow(image: string): Promise<Row> {
  const started = performance.now();
  const done = await run("virt-inspector", ["-a", image]).catch(() => undefined);
  const value = done ? milliseconds(performance.now() - started) : "not run: not installed, or it needs a kernel here";
  return { what: "virt-inspector, on the file", value };
}

async function headerTable(image: string, program: string, folder: string): Promise<Table> {
  const rows: Row[] = [];
  const raw = image.replace(/\.qcow2$/, ".raw");
  const vhd = join(folder, "image.vhd");
  await run("qemu-img", ["convert", "-f", "raw", "-O", "vpc", raw, vhd]);
  for (const [name, path] of [
    ["QCOW2", image],
    ["VHD", vhd],
    ["RAW", raw],
  ] as const) {
    if (!existsSync(path)) continue;
    const server = await serveFile(path, 0);
    try {
      const { told } = await look(program, server.url, "header");
      const { requests, bytes } = told.cost;
      rows.push({
        what: name,
        value: `${bytes} bytes in ${requests} requests`,
        aim: "≤ 8 KiB, ≤ 3 requests",
        met: bytes <= 8192 && requests <= 3,
      });
    } finally {
      server.close();
    }
  }
  return { title: "Verdict on the header, over HTTP", rows };
}
