/** What an invocation costs a new instance: start, an ignored object, an import from the event to ECS's answer. */
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { writeSampleImage } from "../../cli/local/sample-image.ts";
import { type EmbeddedCloud, startEmbeddedCloud } from "../../local/embedded-cloud.ts";
import { alibabaObjects } from "../../shared/cloud/alibaba-objects.ts";
import { uploadFile } from "../../shared/cloud/alibaba-upload.ts";
import { comparePrograms, type Measured, type Program } from "./child-processes.ts";
import { kibibytes, mebibytes, milliseconds, type Row, type Table, times } from "./table.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const packageRoot = resolve(here, "../..");
const harness = join(here, "function-process.cjs");
const bundles = {
  "import-image": join(packageRoot, "dist/import-image/index.js"),
  "report-tasks": join(packageRoot, "dist/report-tasks/index.js"),
};

const rounds = 15;
const region = "cn-hangzhou";
const bucket = "images";
const stateBucket = "images-import-state";

const bare: Program = { name: "bare node", args: () => [harness] };
const loaded = (name: string, bundle: string): Program => ({ name, args: () => [harness, bundle] });

export async function startBench(): Promise<Table> {
  const [, importImage, reportTasks] = await comparePrograms(
    [bare, loaded("import-image", bundles["import-image"]), loaded("report-tasks", bundles["report-tasks"])],
    rounds,
  );
  return {
    title: "Start: the bundle loaded in a new process, over bare node",
    rows: [importImage, reportTasks].flatMap((measured) => (measured ? [startRow(measured)] : [])),
  };
}

const startRow = ({ name, ratio, cpuRatio, peakMiB }: Measured): Row => ({
  what: name,
  value: `${times(ratio)} (CPU ${times(cpuRatio)}), ${mebibytes(peakMiB)}`,
});

export async function ignoredBench(): Promise<Table> {
  const [, ignored] = await comparePrograms([bare, handled("an ignored object", () => "notes.txt")], rounds);
  const ratio = ignored?.ratio ?? Number.NaN;
  return {
    title: "An object that is ignored, in a new process, over bare node",
    rows: [
      {
        what: "whole process",
        value: `${times(ratio)} (CPU ${times(ignored?.cpuRatio ?? Number.NaN)})`,
        aim: "≤ 1.6×",
        met: ratio <= 1.6,
      },
      { what: "peak memory", value: mebibytes(ignored?.peakMiB ?? Number.NaN) },
    ],
  };
}

/** The bundle's handler with an upload's event, and where it finds the embedded cloud. */
function handled(
  name: string,
  keyOf: (run: number) => string,
  cloud?: EmbeddedCloud,
  bundle = bundles["import-image"],
): Program {
  return {
    name,
    args: (run) => [harness, bundle, JSON.stringify(uploadOf(keyOf(run))), JSON.stringify(contextOf(cloud))],
    environment: {
      IMAGE_BUCKET: bucket,
      STATE_BUCKET: stateBucket,
      ...(cloud ? { OSS_ENDPOINT: cloud.endpoints.oss, ECS_ENDPOINT: cloud.endpoints.ecs } : {}),
    },
  };
}

const uploadOf = (key: string) => ({
  events: [
    {
      eventName: "ObjectCreated:PutObject",
      eventSource: "acs:oss",
      eventTime: "2026-01-01T00:00:00.000Z",
      eventVersion: "1.0",
      region,
      oss: { bucket: { name: bucket }, object: { key, size: 1, eTag: "0", deltaSize: 1 } },
    },
  ],
});

const contextOf = (cloud?: EmbeddedCloud) => ({
  requestId: randomUUID(),
  region,
  accountId: cloud?.account.accountId ?? "",
  credentials: {
    accessKeyId: cloud?.account.accessKeyId ?? "",
    accessKeySecret: cloud?.account.accessKeySecret ?? "",
    securityToken: "",
  },
  function: { name: "import-image", timeout: 300 },
});

const sidecars = { off: "inspect: off\n", header: "inspect: header\n", full: "{}\n" };
type Depth = keyof typeof sidecars;

/**
 * Which object a run works on: each gets one of its own, as a second import of the same one would be a duplicate, and a
 * folder of its own, as an import lists its folder: what that costs in a crowded one is the scale bench's. Its name is its
 * own too: of two images with one name in one second, the second asks ECS for another name.
 */
const keyFor = (program: string, run: number): string => `${program}/${run}/${program}-${run}.qcow2`;

