import { runCancel } from "../../cli/ops/run-cancel.ts";
import { runExplain } from "../../cli/ops/run-explain.ts";
import { connectionFolder, said, url } from "./operator.ts";
import { type Product, qcow2, startProduct } from "./product.ts";

let product: Product;
let local: string;

beforeAll(async () => {
  product = await startProduct({ ecsSettings: { importSeconds: 3600 } });
  local = await connectionFolder(product);
  await product.upload("running.qcow2", qcow2());
  await product.settle();
});
afterAll(() => product.close());

describe("cancel", () => {
  const cancel = (key: string) => said((output) => runCancel(url(key), { local, json: true }, {}, output));

  const told = (key: string) => said((output) => runCancel(url(key), { local, json: false }, {}, output));

  it("stops a running import, and the next tick writes down its end", async () => {
    const { code, out } = await cancel("running.qcow2");
    expect(code).toBe(0);
    expect(JSON.parse(out).jobs).toEqual([expect.objectContaining({ cancelled: true, state: "cancelling" })]);
    await product.tick();
    expect(product.linesOf("running.qcow2").map(({ event }) => event)).toContain("import.cancelled");
    expect(
      (await said((output) => runExplain(url("running.qcow2"), { local, json: false }, {}, output))).out,
    ).toContain("an operator asked for it");
  });

  it("says that an image which is available stays", async () => {
    product.cloud.ecs.settings.importSeconds = 0.01;
    await product.upload("stays.qcow2", qcow2(64 * 2 ** 20, 72));
    await product.settle();
    product.cloud.ecs.settings.importSeconds = 3600;
    while (!product.linesOf("stays.qcow2").some(({ event }) => event === "import.available")) await product.tick();
    const { code, out } = await cancel("stays.qcow2");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      jobs: [],
      message: expect.stringMatching(/is available as stays-.*, and stays/),
    });
  });

  it("says of a disk and of a sidecar which import they are part of", async () => {
    await product.upload("whole.qcow2.import.yaml", "disks:\n  - {}\n  - ossObject: part of it.raw\n");
    await product.upload("whole.qcow2", qcow2(64 * 2 ** 20, 73));
    await product.settle();
    for (const key of ["part of it.raw", "whole.qcow2.import.yaml"]) {
      expect(JSON.parse((await cancel(key)).out)).toMatchObject({ jobs: [], partOf: "whole.qcow2" });
      const { code, out } = await told(key);
      expect(code).toBe(1);
      expect(out).toMatch(/It is part of the import of whole\.qcow2\. To give that up:\n/);
      expect(out).toContain(`\n      oss-image-import cancel ${url("whole.qcow2")}\n`);
    }
    const { code, out, err } = await told("whole.qcow2");
    expect([code, out, err]).toEqual([0, "The import of whole.qcow2 is cancelled.\n", ""]);
  });

  it("answers no when nothing is under way", async () => {
    expect((await cancel("running.qcow2")).code).toBe(1);
    expect((await cancel("never.qcow2")).code).toBe(1);
  });

  it("is repeated by the tick when the first call to ECS was lost", async () => {
    await product.upload("lost.qcow2", qcow2(64 * 2 ** 20, 31));
    await product.settle();
    let failing = true;
    product.cloud.faults.plan = ({ operation }) =>
      failing && operation === "CancelTask" ? { kind: "html-502" } : undefined;
    await expect(cancel("lost.qcow2")).rejects.toThrow("ECS cannot be reached");
    failing = false;
    await product.tick();
    product.cloud.faults.plan = undefined;
    expect(product.linesOf("lost.qcow2").map(({ event }) => event)).toContain("import.cancelled");
  });

  it("catches an import whose answer was lost with the function that waited for it", async () => {
    let answer: { code: number; out: string } | undefined;
    product.cloud.faults.plan = ({ operation }) => {
      if (answer || operation !== "ImportImage") return undefined;
      // Before ECS has begun: there is a claim, and nothing to be found.
      return {
        kind: "act-before",
        act: async () => {
          answer ??= await cancel("early.qcow2");
          product.cloud.fc?.kill("image-import");
        },
      };
    };
    await product.upload("early.qcow2", qcow2(64 * 2 ** 20, 33));
    await product.settle();
    expect(JSON.parse(answer?.out ?? "{}").jobs).toEqual([
      expect.objectContaining({
        state: "cancelling",
        cancelled: true,
        message: expect.stringContaining("does not show"),
      }),
    ]);
    expect(product.linesOf("early.qcow2").map(({ event }) => event)).toContain("import.duplicate");

    answer = undefined;
    product.cloud.faults.plan = ({ operation }) => {
      if (answer || operation !== "ImportImage") return undefined;
      return {
        kind: "act-after",
        act: async () => {
          answer ??= await cancel("caught.qcow2");
          product.cloud.fc?.kill("image-import");
        },
      };
    };
    await product.upload("caught.qcow2", qcow2(64 * 2 ** 20, 34));
    await product.settle();
    product.cloud.faults.plan = undefined;
    await product.tick();
    const events = product.linesOf("caught.qcow2").map(({ event }) => event);
    expect(events).toContain("import.cancelled");
    expect(events).not.toContain("import.submitted");
    expect(product.cloud.ecs.snapshot().tasks.at(-1)?.TaskStatus).toBe("Deleted");
  });

  it("says what ECS says when it does not let the task be stopped, and follows it to its end", async () => {
    await product.upload("stubborn.qcow2", qcow2(64 * 2 ** 20, 32));
    await product.settle();
    product.cloud.ecs.failNext("CancelTask", "CancelTaskFailed");
    const { code, out } = await cancel("stubborn.qcow2");
    expect(code).toBe(1);
    expect(JSON.parse(out).jobs[0].message).toContain("CancelTaskFailed");
    await product.tick();
    expect(product.linesOf("stubborn.qcow2").map(({ event }) => event)).toContain("import.cancelled");
  });
});
