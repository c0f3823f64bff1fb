/** Many uploads at once through the embedded Function Compute: the built functions in processes of their own. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import OSS from "ali-oss";
import { deployLocally, localBucket, localRegion } from "../../cli/local/deployed-locally.ts";
import type { EmbeddedCloud } from "../../local/embedded-cloud.ts";
import { inParallel } from "../../shared/runtime/in-parallel.ts";
import { imageBytes } from "../faults/image-bytes.ts";
import { aSecond, atMost, exactly, memoryAtMost, reported, rounded } from "./bounds.ts";
import { mebibytes, type Row, type Table } from "./table.ts";

const packageRoot = resolve(fileURLToPath(new URL(".", import.meta.url)), "../..");
const instances = 4;
const mostTicks = 60;
/** One event of so many is delivered twice. */
const doubled = 10;
const memoryInMiB = 256;
/** An image without a manifest, from its event to `submitted`. */
const callsOfAnImport = 18;

/** The first upload goes alone, so that its requests can be counted; the others come at once. */
export async function burstTable(uploads: number): Promise<Table> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "burst-"));
  const lines: { readonly event?: unknown; readonly key?: unknown }[] = [];
  let events = 0;
  const cloud = await deployLocally({
    packageRoot,
    dataDirectory,
    automaticTimers: false,
    ecsSettings: { importSeconds: 1, concurrentImports: uploads, imageQuota: uploads },
    functions: {
      maximumInstances: { "image-import": instances },
      deliveryDelays: ({ oss }) => {
        if (!oss.object.key.endsWith(".qcow2")) return [0];
        events += 1;
        return events % doubled === 0 ? [0, 0] : [0];
      },
    },
    onLogLine: ({ text }) => void (text.startsWith("{") && lines.push(JSON.parse(text))),
  });
  try {
    const calls = countedCalls(cloud);
    const keys = Array.from({ length: uploads }, (_, index) => `burst/image-${index}.qcow2`);
    await upload(cloud, keys.slice(0, 1));
    await cloud.fc?.idle();
    const ofOne = calls.take();
    const started = performance.now();
    await upload(cloud, keys.slice(1));
    await cloud.fc?.idle();
    const seconds = (performance.now() - started) / 1000;
    const ofOthers = calls.take();
    const saidOf = (event: string) => lines.filter((line) => line.event === event).map(({ key }) => String(key));
    let ticks = 0;
    while (saidOf("import.available").length < uploads && ticks < mostTicks) {
      await cloud.fc?.fireTimer();
      ticks += 1;
    }
    const ofTicks = calls.take();
    const imports = [ofOne, ofOthers].reduce((sum, one) => sum + (one.get("ImportImage") ?? 0), 0);
    const rows: Row[] = [
      exactly("ImportImage calls", imports, uploads),
      exactly("images", cloud.ecs.snapshot().images.length, uploads),
      exactly("jobs that ended as available", new Set(saidOf("import.available")).size, uploads),
      exactly("lines that say so", saidOf("import.available").length, uploads),
      exactly("repeated events, known as such", saidOf("import.duplicate").length, Math.floor(uploads / doubled)),
      exactly("events given up", cloud.fc?.failures.length ?? Number.NaN, 0),
      atMost("ticks until all had ended", ticks, mostTicks),
      exactly("requests of the first upload", total(ofOne), callsOfAnImport + 1),
      reported("requests of each upload, repeated events included", total(ofOthers) / (uploads - 1), rounded),
      reported("requests of the ticks for each", total(ofTicks) / uploads, rounded),
      reported(`imports begun, ${instances} instances`, (uploads - 1) / seconds, aSecond),
      ...peaksOfInstances().map(({ name, peakMiB }) =>
        memoryAtMost(`peak memory of a process of ${name}`, peakMiB, memoryInMiB),
      ),
      reported("memory of the embedded cloud", process.memoryUsage().rss / 2 ** 20, mebibytes),
    ];
    return {
      title: `${uploads} uploads at once`,
      rows,
      notes: [
        `The built functions in processes of their own, wired by s.yaml. One event of ${doubled} is delivered twice.`,
        `The first upload: ${listed(ofOne)}. The ticks: ${listed(ofTicks)}.`,
      ],
    };
  } finally {
    await cloud.close();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

async function upload({ endpoints, account }: EmbeddedCloud, keys: readonly string[]): Promise<void> {
  const { accessKeyId, accessKeySecret } = account;
  const client = new OSS({
    region: `oss-${localRegion}`,
    endpoint: endpoints.oss,
    accessKeyId,
    accessKeySecret,
    bucket: localBucket,
    authorizationV4: true,
  });
  const image = imageBytes(1);
  await inParallel(keys, 8, async (key) => {
    await client.put(key, image);
  });
}

/** Counts the functions' calls, by operation; `take` begins anew. */
function countedCalls({ faults, account }: EmbeddedCloud) {
  let counts = new Map<string, number>();
  faults.plan = ({ operation, accessKeyId }) => {
    if (accessKeyId !== account.accessKeyId) counts.set(operation, (counts.get(operation) ?? 0) + 1);
    return undefined;
  };
  return {
    take: (): ReadonlyMap<string, number> => {
      const taken = counts;
      counts = new Map();
      return taken;
    },
  };
}

const total = (calls: ReadonlyMap<string, number>): number =>
  [...calls.values()].reduce((sum, count) => sum + count, 0);

const listed = (calls: ReadonlyMap<string, number>): string =>
  [...calls].map(([operation, count]) => `${count} ${operation}`).join(", ");

/** The largest process of each function so far. Linux tells the peak of each of our own children. */
function peaksOfInstances(): readonly { readonly name: string; readonly peakMiB: number }[] {
  const peaks = new Map<string, number>();
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${id}/status`, "latin1");
      if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) !== process.pid) continue;
      const name = basename(readlinkSync(`/proc/${id}/cwd`));
      const peakMiB = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024;
      peaks.set(name, Math.max(peaks.get(name) ?? 0, peakMiB));
    } catch {
      // It has ended meanwhile, or is not ours to look at.
    }
  }
  const functions = ["import-image", "report-tasks"];
  return functions.map((name) => ({ name, peakMiB: peaks.get(name) ?? Number.NaN }));
}
