import type { Clock } from "../../../shared/clock.ts";
import { CloudError } from "../../../shared/cloud/cloud-error.ts";
import type { Image, ImageService, Task } from "../../../shared/cloud/ports.ts";
import type { ImportDeps } from "../../../shared/importing/import-deps.ts";
import { ossDiskMembers } from "../../../shared/ledger/disk-members.ts";
import type { Attempt, JobStep } from "../../../shared/ledger/job.ts";
import { ossLedger } from "../../../shared/ledger/ledger.ts";
import type { LogEvent } from "../../../shared/log/log.ts";
import { memoryObjects } from "../ledger/memory-objects.ts";

const start = Date.parse("2026-11-23T10:00:00Z");

/** Everything that a tick works on: a ledger in memory, an ECS of plain data, and a clock that the test moves. */
export const fakeProduct = () => {
  let now = start;
  let random = 0;
  const clock: Clock = { now: () => new Date(now), sleep: async () => undefined };
  const objects = memoryObjects();
  const ledger = ossLedger({ objects, stateBucket: "state", clock });
  const tasks = new Map<string, Task & { progress: number }>();
  /** What ECS says of the check of an image. */
  const checks = new Map<string, NonNullable<Image["check"]>>();
  const calls = { describeTasks: [] as number[], describeTask: [] as string[], cancelTask: [] as string[] };
  const refusals: { cancelTask?: { code: string; message: string } } = {};
  const images: ImageService = {
    importImage: () => Promise.reject(new Error("a tick of running imports imports nothing")),
    describeTasks: async (query) => {
      const ids = "taskIds" in query ? query.taskIds : [];
      calls.describeTasks.push(ids.length);
      return ids.flatMap((id) => tasks.get(id) ?? []);
    },
    describeTask: async (taskId) => {
      calls.describeTask.push(taskId);
      const task = tasks.get(taskId);
      if (task?.status === "Trouble") throw new Error(`no answer about ${taskId}`);
      return task && { ...task, failedCount: 0, errorCode: undefined, errorMessage: undefined, requestId: undefined };
    },
    describeImages: async (query) => {
      const [imageId] = "imageIds" in query ? query.imageIds : [];
      // No attempt here is looked for by its tag with success.
      if (imageId === undefined) return [];
      const task = [...tasks.values()].find((one) => one.imageId === imageId);
      const status = task?.status === "Finished" ? "Available" : "Creating";
      return [{ imageId, imageName: "web", status, tags: new Map(), disks: [], check: checks.get(imageId) }];
    },
    cancelTask: async (taskId) => {
      calls.cancelTask.push(taskId);
      if (refusals.cancelTask !== undefined) throw new CloudError({ ...refusals.cancelTask, service: "ecs" });
    },
  };
  const lines: { event: LogEvent; key: string | undefined }[] = [];
  const sentences: string[] = [];
  const deps: ImportDeps = {
    region: "cn-hangzhou",
    bucket: "images",
    objects,
    images,
    ledger,
    members: ossDiskMembers(objects, "state"),
    inspect: () => Promise.reject(new Error("a tick of running imports inspects nothing")),
    log: (_, event, sentence, fields) => {
      lines.push({ event, key: fields?.key });
      sentences.push(sentence);
    },
    clock,
    patience: { clock, deadline: new Date(start + 10 * 24 * 3600_000), random: () => random },
    claimant: "tick",
  };
  const submit = async (number: number, status = "Processing", progress = 0, more: object = {}): Promise<string> => {
    const key = `${String(number).padStart(4, "0")}.raw`;
    const [taskId, imageId] = [`t-${number}`, `m-${number}`];
    tasks.set(taskId, { taskId, imageId, status, progress });
    const attempt = {
      request: { ImageName: "web", DiskDeviceMapping: [], Tag: [], RegionId: "cn-hangzhou" },
      taskId,
      imageId,
      submittedAt: new Date(now).toISOString(),
      ...more,
    } as unknown as Attempt;
    const subject = { region: "cn-hangzhou", bucket: "images", key, etag: "A" };
    const step: JobStep = { state: "claimed", subject, uploadedAt: new Date(now).toISOString(), attempt };
    const due = { due: new Date(now) };
    const claimed = await ledger.append(undefined, step, due);
    if (!claimed.done) throw new Error("the job was there already");
    await ledger.append(claimed.record, { ...step, state: "submitted" }, due);
    return claimed.record.jobId;
  };
  return {
    deps,
    ledger,
    objects,
    lines,
    sentences,
    checks,
    refusals,
    calls,
    tasks,
    submit,
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
    turn: (to: number) => {
      random = to;
    },
  };
};
