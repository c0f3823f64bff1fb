import { runTick } from "../../../functions/report-tasks/tick.ts";
import type { Clock } from "../../../shared/clock.ts";
import { CloudError } from "../../../shared/cloud/cloud-error.ts";
import type { ImageService } from "../../../shared/cloud/ports.ts";
import type { ImportDeps } from "../../../shared/importing/import-deps.ts";
import { ossDiskMembers } from "../../../shared/ledger/disk-members.ts";
import { ossLedger } from "../../../shared/ledger/ledger.ts";
import { memoryObjects } from "../ledger/memory-objects.ts";
import { type MemoryImport, memoryEcs } from "./memory-ecs.ts";
import { debian, reportOf } from "./planned-disk.ts";

const start = Date.parse("2026-11-23T10:00:00Z");
export const bucket = "images";

/**
 * The product on an OSS in memory and an ECS in memory, where every image is found to be a Debian. An
 * import runs until it is cancelled, or until the test ends it.
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
  const ecs = memoryEcs(objects);
  const asked: string[] = [];
  const hidden = new Set<"tasks">();
  const service: ImageService = {
    ...ecs,
    importImage: (request) => {
      asked.push("ImportImage");
      return ecs.importImage(request);
    },
    describeTasks: async (query) => (hidden.has("tasks") ? [] : ecs.describeTasks(query)),
    cancelTask: (taskId) => {
      asked.push(`CancelTask ${taskId}`);
      return ecs.cancelTask(taskId);
    },
  };
  const end = (taskId: string, status: MemoryImport["status"]): void => {
    const begun = ecs.imports.find((one) => one.taskId === taskId);
    if (!begun) throw new Error(`there is no task ${taskId}`);
    begun.status = status;
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
    imports: ecs.imports,
    asked,
    lines,
    sentences,
    hidden,
    /** ECS has made the image. */
    finish: (taskId: string) => end(taskId, "Finished"),
    /** ECS gives the import up, and keeps no image. */
    fail: (taskId: string) => end(taskId, "Failed"),
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
