import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "../../cli/connection.ts";
import { localBucket, localRegion, localStateBucket } from "../../cli/local/deployed-locally.ts";
import { runBackfill } from "../../cli/ops/run-backfill.ts";
import { runCancel } from "../../cli/ops/run-cancel.ts";
import { runDoctor } from "../../cli/ops/run-doctor.ts";
import { runExplain } from "../../cli/ops/run-explain.ts";
import { runReplay } from "../../cli/ops/run-replay.ts";
import { runStatus } from "../../cli/ops/run-status.ts";
import type { Output } from "../../cli/outcome.ts";
import { embeddedAccount } from "../../local/embedded-cloud.ts";
import { preparedRoles } from "../../local/ram/roles.ts";
import { type Product, qcow2, raw, startProduct } from "./product.ts";

let product: Product;
let local: string;

beforeAll(async () => {
  product = await startProduct({ ecsSettings: { importSeconds: 3600 } });
  local = await mkdtemp(join(tmpdir(), "connection-"));
  const { endpoints } = product.cloud;
  const connection = {
    region: localRegion,
    credentials: { accessKeyId: embeddedAccount.accessKeyId, accessKeySecret: embeddedAccount.accessKeySecret },
    ossEndpoint: endpoints.oss,
    ecsEndpoint: endpoints.ecs,
    ...(endpoints.fc ? { fcEndpoint: endpoints.fc } : {}),
    imageBucket: localBucket,
    stateBucket: localStateBucket,
  };
  await writeFile(join(local, "connection.json"), JSON.stringify(connection));
  await product.upload("running.qcow2", qcow2());
  await product.upload("bad.qcow2", "this is no image at all, whatever it is called");
  await product.settle();
  await product.tick();
});
afterAll(() => product.close());

/** Runs a command as main.ts does, and gives what it wrote. */
async function said(
  command: (output: Output, common: { local: string; json: boolean }) => Promise<number>,
  json = false,
): Promise<{ code: number; out: string; err: string }> {
  const written = { out: "", err: "" };
  const output: Output = {
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += `${text}\n`;
    },
    isTerminal: false,
    columns: 100,
  };
  const code = await command(output, { local, json });
  return { code, ...written };
}

const url = (key: string): string => `oss://${localBucket}/${key}`;
const statusOf = (json: boolean, all = false, target?: string) =>
  said((output, common) => runStatus(target, { ...common, all, watch: false }, {}, output, Promise.resolve()), json);
const explained = (key: string, json = false) =>
  said((output, common) => runExplain(url(key), common, {}, output), json);
const replayed = (...keys: string[]) => said((output, common) => runReplay(keys.map(url), common, {}, output), true);

describe("status", () => {
  it("shows running, waiting and parked imports with progress, and ended ones only when asked", async () => {
    const plain = await statusOf(false);
    expect(plain.code).toBe(0);
    expect(plain.out).toMatch(/running\.qcow2 +submitted +0 %/);
    expect(plain.out).not.toContain("bad.qcow2");
    const all = JSON.parse((await statusOf(true, true)).out);
    expect(all.jobs).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ key: "bad.qcow2", state: "rejected", reason: expect.any(String) }),
        expect.objectContaining({ key: "running.qcow2", state: "submitted", taskId: expect.stringMatching(/^t-/) }),
      ]),
    );
    expect(JSON.parse((await statusOf(true, true, url("bad"))).out).jobs).toHaveLength(1);
  });

  it("watches until it is interrupted, and says each change once", async () => {
    let stop = (): void => {};
    const interrupted = new Promise<void>((done) => {
      stop = done;
    });
    const watching = said((output, common) =>
      runStatus(url("watched"), { ...common, all: true, watch: true }, {}, output, interrupted),
    );
    await product.upload("watched.qcow2", qcow2(64 * 2 ** 20, 40));
    await product.settle();
    await new Promise((done) => setTimeout(done, 4500));
    stop();
    const { code, out } = await watching;
    expect(code).toBe(0);
    expect(out.match(/watched\.qcow2 submitted/g)).toHaveLength(1);
  });
});

