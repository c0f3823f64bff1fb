import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runPlan } from "../../cli/plan/run-plan.ts";
import { said, url } from "./operator.ts";
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

  const plan = async (key = "dry/web.raw", variables: Record<string, string> = {}, sidecar?: string) => {
    const { account, endpoints } = product.cloud;
    const options = {
      region: "cn-hangzhou",
      ossEndpoint: endpoints.oss,
      ecsEndpoint: endpoints.ecs,
      dryRun: true,
      json: true,
      ...(sidecar ? { sidecar } : {}),
    };
    const environment = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: account.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: account.accessKeySecret,
      ...variables,
    };
    const { code, out } = await said((output) => runPlan(url(key), options, environment, output));
    return { exitCode: code, answer: JSON.parse(out) };
  };

  it.each(["DryRunOperation", "DRYRUN.SUCCESS"] as const)("knows %s for a yes, and imports nothing", async (code) => {
    product.cloud.ecs.settings.dryRunCode = code;
    expect(await plan()).toMatchObject({
      exitCode: 0,
      answer: { decision: "import", dryRun: { valid: true, code } },
    });
    expect(product.cloud.ecs.snapshot().images.filter(({ ImageName }) => ImageName.startsWith("web"))).toEqual([]);
  });

  describe("of what was imported", () => {
    const known = { STATE_BUCKET: "images-import-state" };
    beforeAll(async () => {
      await product.upload("done.raw", raw(1, 5));
      await product.settle();
    });

    it("says that it is, while it runs and afterwards, by which job, and what would make another image", async () => {
      const running = await plan("done.raw", known);
      expect(running).toMatchObject({ exitCode: 1, answer: { decision: "ignore", job: { state: "submitted" } } });
      await product.untilEnded();
      const { imageId, jobId } = product.linesOf("done.raw").find(({ event }) => event === "import.available") ?? {};
      const { exitCode, answer } = await plan("done.raw", known);
      expect(exitCode).toBe(1);
      expect(answer).toMatchObject({ decision: "ignore", job: { jobId, imageId, state: "available" } });
      expect(answer.reason).toContain(`(${imageId}), by job ${jobId}`);
      expect(answer.reason).toContain("A new upload, or a manifest that asks for something else");
      expect(answer.dryRun).toBeUndefined();
    });

    it("makes a plan for other settings, and takes another name where the default one is its own", async () => {
      const sidecar = join(await mkdtemp(join(tmpdir(), "dry-run-")), "sidecar.yaml");
      await writeFile(sidecar, "tags: { team: web }\n");
      const { exitCode, answer } = await plan("done.raw", known, sidecar);
      expect(exitCode).toBe(0);
      expect(answer).toMatchObject({ decision: "import", dryRun: { valid: true } });
      expect(answer.dryRun.advice).toMatch(/is another image's: the function would take done-\d{14}-[0-9a-f]{8}\./);
    });

    it("makes a plan all the same when the ledger cannot be read", async () => {
      const { answer } = await plan("done.raw", { STATE_BUCKET: "no-such-bucket" });
      expect(answer.decision).toBe("import");
    });
  });

  it("answers no with the reason and the way out when ECS would refuse", async () => {
    product.cloud.ecs.failNext("ImportImage", "QuotaExceed.Image");
    const { exitCode, answer } = await plan();
    expect(exitCode).toBe(1);
    expect(answer.dryRun).toMatchObject({ valid: false, code: "QuotaExceed.Image" });
    expect(answer.dryRun.advice).not.toBe("");
  });
});