export async function importBench(): Promise<Table> {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  const cloud = await startEmbeddedCloud({ region, dataDirectory: folder, buckets: [bucket, stateBucket] });
  try {
    const obviousBundle = join(folder, "obvious-way.js");
    await bundleObviousWay(obviousBundle);
    await prepareUploads(cloud, folder);
    const ours = (depth: Depth): Program => handled(`inspect: ${depth}`, (run) => keyFor(depth, run), cloud);
    const obvious = handled("the obvious way", (run) => keyFor("obvious", run), cloud, obviousBundle);
    const measured = await comparePrograms([bare, ours("off"), ours("header"), ours("full"), obvious], rounds);
    for (const { name, runs } of measured.slice(1)) demandSubmitted(name, runs);
    return importTable(measured, await sizesOf(obviousBundle));
  } finally {
    await cloud.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function bundleObviousWay(outfile: string): Promise<void> {
  await build({
    entryPoints: [join(here, "obvious-way.ts")],
    outfile,
    bundle: true,
    minify: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["proxy-agent"],
    logLevel: "error",
  });
}

async function prepareUploads(cloud: EmbeddedCloud, folder: string): Promise<void> {
  const access = { region, credentials: cloud.account, endpoint: cloud.endpoints.oss };
  const objects = alibabaObjects(access);
  const image = { path: join(folder, "sample.qcow2"), size: 0 };
  image.size = await writeSampleImage(image.path);
  await objects.put({ bucket, key: "image-import.yaml" }, "version: 1\n", "text/plain");
  for (let run = 0; run <= rounds; run += 1) {
    for (const [name, sidecar] of [...Object.entries(sidecars), ["obvious", "{}\n"] as const]) {
      const key = keyFor(name, run);
      await uploadFile(access, { bucket, key }, image);
      await objects.put({ bucket, key: `${key}.import.yaml` }, sidecar, "text/plain");
    }
  }
}

function demandSubmitted(name: string, runs: Measured["runs"]): void {
  const failed = runs.find(({ output }) => !output.includes('"import.submitted"'));
  if (failed) throw new Error(`${name} imported nothing: ${failed.output}`);
}

function importTable(measured: readonly Measured[], sizes: readonly Row[]): Table {
  const obvious = measured.at(-1);
  const ours = measured.slice(1, -1);
  const rows = ours.map(({ name, ratio, cpuRatio, peakMiB, runs }): Row => {
    const faster = medianOfPairs(obvious?.runs ?? [], runs);
    const aims = name !== "inspect: full";
    return {
      what: name,
      value: `${times(ratio)} bare node (CPU ${times(cpuRatio)}), ${times(faster)} faster than the obvious way, ${mebibytes(peakMiB)}`,
      ...(aims ? { aim: "≤ 5×, ≥ 3×, < 60 MiB", met: ratio <= 5 && faster >= 3 && peakMiB < 60 } : {}),
    };
  });
  return {
    title: "From the event to ECS's answer in a new process, over HTTP",
    rows: [
      ...rows,
      {
        what: "the obvious way",
        value: `${times(obvious?.ratio ?? 0)} bare node (CPU ${times(obvious?.cpuRatio ?? 0)}), ${mebibytes(obvious?.peakMiB ?? 0)}`,
      },
      ...sizes,
    ],
    notes: [`Bare node: ${milliseconds(measured[0]?.milliseconds ?? 0)} on this machine; ${rounds} rounds.`],
  };
}

const medianOfPairs = (slow: Measured["runs"], fast: Measured["runs"]): number => {
  const ratios = slow.map(({ milliseconds: cost }, run) => cost / (fast[run]?.milliseconds ?? Number.NaN));
  return ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? Number.NaN;
};

/** Sizes on disk, and of what an import with inspection at the header reads of them. */
async function sizesOf(obviousBundle: string): Promise<readonly Row[]> {
  const folder = async (name: "import-image" | "report-tasks"): Promise<Row> => {
    const path = join(packageRoot, "dist", name);
    const files = (await readdir(path)).filter((file) => file.endsWith(".js"));
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(path, file))).size));
    const entry = (await readFile(bundles[name])).length;
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return { what: `bundle ${name}`, value: `${kibibytes(total)}, of which index.js ${kibibytes(entry)}` };
  };
  return [
    await folder("import-image"),
    await folder("report-tasks"),
    { what: "bundle of the obvious way", value: kibibytes((await stat(obviousBundle)).size) },
  ];
}
