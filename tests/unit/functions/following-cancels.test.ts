import { runTick } from "../../../functions/report-tasks/tick.ts";
import { requestCancel } from "../../../shared/importing/cancel-import.ts";
import type { Attempt } from "../../../shared/ledger/job.ts";
import { fakeProduct } from "./fake-product.ts";

/** A product with one import of an object that is still there, given up: submitted, unless ECS has not even been asked. */
const givenUp = async (isSubmitted: boolean) => {
  const product = fakeProduct();
  const { deps, ledger, objects, tasks, lines } = product;
  const object = { bucket: "images", key: "web.raw" };
  await objects.put(object, "bytes", "application/octet-stream");
  const { etag = "", lastModified } = (await objects.stat(object)) ?? {};
  const started = isSubmitted ? { taskId: "t-1", imageId: "m-1" } : {};
  if (isSubmitted) tasks.set("t-1", { taskId: "t-1", imageId: "m-1", status: "Processing", progress: 0 });
  const step = {
    subject: { ...object, region: "cn-hangzhou", etag },
    uploadedAt: lastModified?.toISOString() ?? "",
    attempt: { token: "token", request: { ImageName: "web" }, diskEtags: [etag], ...started } as unknown as Attempt,
  };
  const due = { due: deps.clock.now() };
  const claimed = await ledger.append(undefined, { ...step, state: "claimed" }, due);
  if (!claimed.done) throw new Error("the job was there already");
  const submitted = isSubmitted ? await ledger.append(claimed.record, { ...step, state: "submitted" }, due) : claimed;
  if (!submitted.done) throw new Error("the step was made already");
  const { jobId } = await requestCancel(submitted.record, "asked for", deps);
  const events = async (): Promise<readonly string[]> => {
    const { trouble } = await runTick(deps);
    expect(trouble).toBeUndefined();
    return lines.splice(0).map(({ event }) => event);
  };
  return { ...product, jobId, events };
};

describe("an import that is given up", () => {
  it("is cancelled once its task is, and not begun anew for the object that lies there", async () => {
    const { events, calls, tasks, ledger, jobId } = await givenUp(true);
    expect(await events()).toEqual([]);
    expect(calls.cancelTask).toEqual(["t-1"]);
    tasks.set("t-1", { taskId: "t-1", imageId: "m-1", status: "Deleted", progress: 0 });
    expect(await events()).toEqual(["import.cancelled"]);
    expect(await ledger.current(jobId)).toMatchObject({
      state: "cancelled",
      reason: expect.stringContaining("asked for"),
    });
  });

  it("is looked for eight minutes where nobody knows whether ECS began it", async () => {
    const { events, calls, ledger, jobId, pass } = await givenUp(false);
    pass(8 * 60 - 1);
    expect(await events()).toEqual([]);
    pass(1);
    expect(await events()).toEqual(["import.cancelled"]);
    expect(calls.cancelTask).toEqual([]);
    expect((await ledger.current(jobId))?.reason).toBe("asked for. ECS never began it");
  });

  it("that ECS does not stop is asked to stop each time, spoken of once after a minute, and kept when it is there", async () => {
    const { events, calls, refusals, tasks, ledger, jobId, pass } = await givenUp(true);
    refusals.cancelTask = { code: "CancelTaskFailed", message: "cannot be cancelled now" };
    pass(59);
    expect(await events()).toEqual([]);
    pass(1);
    expect(await events()).toEqual(["import.attention"]);
    for (let minutes = 0; minutes < 3; minutes += 1) {
      pass(60);
      expect(await events()).toEqual([]);
    }
    expect(calls.cancelTask).toHaveLength(5);
    tasks.set("t-1", { taskId: "t-1", imageId: "m-1", status: "Finished", progress: 100 });
    pass(60);
    expect(await events()).toEqual(["import.available"]);
    expect((await ledger.current(jobId))?.state).toBe("available");
  });

  it("ends also when ECS never takes the request to stop it", async () => {
    const { deps, refusals, tasks, ledger, jobId, lines } = await givenUp(true);
    refusals.cancelTask = { code: "Forbidden.RAM", message: "not authorized" };
    expect((await runTick(deps)).trouble).toMatchObject({ code: "Forbidden.RAM" });
    expect(lines.map(({ event }) => event)).toEqual(["object.deferred"]);
    tasks.set("t-1", { taskId: "t-1", imageId: "m-1", status: "Finished", progress: 100 });
    expect((await runTick(deps)).summary).toMatchObject({ available: 1, troubled: 0 });
    expect((await ledger.current(jobId))?.state).toBe("available");
  });
});
