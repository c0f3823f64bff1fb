/** An embedded cloud on which very many imports run, and ticks of the built function over them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type EmbeddedCloud, startEmbeddedCloud } from "../../local/embedded-cloud.ts";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { alibabaCloud } from "../../shared/cloud/alibaba-cloud.ts";
import type { Cloud } from "../../shared/cloud/ports.ts";
import { type JobRecord, type JobSubject, jobIdOf } from "../../shared/ledger/job.ts";
import { openEntryOf } from "../../shared/ledger/ledger.ts";
import { openKey } from "../../shared/ledger/open-entry.ts";
import { inParallel } from "../../shared/runtime/in-parallel.ts";
import { type Cost, runNode } from "./child-processes.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const tickBundle = resolve(here, "../../dist/report-tasks/index.js");
const harness = join(here, "function-process.cjs");
const region = "cn-hangzhou";
const bucket = "images";
const stateBucket = "images-import-state";

/** So many imports fail as soon as ECS begins them; the others run on for `importSeconds` of the cloud's clock. */
export const importsThatFail = 10;
const importSeconds = 1e6;

/**
 * How long the jobs have been running, in seconds: whoever submitted them is long gone, and so nothing of their end is
 * put off. None of them has anything to say before the next quarter of an hour is over.
 */
const ageInSeconds = 20 * 60;
const silenceInSeconds = 15 * 60;

/** The deployed timeout of s.yaml. */
const usualTimeoutInSeconds = 300;

export interface TickOfMany extends Pick<Cost, "milliseconds" | "cpuMilliseconds" | "peakMiB"> {
  /** How often each operation was called. */
  readonly calls: ReadonlyMap<string, number>;
  readonly summary: Readonly<Record<string, unknown>>;
  /** The keys of images that became available, as often as that was said. */
  readonly available: readonly string[];
}

export interface ManyImports {
  /** One invocation of the built function, in a process of its own. */
  tick(timeoutInSeconds?: number): Promise<TickOfMany>;
  /** ECS's clock is turned ahead, so that so much of each import is done: 0 to 1. */
  advance(share: number): void;
  close(): Promise<void>;
}

export async function startManyImports(jobs: number): Promise<ManyImports> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "scale-"));
  let ahead = 0;
  const clock: Clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + ahead) };
  const embedded = await startEmbeddedCloud({
    region,
    dataDirectory,
    buckets: [bucket, stateBucket],
    clock,
    signingClock: systemClock,
    ecsSettings: { importSeconds, imageQuota: 1e6, concurrentImports: 1e6 },
  });
  const close = async (): Promise<void> => {
    await embedded.close();
    await rm(dataDirectory, { recursive: true, force: true });
  };
  try {
    await seedJobs(embedded, jobs);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    tick: (timeoutInSeconds = usualTimeoutInSeconds) => runTick(embedded, timeoutInSeconds),
    advance: (share) => {
      ahead = importSeconds * 1000 * share;
    },
    close,
  };
}

async function runTick(embedded: EmbeddedCloud, timeoutInSeconds: number): Promise<TickOfMany> {
  const calls = new Map<string, number>();
  embedded.faults.plan = ({ operation }) => {
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    return undefined;
  };
  const context = contextOf(embedded, timeoutInSeconds);
  const { output, ...cost } = await runNode([harness, tickBundle, "{}", JSON.stringify(context)], {
    IMAGE_BUCKET: bucket,
    STATE_BUCKET: stateBucket,
    OSS_ENDPOINT: embedded.endpoints.oss,
    ECS_ENDPOINT: embedded.endpoints.ecs,
  });
  const lines = output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): Record<string, unknown> => JSON.parse(line));
  const summary = lines.find(({ event }) => event === "tick.summary");
  if (!summary) throw new Error("the tick wrote no summary");
  const available = lines.flatMap(({ event, key }) => (event === "import.available" ? [String(key)] : []));
  return { ...cost, calls, summary, available };
}

function contextOf({ account }: EmbeddedCloud, timeout: number) {
  const { accountId, accessKeyId, accessKeySecret } = account;
  return {
    requestId: "scale-bench",
    region,
    accountId,
    credentials: { accessKeyId, accessKeySecret, securityToken: "" },
    function: { name: "image-import-report", timeout },
  };
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
  for (let number = 0; number < importsThatFail; number += 1) {
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
  const now = systemClock.now().getTime();
  const at = new Date(now - ageInSeconds * 1000).toISOString();
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
  const due = new Date(now + silenceInSeconds * 1000);
  await objects.create(inState(openKey(openEntryOf(record, due))), "");
}
