import { runTick } from "../../../functions/report-tasks/tick.ts";
import type { Clock } from "../../../shared/clock.ts";
import { CloudError } from "../../../shared/cloud/cloud-error.ts";
import type { Image, ImageService, Task } from "../../../shared/cloud/ports.ts";
import type { ImportDeps } from "../../../shared/importing/import-deps.ts";
import { ossDiskMembers } from "../../../shared/ledger/disk-members.ts";
import { ossLedger } from "../../../shared/ledger/ledger.ts";
import { memoryObjects } from "../ledger/memory-objects.ts";
import { debian, reportOf } from "./planned-disk.ts";

const start = Date.parse("2026-11-23T10:00:00Z");
export const bucket = "images";

/**
 * The product on an OSS in memory and an ECS of plain data, where every image is found to be a Debian. A task runs until
 * it is cancelled, which takes its image away, or until the test finishes it.
 */
export function smallProduct() {
  let now = start;
  const clock: Clock = {
    now: () => new Date(now),
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
  };
  const objects = memoryObjects(() => new Date(now));
  const ledger = ossLedger({ objects, stateBucket: "state", clock });
  const tasks = new Map<string, Task>();
  const images = new Map<string, Image>();
  const asked: string[] = [];
  const hidden = new Set<"tasks">();
  const service: ImageService = {
    importImage: async (request) => {
      const number = asked.push("ImportImage");
      const [imageId, taskId] = [`m-${number}`, `t-${number}`];
      const tags = new Map(request.Tag.map(({ Key, Value }) => [Key, Value]));
      images.set(imageId, {
        imageId,
        imageName: request.ImageName,
        status: "Creating",
        tags,
        disks: [],
        check: undefined,
      });
      tasks.set(taskId, { taskId, imageId, status: "Processing" });
      return { imageId, taskId, requestId: "R" };
    },
    describeTasks: async (query) =>
      hidden.has("tasks")
        ? []
        : [...tasks.values()].filter(({ taskId, imageId }) =>
            "imageId" in query ? imageId === query.imageId : query.taskIds.includes(taskId),
          ),
    describeTask: async (taskId) => {
      const task = tasks.get(taskId);
      return (
        task && {
          ...task,
          progress: task.status === "Finished" ? 100 : 10,
          failedCount: 0,
          errorCode: undefined,
          errorMessage: undefined,
          requestId: undefined,
        }
      );
    },
    describeImages: async (query) =>
      [...images.values()].filter((image) => {
        if ("imageIds" in query) return query.imageIds.includes(image.imageId);
        if ("imageName" in query) return image.imageName === query.imageName;
        return image.tags.get(query.tag.key) === query.tag.value;
      }),
    cancelTask: async (taskId) => {
      asked.push(`CancelTask ${taskId}`);
      const task = tasks.get(taskId);
      if (task?.status !== "Processing")
        throw new CloudError({ service: "ecs", code: "InvalidTaskId.IncorrectTaskStatus", message: "no", status: 403 });
      tasks.set(taskId, { ...task, status: "Deleted" });
      images.delete(task.imageId ?? "");
    },
  };
  const lines: string[] = [];
  const sentences: string[] = [];
  const deps = (claimant: string): ImportDeps => ({
    region: "cn-hangzhou",
    bucket,
    objects,
    images: service,
    ledger,
    members: ossDiskMembers(objects, "state"),
    inspect: async () => reportOf(debian),
    log: (_, event, sentence, fields) => {
      lines.push(`${event} ${fields?.key ?? ""}`.trim());
      sentences.push(sentence);
    },
    clock,
    patience: { clock, deadline: new Date(now + 115_000), random: () => 0 },
    claimant,
  });
  return {
    deps,
    ledger,
    images,
    asked,
    lines,
    sentences,
    hidden,
    /** ECS has made the image. */
    finish: (taskId: string) => {
      const task = tasks.get(taskId);
      const image = images.get(task?.imageId ?? "");
      if (!task || !image) throw new Error(`there is no task ${taskId}`);
      tasks.set(taskId, { ...task, status: "Finished" });
      images.set(image.imageId, { ...image, status: "Available" });
    },
    /** ECS gives the import up, and keeps no image. */
    fail: (taskId: string) => {
      const task = tasks.get(taskId);
      if (!task) throw new Error(`there is no task ${taskId}`);
      tasks.set(taskId, { ...task, status: "Failed" });
      images.delete(task.imageId ?? "");
    },
    remove: (key: string) => objects.delete({ bucket, key }),
    upload: (key: string, body: string) => objects.put({ bucket, key }, body, "application/octet-stream"),
    jobs: (key: string) => ledger.jobsOf({ bucket, key }),
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
    tick: async () => {
      now += 60_000;
      return (await runTick(deps("tick"))).summary;
    },
  };
}

/** The same, but ECS refuses every import in this way. */
export const refusing = (deps: ImportDeps, code: string, status: number): ImportDeps => ({
  ...deps,
  images: {
    ...deps.images,
    importImage: () => Promise.reject(new CloudError({ service: "ecs", code, message: "no", status })),
  },
});

/** The same, but ECS is away. */
export const away = (deps: ImportDeps): ImportDeps => refusing(deps, "ServiceUnavailable", 503);