describe("explain", () => {
  it("tells what was asked for and where each value was said", async () => {
    await product.upload("told.qcow2.import.yaml", "imageName: told-by-sidecar\n");
    await product.upload("told.qcow2", qcow2(64 * 2 ** 20, 1));
    await product.settle();
    const { code, out } = await explained("told.qcow2");
    expect(code).toBe(0);
    expect(out).toMatch(/ImageName +told-by-sidecar +← sidecar told\.qcow2\.import\.yaml:1/);
    expect(out).toMatch(/claimed .*attempt 1 as told-by-sidecar/);
    expect(out).toMatch(/submitted .*image m-\S+, task t-\S+, request/);
    expect(out).toContain("Now: Processing");
    expect(out).toContain(`oss-image-import cancel ${url("told.qcow2")}`);
  });

  it("says of a rejected image why, and what would move it", async () => {
    const story = JSON.parse((await explained("bad.qcow2", true)).out);
    expect(story.jobs).toEqual([
      expect.objectContaining({
        state: "rejected",
        stands: expect.stringContaining("not imported"),
        moves: expect.stringContaining("replay"),
      }),
    ]);
    expect(story.jobs[0].records[0].findings[0]).toMatchObject({ severity: "error" });
  });

  it("forecasts what would happen to an object that was never seen, and why others are ignored", async () => {
    await putUnseen("unseen.raw", raw(1, 3));
    await putUnseen("notes.txt", Buffer.from("x"));
    expect((await explained("unseen.raw")).out).toMatch(/would import it as unseen-\d{14}/);
    expect((await explained("notes.txt")).out).toMatch(/would ignore it: its name does not end in/);
  });

  it("knows what an object was, after it was deleted", async () => {
    await product.bucket.delete("told.qcow2");
    const { out } = await explained("told.qcow2");
    expect(out).toContain("There is no such object now.");
    expect(out).toContain("Job ");
  });

  it("tells of a disk that is not there yet which set waits for it", async () => {
    await product.upload("set-waits.qcow2.import.yaml", "disks:\n  - {}\n  - ossObject: missing-disk.raw\n");
    await product.upload("set-waits.qcow2", qcow2(64 * 2 ** 20, 61));
    await product.settle();
    const { out } = await explained("missing-disk.raw");
    expect(out).toContain("There is no such object now.");
    expect(out).toContain("Part of the import of set-waits.qcow2.");
    expect(out).toMatch(/It waits for its disks: .*missing-disk\.raw\.$/m);
  });

  it("cannot be asked about what never was", async () => {
    await expect(explained("never.qcow2")).rejects.toThrow("There is no object");
  });

  it("shows hostile keys and manifests without their control characters", async () => {
    const key = "evil\u001b[31m\u202e.raw";
    await product.upload(key, raw(1, 9));
    await product.settle();
    const { out } = await explained(key);
    expect(out).toContain("evil\\u001b[31m\\u202e.raw");
    for (const hostile of ["\u001b", "\u202e"]) expect(out).not.toContain(hostile);
  });
});

describe("replay", () => {
  it("releases at once what waits for the account", async () => {
    product.cloud.roles.clear();
    await product.upload("parked.qcow2", qcow2(64 * 2 ** 20, 2));
    await product.settle();
    expect((await statusOf(false)).out).toMatch(/parked\.qcow2 +parked/);
    expect((await explained("parked.qcow2")).out).toContain("until the account is changed");
    for (const [name, role] of preparedRoles()) product.cloud.roles.set(name, role);
    const { code, out } = await replayed("parked.qcow2");
    expect(code).toBe(0);
    expect(JSON.parse(out).objects[0]).toMatchObject({
      event: "import.submitted",
      imageId: expect.stringMatching(/^m-/),
    });
  });

  it("considers a rejected image again, and answers no when it still is none", async () => {
    const { code, out, err } = await replayed("bad.qcow2");
    expect(code).toBe(1);
    expect(JSON.parse(out).objects[0]).toMatchObject({ event: "image.rejected" });
    expect(err).toContain("image.rejected");
  });

  it("says the outcome once, with the way out", async () => {
    const { out, err } = await said((output, common) => runReplay([url("bad.qcow2")], common, {}, output));
    expect(out).toMatch(/^bad\.qcow2 was not imported: .*\n {2}→ .*\n$/);
    expect(err).not.toContain("image.rejected");
  });

  it("does nothing to what runs", async () => {
    const before = product.cloud.ecs.snapshot().tasks.length;
    const { code, out } = await replayed("running.qcow2");
    expect(code).toBe(0);
    expect(JSON.parse(out).objects[0]).toMatchObject({ event: "import.duplicate" });
    expect(product.cloud.ecs.snapshot().tasks).toHaveLength(before);
  });
});

describe("backfill", () => {
  const backfill = (yes: boolean) =>
    said((output, common) => runBackfill(url("old/"), { ...common, yes, parallel: 2 }, {}, output));

  it("shows what it would do, does it when told so, and has nothing left to do then", async () => {
    await putUnseen("old/a.raw", raw(1, 21));
    await putUnseen("old/set.qcow2", qcow2(64 * 2 ** 20, 22));
    await putUnseen("old/data.raw", raw(1, 23));
    await putUnseen("old/set.qcow2.import.yaml", Buffer.from("disks:\n  - {}\n  - ossObject: data.raw\n"));
    await putUnseen("old/broken.qcow2", Buffer.from("no image, certainly not"));
    const before = product.cloud.ecs.snapshot().tasks.length;
    const shown = await backfill(false);
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/import {2}old\/a\.raw {2}as a-\d{14}/);
    expect(shown.out).toMatch(/import {2}old\/set\.qcow2/);
    expect(shown.out).toMatch(/reject {2}old\/broken\.qcow2/);
    expect(shown.out).not.toContain("old/data.raw");
    expect(shown.out).toContain("2 of 3 would be imported");
    expect(product.cloud.ecs.snapshot().tasks).toHaveLength(before);
    expect((await backfill(true)).code).toBe(1);
    expect(product.cloud.ecs.snapshot().tasks).toHaveLength(before + 2);
    expect((await backfill(false)).out).toContain("has a job already");
    expect((await backfill(true)).code).toBe(0);
    expect(product.cloud.ecs.snapshot().tasks).toHaveLength(before + 2);
  });
});

