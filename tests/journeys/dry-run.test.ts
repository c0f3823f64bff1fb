import type { Output } from "../../cli/outcome.ts";
import { runPlan } from "../../cli/plan/run-plan.ts";
import { type Product, raw, startProduct } from "./product.ts";

describe("plan --dry-run", () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct();
    // An account that must pay first: the image is there, and no import of it takes its name.
    product.cloud.faults.plan = ({ service }) =>
      service === "ecs" ? { kind: "refuse", status: 400, code: "Account.Arrearage", message: "pay first" } : undefined;
    await product.upload("dry/web.raw", raw());
    await product.settle();
    product.cloud.faults.plan = undefined;
  });
  afterAll(() => product.close());

  const plan = async () => {
    const { account, endpoints } = product.cloud;
    const written: string[] = [];
    const output: Output = {
      out: (text) => void written.push(text),
      err: () => {},
      isTerminal: false,
      columns: 80,
      rows: 24,
    };
    const options = {
      region: "cn-hangzhou",
      ossEndpoint: endpoints.oss,
      ecsEndpoint: endpoints.ecs,
      dryRun: true,
      json: true,
    };
    const environment = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: account.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: account.accessKeySecret,
    };
    const exitCode = await runPlan("oss://images/dry/web.raw", options, environment, output);
    return { exitCode, answer: JSON.parse(written.join("")) };
  };

  it.each(["DryRunOperation", "DRYRUN.SUCCESS"] as const)("knows %s for a yes, and imports nothing", async (code) => {
    product.cloud.ecs.settings.dryRunCode = code;
    expect(await plan()).toMatchObject({
      exitCode: 0,
      answer: { decision: "import", dryRun: { valid: true, code } },
    });
    expect(product.cloud.ecs.snapshot().images).toEqual([]);
  });

  it("answers no with the reason and the way out when ECS would refuse", async () => {
    product.cloud.ecs.failNext("ImportImage", "QuotaExceed.Image");
    const { exitCode, answer } = await plan();
    expect(exitCode).toBe(1);
    expect(answer.dryRun).toMatchObject({ valid: false, code: "QuotaExceed.Image" });
    expect(answer.dryRun.advice).not.toBe("");
  });
});
