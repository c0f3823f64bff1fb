import { runTick } from "../../../functions/report-tasks/tick.ts";
import { CloudError } from "../../../shared/cloud/cloud-error.ts";
import type { ImageService, Task } from "../../../shared/cloud/ports.ts";
import type { ImportDeps } from "../../../shared/importing/import-deps.ts";
import { ossDiskMembers } from "../../../shared/ledger/disk-members.ts";
import { ossLedger } from "../../../shared/ledger/ledger.ts";
import { openKey } from "../../../shared/ledger/open-entry.ts";
import { memoryObjects } from "../ledger/memory-objects.ts";

const start = Date.parse("2026-11-23T10:00:00Z");
const anHourAgo = start / 1000 - 3600;

type Asked = "describeTasks" | "describeTask" | "describeImages";

/** This many imports that have failed at ECS, each call to which takes its time; and ticks of a minute. */
async function failedImports(count: number, millisecondsOf: Partial<Record<Asked, number>>) {
  let now = start;
  const clock = {
    now: () => new Date(now),
    sleep: async (milliseconds: number) => {
      now += milliseconds;
    },
  };
  const objects = memoryObjects();
  const asked: Record<Asked, string[]> = { describeTasks: [], describeTask: [], describeImages: [] };
  const ended: string[] = [];
  let refusals = 0;
  const take = (operation: Asked, what: string): void => {
    if (refusals > 0) {
      refusals -= 1;
      throw new CloudError({ service: "ecs", code: "Throttling.User", message: "too fast", status: 400 });
    }
    asked[operation].push(what);
    now += millisecondsOf[operation] ?? 0;
  };
  const failed = (taskId: string): Task => ({ taskId, status: "Failed", imageId: undefined });
  const images: ImageService = {
    importImage: () => Promise.reject(new Error("a tick of running imports imports nothing")),
    cancelTask: () => Promise.reject(new Error("a tick of running imports cancels nothing")),
    describeTasks: async (query) => {
      const taskIds = "taskIds" in query ? query.taskIds : [];
      take("describeTasks", taskIds.join(","));
      return taskIds.map(failed);
    },
    describeTask: async (taskId) => {
      take("describeTask", taskId);
      const unsaid = { errorCode: undefined, errorMessage: undefined, requestId: undefined };
      return { ...failed(taskId), ...unsaid, progress: 50, failedCount: 1 };
    },
    describeImages: async () => {
      take("describeImages", "");
      return [];
    },
  };
  for (let number = 0; number < count; number += 1) {
    const jobId = number.toString(16).padStart(32, "0");
    const [taskId, imageId] = [`t-${number}`, `m-${number}`];
    const entry = { jobId, sequence: 1, state: "submitted", taskId, imageId } as const;
    const times = { since: anHourAgo, movedAt: anHourAgo, due: anHourAgo, warned: 0 };
    const record = {
      ...entry,
      nonce: "n",
      at: new Date(anHourAgo * 1000).toISOString(),
      subject: { region: "cn-hangzhou", bucket: "images", key: `${number}.raw`, etag: "0" },
      attempt: { taskId, imageId, request: { ImageName: "web" } },
    };
    await objects.put({ bucket: "state", key: openKey({ ...entry, ...times }) }, "", "application/json");
    await objects.create({ bucket: "state", key: `jobs/${jobId}/000001.json` }, JSON.stringify(record));
  }
  const tick = () => {
    const deps: ImportDeps = {
      region: "cn-hangzhou",
      bucket: "images",
      objects,
      images,
      ledger: ossLedger({ objects, stateBucket: "state", clock }),
      members: ossDiskMembers(objects, "state"),
      inspect: () => Promise.reject(new Error("a tick of running imports inspects nothing")),
      log: (_, event, __, fields) => void (event === "import.failed" && ended.push(fields?.key ?? "")),
      clock,
      patience: { clock, deadline: new Date(now + 60_000), random: Math.random },
      claimant: "tick",
    };
    return runTick(deps);
  };
  return {
    asked,
    ended,
    tick,
    refuse: (calls: number) => {
      refusals = calls;
    },
  };
}

describe("a tick that runs out of time", () => {
  it("leaves to the next what it did not begin, and what it ended is never looked at again", async () => {
    const { asked, ended, tick } = await failedImports(1000, { describeTask: 250 });
    const ticks = [];
    do ticks.push((await tick()).summary);
    while (ticks.length < 10 && (ticks.at(-1)?.left ?? 0) > 0);
    // A minute has room for 240 of them, and those that are begun are finished.
    expect(ticks.map(({ left }) => left > 0)).toEqual([true, true, true, true, false]);
    expect(ticks.reduce((sum, { failed }) => sum + failed, 0)).toBe(1000);
    expect(new Set(ended).size).toBe(1000);
    expect(ended).toHaveLength(1000);
    expect(asked.describeTask).toHaveLength(1000);
  });

  it("while it still asks about all tasks asks no more, and says so", async () => {
    const { asked, tick } = await failedImports(1000, { describeTasks: 20_000 });
    const { summary, trouble } = await tick();
    expect(asked.describeTasks.length).toBeLessThan(10);
    expect(summary).toMatchObject({ open: 1000, left: 1000, failed: 0 });
    expect(trouble).toMatchObject({ message: expect.stringContaining("too slowly") });
  });
});

describe("a tick whose questions come too fast for ECS", () => {
  it("asks them again after a pause", async () => {
    const { asked, ended, tick, refuse } = await failedImports(300, {});
    refuse(4);
    expect(await tick()).toMatchObject({ summary: { failed: 300, left: 0, troubled: 0 }, trouble: undefined });
    expect(asked.describeTasks).toHaveLength(3);
    expect(ended).toHaveLength(300);
  });

  it("leaves them to the next tick when ECS goes on refusing", async () => {
    const { ended, tick, refuse } = await failedImports(100, {});
    refuse(5);
    const { summary, trouble } = await tick();
    expect(summary).toMatchObject({ left: 100, failed: 0 });
    expect(trouble).toMatchObject({ code: "Throttling.User" });
    expect((await tick()).summary).toMatchObject({ left: 0, failed: 100 });
    expect(ended).toHaveLength(100);
  });
});
