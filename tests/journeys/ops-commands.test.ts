import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "../../cli/connection.ts";
import { runBackfill } from "../../cli/ops/run-backfill.ts";
import { runCancel } from "../../cli/ops/run-cancel.ts";
import { runExplain } from "../../cli/ops/run-explain.ts";
import { runReplay } from "../../cli/ops/run-replay.ts";
import { runStatus } from "../../cli/ops/run-status.ts";
import { preparedRoles } from "../../local/ram/roles.ts";
import { connectionFolder, listener, putUnseen, said, url } from "./operator.ts";
import { type Product, qcow2, raw, startProduct } from "./product.ts";

let product: Product;
let local: string;

beforeAll(async () => {
  product = await startProduct({ ecsSettings: { importSeconds: 3600 } });
  local = await connectionFolder(product);
  await product.upload("running.qcow2", qcow2());
  await product.upload("bad.qcow2", "this is no image at all, whatever it is called");
  await product.settle();
  await product.tick();
});
afterAll(() => product.close());

const common = (json = false): { local: string; json: boolean } => ({ local, json });
const statusOf = (json: boolean, all = false, target?: string) =>
  said((output) => runStatus(target, { ...common(json), all, watch: false }, {}, output, Promise.resolve()));
const explained = (key: string, json = false) => said((output) => runExplain(url(key), common(json), {}, output));
const replayed = (...keys: string[]) => said((output) => runReplay(keys.map(url), common(true), {}, output));

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

  it("watches until it is interrupted, and says each change once, the end too", async () => {
    let stop = (): void => {};
    const interrupted = new Promise<void>((done) => {
      stop = done;
    });
    const { hear, until } = listener();
    const watching = said(
      (output) => runStatus(url("watched"), { ...common(), all: false, watch: true }, {}, output, interrupted),
      hear,
    );
    await product.upload("watched.qcow2", qcow2(64 * 2 ** 20, 40));
    await until("watched.qcow2 submitted");
    await said((output) => runCancel(url("watched.qcow2"), common(), {}, output));
    await until("watched.qcow2 cancelling");
    await product.tick();
    await until("watched.qcow2 cancelled");
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
    await putUnseen(product, { "unseen.raw": raw(1, 3) });
    await putUnseen(product, { "notes.txt": Buffer.from("x") });
    expect((await explained("unseen.raw")).out).toMatch(/would import it as unseen-\d{14}/);
    expect((await explained("notes.txt")).out).toMatch(/would ignore it: its name does not end in/);
  });

  it("tells of a manifest that is refused after the image was made, which has no record of its own", async () => {
    await product.upload("later.qcow2", qcow2(64 * 2 ** 20, 71));
    await product.settle();
    expect(JSON.parse((await explained("later.qcow2", true)).out)).not.toHaveProperty("refusal");
    await product.upload("later.qcow2.import.yaml", "imageNam: x\n");
    await product.settle();
    for (const key of ["later.qcow2", "later.qcow2.import.yaml"]) {
      const { out } = await explained(key);
      expect(out).toContain(
        "As its manifests are now, it would not be imported again:\n  later.qcow2.import.yaml:1:1\n",
      );
      expect(out).toMatch(/There is no key "imageNam" here\. Did you mean imageName\?/);
    }
  });

  it("knows what an object was, after it was deleted", async () => {
    await product.bucket.delete("told.qcow2");
    const { out } = await explained("told.qcow2");
    expect(out).toContain("There is no such object now.");
    expect(out).toContain("Job ");
  });

  it("offers no replay of a version that is not there any more", async () => {
    const movesOf = async (): Promise<readonly (readonly [boolean, string])[]> =>
      JSON.parse((await explained("twice.qcow2", true)).out).jobs.map(
        ({ isPresentVersion, moves }: { isPresentVersion: boolean; moves: string }) => [isPresentVersion, moves],
      );
    for (const content of ["no image", "still no image"]) {
      await product.upload("twice.qcow2", content);
      await product.settle();
    }
    const replaced = "Nothing: its object was written again since. What lies there now has a job of its own.";
    expect(await movesOf()).toEqual(
      expect.arrayContaining([
        [false, replaced],
        [true, expect.stringContaining("replay oss://images/twice.qcow2")],
      ]),
    );
    await product.bucket.delete("twice.qcow2");
    for (const [, moves] of await movesOf()) expect(moves).toContain("Nothing: its object is gone.");
  });

  it("tells of a disk that is not there yet which set waits for it", async () => {
    await product.upload("set-waits.qcow2.import.yaml", "disks:\n  - {}\n  - ossObject: missing-disk.raw\n");
    await product.upload("set-waits.qcow2", qcow2(64 * 2 ** 20, 61));
    await product.settle();
    const { out } = await explained("missing-disk.raw");
    expect(out).toContain("There is no such object now.");
    expect(out).toContain("Part of the import of set-waits.qcow2.");
    expect(out).toMatch(/It has waited for its disks since \S+Z: .*missing-disk\.raw\.$/m);
  });

  it("shows a set whose system disk is missing, with its age, what would move it, and that of its disks", async () => {
    await product.upload("late-set.qcow2.import.yaml", "disks:\n  - {}\n  - ossObject: early-disk.raw\n");
    await product.upload("early-disk.raw", raw(1, 91));
    await product.settle();
    expect((await statusOf(false, false, url("late-set"))).out).toMatch(
      /late-set\.qcow2 +waiting +\d+ s +late-set\.qcow2 is not there yet/,
    );
    for (const key of ["late-set.qcow2", "early-disk.raw", "late-set.qcow2.import.yaml"]) {
      const { out } = await explained(key);
      expect(out).toMatch(/^Job [0-9a-f]{32}, a set without its system disk: waiting$/m);
      expect(out).toMatch(/It has waited for its disks since \S+Z: late-set\.qcow2 is not there yet\./);
      expect(out).toContain("Upload what is missing, or correct the manifest.");
      expect(out).not.toMatch(/ETag $/m);
      expect(out.includes("Part of the import of late-set.qcow2.")).toBe(key !== "late-set.qcow2");
    }
    await product.upload("late-set.qcow2", qcow2(64 * 2 ** 20, 92));
    await product.settle();
    expect(JSON.parse((await explained("early-disk.raw", true)).out).jobs).toMatchObject([{ state: "submitted" }]);
    expect(JSON.parse((await explained("late-set.qcow2", true)).out).jobs).toContainEqual(
      expect.objectContaining({
        state: "cancelled",
        stands: "It is not waited for any more: it has come, and is looked at on its own.",
      }),
    );
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
    const { out, err } = await said((output) => runReplay([url("bad.qcow2")], common(), {}, output));
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
    said((output) => runBackfill(url("old/"), { ...common(), yes, parallel: 2 }, {}, output));

  it("shows what it would do, does it when told so, and has nothing left to do then", async () => {
    await putUnseen(product, { "old/a.raw": raw(1, 21) });
    await putUnseen(product, { "old/set.qcow2": qcow2(64 * 2 ** 20, 22) });
    await putUnseen(product, { "old/data.raw": raw(1, 23) });
    await putUnseen(product, { "old/set.qcow2.import.yaml": Buffer.from("disks:\n  - {}\n  - ossObject: data.raw\n") });
    await putUnseen(product, { "old/broken.qcow2": Buffer.from("no image, certainly not") });
    const before = product.cloud.ecs.snapshot().tasks.length;
    const shown = await backfill(false);
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/import {2}old\/a\.raw {9}as a-\d{14}/);
    expect(shown.out).toContain(`To do it:\n      oss-image-import backfill ${url("old/")} --yes\n`);
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

describe("a bucket or a folder that is not there", () => {
  const nowhere = "oss://no-such-bucket/";
  const options = (): ConnectionOptions & { json: boolean } => ({ local: elsewhere, json: false });
  let elsewhere: string;
  beforeAll(async () => {
    // As for somebody who has not said for which bucket the functions are.
    const { imageBucket, ...connection } = JSON.parse(await readFile(join(local, "connection.json"), "utf8"));
    elsewhere = await mkdtemp(join(tmpdir(), "elsewhere-"));
    await writeFile(join(elsewhere, "connection.json"), JSON.stringify(connection));
  });

  it("is not taken for one in which nothing was done", async () => {
    const asked = [
      () =>
        said((output) => runStatus(nowhere, { ...options(), all: true, watch: false }, {}, output, Promise.resolve())),
      () => said((output) => runExplain(`${nowhere}a.raw`, options(), {}, output)),
      () => said((output) => runBackfill(nowhere, { ...options(), yes: false, parallel: 1 }, {}, output)),
      () => said((output) => runCancel(`${nowhere}a.raw`, options(), {}, output)),
    ];
    for (const ask of asked) await expect(ask()).rejects.toThrow("There is no bucket no-such-bucket.");
    const { code, out } = await said((output) => runReplay([`${nowhere}a.raw`], options(), {}, output));
    expect([code, out]).toEqual([2, "a.raw: There is no bucket no-such-bucket.\n"]);
  });

  it("is not taken for one in which all is done", async () => {
    const { out } = await said((output) =>
      runBackfill(url("nothing-here/"), { ...common(), yes: false, parallel: 1 }, {}, output),
    );
    expect(out).toBe(`There is no image in ${url("nothing-here/")}.\n`);
  });

  it("is told of an object that was never there in the same words by replay", async () => {
    const { code, out } = await said((output) => runReplay([url("mistyped.raw")], common(), {}, output));
    expect([code, out]).toEqual([1, `There is no object ${url("mistyped.raw")}.\n`]);
  });
});

describe("backfill and explain outside of what the functions watch", () => {
  const remark = /do not begin with in\/, and the functions watch nothing else/;
  const backfill = (json: boolean, options: ConnectionOptions = {}, environment = {}) =>
    said((output) =>
      runBackfill(url("un"), { ...common(json), ...options, yes: false, parallel: 2 }, environment, output),
    );

  beforeAll(async () => {
    for (const key of ["unwatched/a.raw", "unwatched/b.raw"]) await putUnseen(product, { [key]: raw(1, 51) });
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
    const { out } = await said((output) =>
      runExplain(url("unwatched/a.raw"), { ...common(), imagePrefix: "in/" }, {}, output),
    );
    expect(out).toContain("the functions watch only keys that begin with in/ (IMAGE_PREFIX)");
    expect(out).toContain("A replay would import it");
  });
});
