import { runTick } from "../../../functions/report-tasks/tick.ts";
import type { ObjectRef } from "../../../shared/cloud/ports.ts";
import { ossLedger } from "../../../shared/ledger/ledger.ts";
import { fakeProduct } from "./fake-product.ts";

const hour = 3600;

describe("an import that does not move", () => {
  it("is called stuck again when it moved in between and then stopped once more", async () => {
    const { deps, lines, tasks, submit, pass } = fakeProduct();
    await submit(1);
    const events = async (): Promise<readonly string[]> => {
      await runTick(deps);
      return lines.splice(0).map(({ event }) => event);
    };
    pass(2 * hour);
    expect(await events()).toEqual(["import.attention"]);
    pass(4 * hour);
    expect(await events()).toEqual(["import.stuck"]);
    tasks.set("t-1", { taskId: "t-1", imageId: "m-1", status: "Processing", progress: 40 });
    expect(await events()).toEqual(["import.progress"]);
    pass(6 * hour);
    expect(await events()).toEqual(["import.stuck"]);
  });
});

describe("an import that moves", () => {
  it.each([
    [1, "1 second"],
    [119, "119 seconds"],
    [3600, "60 minutes"],
  ])("tells after %i seconds that it took %s", async (seconds, words) => {
    const { deps, sentences, tasks, submit, pass } = fakeProduct();
    await submit(1);
    pass(seconds);
    tasks.set("t-1", { taskId: "t-1", imageId: "m-1", status: "Processing", progress: 34 });
    await runTick(deps);
    expect(sentences).toEqual([`0001.raw is imported to 34 % after ${words}.`]);
  });
});

describe("an import that has ended at ECS", () => {
  it.each(["Finished", "Failed", "Deleted", "Cancelled", "Canceled"])(
    "is seen at once beside more running ones than are asked about, in the word %s",
    async (status) => {
      const { deps, submit, ledger, tasks } = fakeProduct();
      for (let number = 1; number <= 30; number += 1) await submit(number);
      const taskId = (await ledger.openJobs(undefined)).entries.at(-1)?.taskId ?? "";
      tasks.set(taskId, { taskId, imageId: `m-${taskId.slice(2)}`, status, progress: 100 });
      const { summary } = await runTick(deps);
      expect(summary.available + summary.failed + summary.cancelled).toBe(1);
    },
  );
});

describe("an import whose task is not known", () => {
  it("is left to ECS for a minute, until it shows there", async () => {
    const { deps, lines, tasks, submit, pass } = fakeProduct();
    await submit(1, "Finished", 100, { taskId: undefined });
    tasks.set("t-1", { taskId: "t-1", imageId: "m-1", status: "Finished", progress: 100 });
    pass(59);
    await runTick(deps);
    expect(lines).toEqual([]);
    pass(1);
    await runTick(deps);
    expect(lines.map(({ event }) => event)).toEqual(["import.available"]);
  });
});

describe("an image that was available within six minutes", () => {
  it("has its status file written once more, after a single read of the ledger", async () => {
    const { deps, ledger, lines, submit, pass } = fakeProduct();
    await submit(1, "Finished", 100);
    await runTick(deps);
    expect(lines.splice(0)).toEqual([{ event: "import.available", key: "0001.raw" }]);
    pass(6 * 60);
    const reads: string[] = [];
    const objects = {
      ...deps.objects,
      read: (object: ObjectRef, most: number) => {
        reads.push(object.key);
        return deps.objects.read(object, most);
      },
    };
    await runTick({ ...deps, objects, ledger: ossLedger({ objects, stateBucket: "state", clock: deps.clock }) });
    expect(reads).toEqual([expect.stringMatching(/^jobs\//)]);
    expect(lines).toEqual([]);
    expect((await ledger.openJobs(undefined)).entries).toEqual([]);
  });
});

describe("the check of an image", () => {
  const checked = async () => {
    const product = fakeProduct();
    await product.submit(1, "Finished", 100, {
      request: { ImageName: "web", DiskDeviceMapping: [], Tag: [], DetectionStrategy: "Standard" },
    });
    await runTick(product.deps);
    expect(product.lines.splice(0)).toEqual([{ event: "import.available", key: "0001.raw" }]);
    product.sentences.splice(0);
    return product;
  };
  const risk = { name: "Nvme", value: "NotInstalled", riskCode: "NVMe.NotInstalled", riskLevel: "High" };
  const harmless = { name: "OnlineResizeFS", value: "Supported", riskCode: undefined, riskLevel: undefined };

  it("is waited for, then told once, risks first, and the job leaves the index", async () => {
    const { deps, ledger, sentences, checks, pass } = await checked();
    pass(60);
    await runTick(deps);
    expect(sentences).toEqual([]);
    checks.set("m-1", { finished: true, items: [harmless, risk] });
    for (let tick = 0; tick < 8; tick += 1) {
      await runTick(deps);
      pass(60);
    }
    expect(sentences).toEqual([
      "ECS checked the image of 0001.raw and found 1 risk: Nvme: NotInstalled (NVMe.NotInstalled, High).",
    ]);
    expect((await ledger.openJobs(undefined)).entries).toEqual([]);
  });

  it("is not waited for longer than an hour", async () => {
    const { deps, ledger, sentences, pass } = await checked();
    pass(hour - 1);
    await runTick(deps);
    expect(sentences).toEqual([]);
    pass(1);
    await runTick(deps);
    expect(sentences).toEqual(["ECS has not finished its check of the image of 0001.raw within an hour."]);
    expect((await ledger.openJobs(undefined)).entries).toEqual([]);
  });
});