describe("backfill and explain outside of what the functions watch", () => {
  const remark = /do not begin with in\/, and the functions watch nothing else/;
  const backfill = (json: boolean, options: ConnectionOptions = {}, environment = {}) =>
    said(
      (output, common) =>
        runBackfill(url("un"), { ...common, ...options, yes: false, parallel: 2 }, environment, output),
      json,
    );

  beforeAll(async () => {
    for (const key of ["unwatched/a.raw", "unwatched/b.raw"]) await putUnseen(key, raw(1, 51));
  });

  it("says so, when an option, a variable or the deployed function tells what they watch", async () => {
    expect((await backfill(false, { imagePrefix: "in/" })).out).toMatch(remark);
    expect((await backfill(false, { imagePrefix: "unwatched/" })).out).toContain("1 of them does not begin with");
    const { imagePrefix, objects } = JSON.parse((await backfill(true, { imagePrefix: "unwatched/" })).out);
    expect(imagePrefix).toBe("unwatched/");
    expect(objects.map(({ key, watched }: { key: string; watched: boolean }) => [key, watched])).toEqual([
      ["unseen.raw", false],
      ["unwatched/a.raw", true],
      ["unwatched/b.raw", true],
    ]);
    // Deployed without a prefix.
    expect(JSON.parse((await backfill(true)).out).imagePrefix).toBe("");
    expect((await backfill(false)).out).not.toContain("IMAGE_PREFIX");
  });

  it("is silent about it when Function Compute cannot be asked", async () => {
    expect(JSON.parse((await backfill(true, { fcEndpoint: "http://127.0.0.1:1" })).out)).not.toHaveProperty(
      "imagePrefix",
    );
  });

  it("tells of an object there why it was never seen", async () => {
    const { out } = await said((output, common) =>
      runExplain(url("unwatched/a.raw"), { ...common, imagePrefix: "in/" }, {}, output),
    );
    expect(out).toContain("the functions watch only keys that begin with in/ (IMAGE_PREFIX)");
    expect(out).toContain("A replay would import it");
  });
});

describe("cancel", () => {
  const cancel = (key: string) => said((output, common) => runCancel(url(key), common, {}, output), true);

  it("stops a running import, and the next tick writes down its end", async () => {
    const { code, out } = await cancel("running.qcow2");
    expect(code).toBe(0);
    expect(JSON.parse(out).jobs).toEqual([expect.objectContaining({ cancelled: true, state: "cancelling" })]);
    await product.tick();
    expect(product.linesOf("running.qcow2").map(({ event }) => event)).toContain("import.cancelled");
    expect((await explained("running.qcow2")).out).toContain("an operator asked for it");
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

describe("doctor", () => {
  const doctor = async (environment: Record<string, string> = {}, options: ConnectionOptions = {}) => {
    const { code, out } = await said(
      (output, common) => runDoctor(undefined, { ...common, ...options }, environment, output),
      true,
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
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(["function", "trigger", "timer"]));
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
    const out: string[] = [];
    const environment = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: embeddedAccount.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: embeddedAccount.accessKeySecret,
      IMAGE_BUCKET: localBucket,
      STATE_BUCKET: localStateBucket,
      OSS_ENDPOINT: endpoints.oss,
      ECS_ENDPOINT: endpoints.ecs,
      ...variables,
    };
    const output: Output = { out: (text) => void out.push(text), err: () => {}, isTerminal: false, columns: 100 };
    expect(await runDoctor(undefined, { json: true, ...options }, environment, output)).toBe(1);
    const { checks } = JSON.parse(out.join(""));
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
    await putUnseen("image-import.yaml", Buffer.from("version: 1\nrulez: []\n"));
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

/** An object that lies in the bucket without any event. */
async function putUnseen(key: string, content: Buffer): Promise<void> {
  const deliver = product.cloud.fc?.deliverOssEvent;
  if (!product.cloud.fc) throw new Error("no functions");
  product.cloud.fc.deliverOssEvent = () => 0;
  await product.bucket.put(key, content);
  if (deliver) product.cloud.fc.deliverOssEvent = deliver;
}
