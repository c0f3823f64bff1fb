import { findTaskOf, requestCancel } from "../../../shared/importing/cancel-import.ts";
import { RetryLater } from "../../../shared/importing/import-deps.ts";
import { importRouted } from "../../../shared/importing/route-object.ts";
import { smallProduct } from "./small-product.ts";

const key = "web.raw";

/** An import that runs at ECS and that an operator gave up, of which ECS has not heard yet. */
const givenUp = async () => {
  const product = smallProduct();
  await product.upload(key, "content");
  await importRouted(key, "upload", product.deps("r-1"));
  const [job] = await product.jobs(key);
  if (!job) throw new Error("there is no job");
  return {
    ...product,
    job,
    cancelling: await requestCancel(job, "an operator asked for it", product.deps("operator")),
  };
};

const statesOf = async ({ jobs }: Pick<ReturnType<typeof smallProduct>, "jobs">) =>
  (await jobs(key)).map(({ state }) => state);

describe("a cancellation", () => {
  it("is written down before ECS is asked for anything", async () => {
    const { cancelling, asked } = await givenUp();
    expect(cancelling).toMatchObject({ state: "cancelling", reason: "an operator asked for it" });
    expect(asked).toEqual(["ImportImage"]);
  });

  it("is one, however often it is asked for", async () => {
    const { job, cancelling, deps } = await givenUp();
    expect(await requestCancel(job, "another operator", deps("operator-2"))).toEqual(cancelling);
  });

  it("ends at a tick, which stops the task", async () => {
    const product = await givenUp();
    expect(await product.tick()).toMatchObject({ cancelled: 1 });
    expect(product.asked).toEqual(["ImportImage", "CancelTask t-1"]);
    expect(await statesOf(product)).toEqual(["cancelled"]);
  });

  it("leaves an image alone that is available already, and says so", async () => {
    const product = await givenUp();
    product.finish("t-1");
    expect(await product.tick()).toMatchObject({ available: 1, cancelled: 0 });
    expect(product.imports).toMatchObject([{ imageId: "m-1", status: "Finished" }]);
    expect(await product.jobs(key)).toMatchObject([
      { state: "available", reason: "it was available before it could be cancelled" },
    ]);
  });

  it("looks for the task again while ECS shows the image only", async () => {
    const { cancelling, deps, hidden, ledger } = await givenUp();
    if (!cancelling.attempt) throw new Error("there is no attempt");
    const { taskId: _, ...attempt } = cancelling.attempt;
    const made = await ledger.append(cancelling, { ...cancelling, attempt }, { due: deps("tick").clock.now() });
    if (!made.done) throw new Error("somebody else took the step");
    hidden.add("tasks");
    expect(await findTaskOf(made.record, deps("tick"))).toBe(made.record);
    hidden.clear();
    expect((await findTaskOf(made.record, deps("tick"))).attempt).toMatchObject({ imageId: "m-1", taskId: "t-1" });
  });
});

describe("an upload of what is being cancelled", () => {
  it("is a duplicate when its event is older than the cancellation", async () => {
    const { deps, lines, asked } = await givenUp();
    await importRouted(key, "upload", deps("r-2"));
    expect(lines.at(-1)).toBe(`import.duplicate ${key}`);
    expect(asked).toEqual(["ImportImage"]);
  });

  it("is left for later while the earlier import has not ended", async () => {
    const { deps, upload, pass } = await givenUp();
    pass(5);
    await upload(key, "content");
    await expect(importRouted(key, "upload", deps("r-2"))).rejects.toThrow(RetryLater);
  });

  it("is imported once the earlier import has ended", async () => {
    const product = await givenUp();
    product.pass(5);
    await product.upload(key, "content");
    const deps = product.deps("r-2");
    const ticking = { ...deps.clock, sleep: async () => void (await product.tick()) };
    await importRouted(key, "upload", { ...deps, clock: ticking });
    expect(product.asked).toEqual(["ImportImage", "CancelTask t-1", "ImportImage"]);
    expect(await statesOf(product)).toEqual(["submitted"]);
  });

  it("is imported by the tick that sees the end, should its event have been given up", async () => {
    const product = await givenUp();
    product.pass(5);
    await product.upload(key, "content");
    expect(await product.tick()).toMatchObject({ cancelled: 1 });
    expect(product.asked).toEqual(["ImportImage", "CancelTask t-1", "ImportImage"]);
    expect(await statesOf(product)).toEqual(["submitted"]);
  });

  it("waits for the earlier import too when a person delivers it again", async () => {
    const { deps } = await givenUp();
    await expect(importRouted(key, "replay", deps("operator"))).rejects.toThrow("still being cancelled");
  });
});

