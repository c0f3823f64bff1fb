import type { ConnectionOptions } from "../../cli/connection.ts";
import { localBucket, localStateBucket } from "../../cli/local/deployed-locally.ts";
import { runDoctor } from "../../cli/ops/run-doctor.ts";
import { embeddedAccount } from "../../local/embedded-cloud.ts";
import { preparedRoles } from "../../local/ram/roles.ts";
import { connectionFolder, putUnseen, said } from "./operator.ts";
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

describe("doctor", () => {
  const doctor = async (environment: Record<string, string> = {}, options: ConnectionOptions = {}) => {
    const { code, out } = await said((output) =>
      runDoctor(undefined, { local, json: true, ...options }, environment, output),
    );
    return { code, ...JSON.parse(out) } as {
      code: number;
      healthy: boolean;
      checks: { name: string; outcome: string; message: string; fix?: string }[];
    };
  };
  const named = <C extends { name: string }>(checks: readonly C[], name: string) =>
    checks.find((check) => check.name === name);

  it("finds nothing amiss with the embedded cloud", async () => {
    const { code, healthy, checks } = await doctor();
    expect(checks.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
    expect([code, healthy]).toEqual([0, true]);
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["function", "trigger", "failed events", "timer"]),
    );
  });

  it("names events that go to another queue than the next deployment's", async () => {
    const { code, checks } = await doctor({ IMPORT_FAILURE_QUEUE: "elsewhere" });
    expect(code).toBe(0);
    expect(named(checks, "failed events")).toMatchObject({
      outcome: "warning",
      message: expect.stringMatching(/onFailure is \S+\/queues\/\S+, not \S+\/queues\/elsewhere\/messages\.$/),
      fix: expect.stringContaining("npm run deploy"),
    });
  });

  it("asks ECS about an image that was not refused before", async () => {
    await product.upload("a-broken.qcow2", "no image, certainly not");
    await product.settle();
    const { checks } = await doctor();
    expect(named(checks, "import role")).toMatchObject({
      outcome: "ok",
      message: expect.stringContaining("accepted a dry run about running.qcow2"),
    });
  });

  it("sees what is deployed for other buckets than it is asked about", async () => {
    await product.cloud.oss.createBucket("other-state");
    const { code, checks } = await doctor({}, { stateBucket: "other-state" });
    expect(code).toBe(1);
    expect(named(checks, "function")).toMatchObject({
      outcome: "problem",
      message: expect.stringContaining(`STATE_BUCKET=${localStateBucket}, not other-state`),
      fix: expect.stringContaining(`oss-image-import doctor oss://${localBucket} --state-bucket ${localStateBucket}`),
    });
  });

  it.each<[string, () => ConnectionOptions, RegExp]>([
    ["out of reach", () => ({ fcEndpoint: "http://127.0.0.1:1" }), /FC cannot be reached: .*127\.0\.0\.1:1/],
    ["not of this kind", () => ({ fcEndpoint: product.cloud.endpoints.oss }), /FC refused|FC cannot be reached/],
    [
      "forbidden",
      () => {
        product.cloud.faults.plan = ({ service }) =>
          service === "fc" ? { kind: "refuse", status: 403, code: "AccessDenied", message: "no" } : undefined;
        return {};
      },
      /you may not ask Function Compute/,
    ],
  ])("cannot tell what is deployed when Function Compute is %s, and says why", async (_, options, reason) => {
    const { code, checks } = await doctor({}, options());
    product.cloud.faults.plan = undefined;
    expect(code).toBe(0);
    expect(named(checks, "functions")).toMatchObject({
      outcome: "unknown",
      message: expect.stringMatching(reason),
      fix: expect.any(String),
    });
  });

  it.each<[string, ConnectionOptions, Record<string, string>, RegExp]>([
    ["the wrong secret", {}, { ALIBABA_CLOUD_ACCESS_KEY_SECRET: "guess" }, /does not take the credentials.*SECRET/],
    ["an endpoint out of reach", { ossEndpoint: "http://127.0.0.1:1" }, {}, /OSS cannot be reached/],
  ])("says once what is wrong with %s, and asks no further", async (_, options, variables, reason) => {
    const { endpoints } = product.cloud;
    const environment = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: embeddedAccount.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: embeddedAccount.accessKeySecret,
      IMAGE_BUCKET: localBucket,
      STATE_BUCKET: localStateBucket,
      OSS_ENDPOINT: endpoints.oss,
      ECS_ENDPOINT: endpoints.ecs,
      ...variables,
    };
    const { code, out } = await said((output) => runDoctor(undefined, { json: true, ...options }, environment, output));
    expect(code).toBe(1);
    const { checks } = JSON.parse(out);
    expect(checks.map(({ name }: { name: string }) => name)).toEqual(["clock", "connection", "the rest"]);
    expect(checks[1]).toMatchObject({ outcome: "problem", message: expect.stringMatching(reason) });
    expect(checks[1].message).not.toContain("string to sign");
  });

  it("names the role that is missing with the command that makes it", async () => {
    product.cloud.roles.clear();
    const { code, checks } = await doctor();
    for (const [name, role] of preparedRoles()) product.cloud.roles.set(name, role);
    expect(code).toBe(1);
    expect(named(checks, "import role")).toMatchObject({
      outcome: "problem",
      fix: expect.stringContaining("aliyun ram CreateRole --RoleName AliyunECSImageImportDefaultRole"),
    });
  });

  it("names a versioned state bucket, an encrypting bucket, a wrong manifest and variables for elsewhere", async () => {
    await product.cloud.oss.createBucket(localStateBucket, { versioning: "Enabled" });
    await product.cloud.oss.createBucket(localBucket, { encryption: { algorithm: "AES256" } });
    await putUnseen(product, { "image-import.yaml": "version: 1\nrulez: []\n" });
    const { checks } = await doctor({ IMPORT_BUCKET: "another-bucket" });
    await product.bucket.delete("image-import.yaml");
    // What runs is for this bucket; the next deployment would not be.
    expect(named(checks, "trigger")?.outcome).toBe("ok");
    expect(named(checks, "s.yaml")).toMatchObject({ outcome: "warning", fix: expect.any(String) });
    for (const name of ["state bucket", "encryption", "bucket manifest"])
      expect([name, named(checks, name)]).toEqual([
        name,
        expect.objectContaining({ outcome: "problem", fix: expect.any(String) }),
      ]);
    expect(named(checks, "bucket manifest")).toMatchObject({
      message: expect.stringContaining("image-import.yaml:2:1"),
    });
  });
});
