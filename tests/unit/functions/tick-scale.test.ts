import { runTick } from "../../../functions/report-tasks/tick.ts";
import type { ImageService, ObjectStore } from "../../../shared/cloud/ports.ts";
import { bucketManifestMark } from "../../../shared/importing/find-manifests.ts";
import { ossDiskMembers } from "../../../shared/ledger/disk-members.ts";
import { ossLedger } from "../../../shared/ledger/ledger.ts";
import { openKey } from "../../../shared/ledger/open-entry.ts";
import { memoryObjects } from "../ledger/memory-objects.ts";

const start = Date.parse("2026-11-23T10:00:00Z");
const clock = { now: () => new Date(start), sleep: async () => undefined };

/** Counts the calls of a port by their names. */
function counted<T extends object>(port: T, calls: Map<string, number>): T {
  return new Proxy(port, {
    get: (target, name) => {
      calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
      return Reflect.get(target, name);
    },
  });
}

const runningImports: ImageService = {
  importImage: () => Promise.reject(new Error("a tick of running imports imports nothing")),
  describeTasks: async (query) =>
    "taskIds" in query ? query.taskIds.map((taskId) => ({ taskId, status: "Processing", imageId: undefined })) : [],
  describeTask: async (taskId) => ({
    taskId,
    status: "Processing",
    imageId: undefined,
    progress: 0,
    failedCount: 0,
    errorCode: undefined,
    errorMessage: undefined,
    requestId: undefined,
  }),
  describeImages: async () => [],
  cancelTask: async () => undefined,
};

const recordOf = (entry: { jobId: string; sequence: number; state: string; taskId: string; imageId: string }) => ({
  ...entry,
  nonce: "n",
  at: new Date(start).toISOString(),
  subject: { region: "cn-hangzhou", bucket: "images", key: "web.raw", etag: "0" },
  attempt: { taskId: entry.taskId, imageId: entry.imageId, request: { ImageName: "web" } },
});

/** One tick over `jobs` jobs, running imports unless it is said; resolves to the calls that it made. */
async function callsOfTick(
  jobs: number,
  state: "submitted" | "waiting" = "submitted",
): Promise<ReadonlyMap<string, number>> {
  const calls = new Map<string, number>();
  const memory = memoryObjects();
  const bucketManifest = await bucketManifestMark(memory, "images");
  const seconds = start / 1000;
  for (let number = 0; number < jobs; number += 1) {
    const jobId = number.toString(16).padStart(32, "0");
    const entry = { jobId, sequence: 2, state, taskId: `t-${number}`, imageId: `m-${number}` };
    const times = { since: seconds, movedAt: seconds, due: seconds + 900, warned: 0 };
    const mark = state === "waiting" ? { bucketManifest } : {};
    await memory.put({ bucket: "state", key: openKey({ ...entry, ...times, ...mark }) }, "", "application/json");
    await memory.create({ bucket: "state", key: `jobs/${jobId}/000002.json` }, JSON.stringify(recordOf(entry)));
  }
  const objects: ObjectStore = counted<ObjectStore>(memory, calls);
  await runTick({
    region: "cn-hangzhou",
    bucket: "images",
    objects,
    images: counted(runningImports, calls),
    ledger: ossLedger({ objects, stateBucket: "state", clock }),
    members: ossDiskMembers(objects, "state"),
    inspect: () => Promise.reject(new Error("a tick of running imports inspects nothing")),
    log: () => undefined,
    clock,
    patience: { clock, deadline: new Date(start + 60_000), random: () => 0 },
    claimant: "tick",
  });
  return calls;
}

describe("what a tick over 1,000 running imports asks the cloud for", () => {
  it("is two lists, ten DescribeTasks and the progress of twenty", async () => {
    const calls = await callsOfTick(1000);
    expect(calls.get("describeTasks")).toBe(10);
    expect(calls.get("list")).toBeLessThanOrEqual(2);
    // The record, the task and the image of each of the twenty.
    expect([...calls.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(10 + 2 + 20 * 3);
  });

  it("does not grow with the number of jobs but for the lists and DescribeTasks", async () => {
    const [few, many] = [await callsOfTick(100), await callsOfTick(1000)];
    const rest = (calls: ReadonlyMap<string, number>): number =>
      [...calls].reduce((sum, [name, count]) => sum + (name === "describeTasks" || name === "list" ? 0 : count), 0);
    expect(rest(many)).toBe(rest(few));
  });
});

describe("what a tick over 3,000 images that wait asks the cloud for", () => {
  it("is their lists, and one more for the bucket manifest", async () => {
    expect(Object.fromEntries(await callsOfTick(3000, "waiting"))).toEqual({ list: 3 + 1 });
  });
});
