/** What a tick costs with many open jobs, and what a burst of uploads comes to. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type EmbeddedCloud, startEmbeddedCloud } from "../../local/embedded-cloud.ts";
import { alibabaCloud } from "../../shared/cloud/alibaba-cloud.ts";
import type { Cloud } from "../../shared/cloud/ports.ts";
import { type JobRecord, type JobSubject, jobIdOf } from "../../shared/ledger/job.ts";
import { openEntryOf } from "../../shared/ledger/ledger.ts";
import { openKey } from "../../shared/ledger/open-entry.ts";
import { inParallel } from "../../shared/runtime/in-parallel.ts";
import { imageBytes } from "../faults/image-bytes.ts";
import { startWorld } from "../faults/world.ts";
import { runNode } from "./child-processes.ts";
import { mebibytes, printTable, type Row, type Table } from "./table.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const tickBundle = resolve(here, "../../dist/report-tasks/index.js");
const region = "cn-hangzhou";
const bucket = "images";
const stateBucket = "images-import-state";
const sizes = [100, 1000, 10_000];
const endedJobs = 10;
/** As many running tasks a tick asks for their progress, however many there are. */
const progressQuestions = 20;
const tickMemoryInMiB = 256;
const burst = 1000;

export async function runScaleBench(): Promise<void> {
  for (const table of [await tickTable(), await burstTable()]) console.log(printTable(table));
}

async function tickTable(): Promise<Table> {
  const rows: Row[] = [];
  for (const size of sizes) rows.push(...(await measureTick(size)));
  return {
    title: "One tick over N running imports, of which 10 have just failed",
    rows,
    notes: [
      "The built function in a process of its own, over HTTP. The quiet tick comes after the one that reports the ends.",
    ],
  };
}