describe("a sidecar that comes while its image's import is being cancelled", () => {
  const withSidecar = async () => {
    const product = await givenUp();
    await product.upload(`${key}.import.yaml`, "imageName: mine\n");
    return product;
  };

  it("is taken up by the tick that sees the end, should its event have been given up", async () => {
    const product = await withSidecar();
    expect(await product.tick()).toMatchObject({ cancelled: 1 });
    expect(product.asked).toEqual(["ImportImage", "CancelTask t-1", "ImportImage"]);
    expect(await statesOf(product)).toEqual(["submitted"]);
  });

  it("makes an image beside the one that was available before it could be cancelled", async () => {
    const product = await withSidecar();
    product.finish("t-1");
    expect(await product.tick()).toMatchObject({ available: 1 });
    expect((await statesOf(product)).sort()).toEqual(["available", "submitted"]);
  });

  it("asks for nothing when the import was made with it", async () => {
    const product = smallProduct();
    await product.upload(`${key}.import.yaml`, "imageName: mine\n");
    await product.upload(key, "content");
    await importRouted(key, "upload", product.deps("r-1"));
    const [job] = await product.jobs(key);
    if (!job) throw new Error("there is no job");
    await requestCancel(job, "an operator asked for it", product.deps("operator"));
    expect(await product.tick()).toMatchObject({ cancelled: 1 });
    expect(product.asked).toEqual(["ImportImage", "CancelTask t-1"]);
    expect(product.lines.filter((line) => line.startsWith("import.duplicate"))).toEqual([]);
  });
});

describe("an empty object", () => {
  it("is released by its content although that had no event", async () => {
    const product = smallProduct();
    await product.upload(key, "");
    await importRouted(key, "upload", product.deps("r-1"));
    expect(await statesOf(product)).toEqual(["waiting"]);
    await product.upload(key, "content");
    await product.tick();
    expect((await statesOf(product)).sort()).toEqual(["cancelled", "submitted"]);
  });
});

it("A set that is being cancelled holds up no tick, however many of its disks wait for themselves", async () => {
  const product = smallProduct();
  const { upload, deps, jobs, tick } = product;
  const disks = Array.from({ length: 12 }, (_, number) => `d${number}.raw`);
  await upload("image-import.yaml", 'version: 1\nrules:\n  - { match: "*.raw", requireManifest: true }\n');
  for (const disk of disks) {
    await upload(disk, disk);
    await importRouted(disk, "upload", deps("r-1"));
  }
  await upload(key, "system");
  await upload(
    `${key}.import.yaml`,
    `disks: [{}, ${disks.map((disk) => `{ ossObject: ${disk} }`).join(", ")}]\nimageName: mine\n`,
  );
  await importRouted(key, "upload", deps("r-2"));
  const [job] = await jobs(key);
  if (!job) throw new Error("there is no job");
  await requestCancel(job, "an operator asked for it", deps("operator"));
  const { clock } = deps("reader");
  const before = clock.now().getTime();
  await tick();
  expect(clock.now().getTime() - before).toBe(60_000);
  await tick();
  for (const disk of [key, ...disks]) expect((await jobs(disk)).map(({ state }) => state)).not.toContain("waiting");
  expect((await jobs(key)).map(({ state }) => state)).toEqual(["cancelled"]);
});