async function measureTick(jobs: number): Promise<readonly Row[]> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "scale-"));
  const embedded = await startEmbeddedCloud({
    region,
    dataDirectory,
    buckets: [bucket, stateBucket],
    ecsSettings: { importSeconds: 1e6, imageQuota: 1e6, concurrentImports: 1e6 },
  });
  try {
    await seedJobs(embedded, jobs);
    const busy = await runOneTick(embedded);
    // By now the ends were reported, and what is left is what N running imports cost.
    return rowsOf(jobs, busy, await runOneTick(embedded));
  } finally {
    await embedded.close();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

interface TickCost {
  readonly calls: ReadonlyMap<string, number>;
  readonly peakMiB: number;
}

async function runOneTick(embedded: EmbeddedCloud): Promise<TickCost> {
  const calls = new Map<string, number>();
  embedded.faults.plan = ({ operation }) => {
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    return undefined;
  };
  const harness = join(here, "function-process.cjs");
  const { peakMiB } = await runNode([harness, tickBundle, "{}", JSON.stringify(contextOf(embedded))], {
    IMAGE_BUCKET: bucket,
    STATE_BUCKET: stateBucket,
    OSS_ENDPOINT: embedded.endpoints.oss,
    ECS_ENDPOINT: embedded.endpoints.ecs,
  });
  return { calls, peakMiB };
}

function rowsOf(jobs: number, busy: TickCost, quiet: TickCost): readonly Row[] {
  const total = ({ calls }: TickCost): number => [...calls.values()].reduce((sum, count) => sum + count, 0);
  const lists = quiet.calls.get("ListObjectsV2") ?? 0;
  const describes = quiet.calls.get("DescribeTasks") ?? 0;
  const row = (what: string, value: number, most: number): Row => ({
    what: `N = ${jobs}: ${what}`,
    value: String(Math.round(value * 10) / 10),
    aim: `≤ ${most}`,
    met: value <= most,
  });
  const peakMiB = Math.max(busy.peakMiB, quiet.peakMiB);
  return [
    row("lists", lists, jobs / 1000 + 1),
    row("DescribeTasks", describes, jobs / 100 + 1),
    row("other calls, quiet", total(quiet) - lists - describes, 1 + 5 * progressQuestions),
    row("calls more for each job that ended", (total(busy) - total(quiet)) / endedJobs, 12),
    {
      what: `N = ${jobs}: peak memory`,
      value: mebibytes(peakMiB),
      aim: `≤ ${tickMemoryInMiB} MiB`,
      met: peakMiB <= tickMemoryInMiB,
    },
  ];
}

/** Running imports at ECS with the index entry and the record that a tick reads of each. */
async function seedJobs(embedded: EmbeddedCloud, jobs: number): Promise<void> {
  const { accessKeyId, accessKeySecret } = embedded.account;
  const cloud = alibabaCloud({
    region,
    credentials: { accessKeyId, accessKeySecret },
    ossEndpoint: embedded.endpoints.oss,
    ecsEndpoint: embedded.endpoints.ecs,
  });
  await cloud.objects.put({ bucket, key: "web.raw" }, "raw".repeat(1000), "application/octet-stream");
  for (let number = 0; number < endedJobs; number += 1) {
    const outcome = { kind: "fails", errorCode: "ImportImageFailed", errorMsg: "no", atProgress: 0 } as const;
    embedded.ecs.scriptImport({ imageName: `image-${number}` }, outcome);
  }
  await inParallel(
    Array.from({ length: jobs }, (_, index) => index),
    8,
    (number) => seedJob(cloud, number),
  );
}

async function seedJob({ images, objects }: Cloud, number: number): Promise<void> {
  const subject: JobSubject = { region, bucket, key: `image-${number}.raw`, etag: "0".repeat(32) };
  const request = {
    RegionId: region,
    ImageName: `image-${number}`,
    DiskDeviceMapping: [{ OSSBucket: bucket, OSSObject: "web.raw", Format: "RAW", DiskImageSize: 5 }],
    Tag: [],
  };
  const started = await images.importImage(request);
  const at = new Date().toISOString();
  const attempt = { number: 1, token: "", fingerprint: "", nameIsDefault: true, diskEtags: [], claimant: "" };
  const record: JobRecord = {
    jobId: jobIdOf(subject),
    sequence: 1,
    state: "submitted",
    at,
    nonce: String(number),
    subject,
    uploadedAt: at,
    attempt: { ...attempt, request, taskId: started.taskId, imageId: started.imageId, submittedAt: at },
  };
  const inState = (key: string) => ({ bucket: stateBucket, key });
  await objects.create(inState(`jobs/${record.jobId}/000001.json`), JSON.stringify(record));
  await objects.create(inState(openKey(openEntryOf(record, new Date()))), "");
}

function contextOf({ account }: EmbeddedCloud) {
  const { accountId, accessKeyId, accessKeySecret } = account;
  return {
    requestId: "scale-bench",
    region,
    accountId,
    credentials: { accessKeyId, accessKeySecret, securityToken: "" },
    function: { name: "image-import-report", timeout: 300 },
  };
}

async function burstTable(): Promise<Table> {
  const world = await startWorld({ faultFor: () => undefined, random: Math.random, mostRequests: Infinity });
  const keys = Array.from({ length: burst }, (_, index) => `burst/image-${index}.qcow2`);
  const rssInMiB = (): number => process.memoryUsage().rss / 2 ** 20;
  const before = rssInMiB();
  try {
    world.ecs.settings.concurrentImports = 100;
    world.ecs.settings.imageQuota = burst;
    const image = imageBytes(1);
    await inParallel(keys, 8, (key) => world.upload(key, image));
    const started = performance.now();
    await inParallel(world.events.splice(0), 8, (news) => world.handle(news));
    const seconds = (performance.now() - started) / 1000;
    const requests = world.requests();
    let ticks = 0;
    let peak = rssInMiB();
    while (world.mirror.openKeys().length > 0 && ticks < 60) {
      world.clock.advance(60_000);
      await world.tick();
      ticks += 1;
      peak = Math.max(peak, rssInMiB());
    }
    const ends = [...world.mirror.jobs().values()].map((history) => history.at(-1)?.state);
    const available = ends.filter((state) => state === "available").length;
    const images = world.ecs.snapshot().images.length;
    return {
      title: `${burst} uploads at once`,
      rows: [
        {
          what: "jobs that ended as available",
          value: String(available),
          aim: String(burst),
          met: available === burst,
        },
        { what: "images", value: String(images), aim: String(burst), met: images === burst },
        { what: "imports begun, 8 invocations at a time", value: `${(burst / seconds).toFixed(0)} a second` },
        { what: "requests for each upload", value: (requests / burst).toFixed(1) },
        { what: "ticks until nothing was open", value: String(ticks) },
        { what: "memory of clouds and functions together, before", value: mebibytes(before) },
        { what: "the same at most", value: mebibytes(peak) },
      ],
      notes: ["OSS, ECS and the functions' code share one process and its core here."],
    };
  } finally {
    await world.close();
  }
}
