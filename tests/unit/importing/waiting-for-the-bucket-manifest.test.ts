import { runTick } from "../../../functions/report-tasks/tick.ts";
import { importRouted, reviewBucketManifest } from "../../../shared/importing/route-object.ts";
import { bucket, smallProduct } from "./small-product.ts";

const bad = "version: 1\nrulez: []\n";
const good = "version: 1\ndefaults: { tags: { team: a } }\n";
const strict = 'version: 1\nrules:\n  - match: "team/**"\n    requireManifest: true\n';
const key = "team/web.raw";

type SmallProduct = ReturnType<typeof smallProduct>;

const uploadImage = async (product: SmallProduct, image = key): Promise<void> => {
  await product.upload(image, image);
  await importRouted(image, "upload", product.deps("r-1"));
};
const stateOf = async (product: SmallProduct, image = key) => (await product.jobs(image)).at(-1)?.state;
const remove = (product: SmallProduct, name: string) => product.deps("").objects.delete({ bucket, key: name });

/** An image that came while this was the bucket manifest. */
const uploadedUnder = async (manifest: string): Promise<SmallProduct> => {
  const product = smallProduct();
  await product.upload("image-import.yaml", manifest);
  await uploadImage(product);
  return product;
};

describe("an image that comes while the bucket manifest is not valid", () => {
  it("waits, and hears why", async () => {
    const product = await uploadedUnder(bad);
    const [job] = await product.jobs(key);
    expect(job).toMatchObject({
      state: "waiting",
      waitingFor: "bucket-manifest",
      code: "manifest.invalid",
      reason: expect.stringContaining("image-import.yaml:2:1"),
      advice: "Correct the manifest and upload it again: nothing else is needed.",
    });
    expect(product.lines).toEqual([`manifest.invalid ${key}`]);
  });

  it("is imported at the next tick after the correction, whose event may be lost", async () => {
    const product = await uploadedUnder(bad);
    for (let ticks = 0; ticks < 100; ticks += 1) await product.tick();
    await product.upload("image-import.yaml", good);
    expect(await product.tick()).toMatchObject({ released: 1, troubled: 0 });
    expect(await stateOf(product)).toBe("submitted");
  });

  it("is imported at the next tick after the manifest is deleted", async () => {
    const product = await uploadedUnder(bad);
    for (let ticks = 0; ticks < 100; ticks += 1) await product.tick();
    await remove(product, "image-import.yaml");
    expect(await product.tick()).toMatchObject({ released: 1 });
  });

  it("waits too when there are two of them, until one is deleted", async () => {
    const product = smallProduct();
    await product.upload("image-import.yaml", good);
    await product.upload("image-import.json", '{ "version": 1 }');
    await uploadImage(product);
    expect((await product.jobs(key))[0]).toMatchObject({
      state: "waiting",
      reason: expect.stringContaining("Keep one of them."),
    });
    for (let ticks = 0; ticks < 100; ticks += 1) await product.tick();
    await remove(product, "image-import.json");
    expect(await product.tick()).toMatchObject({ released: 1 });
  });

  it("is looked at ever less often while nothing changes, and its mistake is an error once", async () => {
    const product = await uploadedUnder(bad);
    for (let ticks = 0; ticks < 24 * 60; ticks += 1) await product.tick();
    const [job] = await product.jobs(key);
    expect(job?.sequence).toBeLessThan(36);
    expect(product.lines.filter((line) => line === `manifest.invalid ${key}`)).toHaveLength(1);
    expect(product.lines.filter((line) => line === `object.waiting ${key}`).length).toBeGreaterThan(20);
  });

  it("hears of another mistake as soon as that is made", async () => {
    const product = await uploadedUnder(bad);
    for (let ticks = 0; ticks < 100; ticks += 1) await product.tick();
    await product.upload("image-import.yaml", "version: 2\n");
    await product.tick();
    expect(product.lines.filter((line) => line === `manifest.invalid ${key}`)).toHaveLength(2);
    expect(await stateOf(product)).toBe("waiting");
  });

  it("waits also when only together with the image the bucket manifest makes no sense", async () => {
    const product = await uploadedUnder("version: 1\ndefaults: { imageName: '{stem}' }\n");
    expect(await stateOf(product)).toBe("submitted");
    await uploadImage(product, "1.raw");
    expect((await product.jobs("1.raw"))[0]).toMatchObject({ state: "waiting", waitingFor: "bucket-manifest" });
  });

  it("ends when its own sidecar is the one that is wrong, once the bucket manifest is corrected", async () => {
    const product = smallProduct();
    await product.upload("image-import.yaml", bad);
    await product.upload(`${key}.import.yaml`, "imageNam: web\n");
    await uploadImage(product);
    expect(await stateOf(product)).toBe("waiting");
    await product.upload("image-import.yaml", good);
    await product.tick();
    expect((await product.jobs(key))[0]).toMatchObject({ state: "rejected", code: "manifest.invalid" });
  });

  it("does not make an image anew of one that is there", async () => {
    const product = smallProduct();
    await uploadImage(product);
    await product.upload("image-import.yaml", bad);
    await product.upload(`${key}.import.yaml`, "imageName: web-two\n");
    await importRouted(`${key}.import.yaml`, "upload", product.deps("r-2"));
    expect(product.lines.at(-1)).toBe(`manifest.invalid ${key}`);
    expect(await product.jobs(key)).toMatchObject([{ state: "submitted" }]);
  });

  it("keeps its disks, whatever order they come in, and none is imported on its own", async () => {
    const product = smallProduct();
    await product.upload("image-import.yaml", bad);
    const sidecar = "team/set.raw.import.yaml";
    await product.upload(sidecar, "disks:\n  - {}\n  - ossObject: data.raw\n");
    await importRouted(sidecar, "upload", product.deps("r-1"));
    await uploadImage(product, "team/data.raw");
    await uploadImage(product, "team/set.raw");
    await product.upload("image-import.yaml", good);
    await product.tick();
    await product.tick();
    expect(product.asked).toEqual(["ImportImage"]);
    expect((await product.jobs("team/data.raw")).map(({ subject, state }) => [subject.key, state])).toEqual([
      ["team/set.raw", "submitted"],
    ]);
  });

  it("does not forget a disk that only the bucket manifest lets its sidecar name", async () => {
    const allows = "version: 1\npolicy: { sidecarMay: [disks] }\n";
    const product = smallProduct();
    await product.upload("image-import.yaml", allows);
    const sidecar = "team/set.raw.import.yaml";
    await product.upload(sidecar, "disks:\n  - {}\n  - ossObject: /shared/data.raw\n");
    await importRouted(sidecar, "upload", product.deps("r-1"));
    await uploadImage(product, "team/set.raw");
    await product.upload("image-import.yaml", bad);
    await uploadImage(product, "shared/data.raw");
    expect(await stateOf(product, "shared/data.raw")).toBe("waiting");
    await product.upload("image-import.yaml", allows);
    await product.tick();
    expect(product.asked).toEqual(["ImportImage"]);
    const jobs = await product.jobs("shared/data.raw");
    expect(jobs.map(({ subject, state, reason }) => [subject.key, state, reason])).toEqual(
      expect.arrayContaining([
        ["team/set.raw", "submitted", undefined],
        ["shared/data.raw", "cancelled", "it is a disk of team/set.raw now"],
      ]),
    );
  });
});

describe("an image that waits for a sidecar by a rule", () => {
  it.each([
    ["is taken back", (product: SmallProduct) => product.upload("image-import.yaml", good)],
    ["is gone with the whole bucket manifest", (product: SmallProduct) => remove(product, "image-import.yaml")],
  ])("is imported at the next tick after the rule %s", async (_, change) => {
    const product = await uploadedUnder(strict);
    for (let ticks = 0; ticks < 100; ticks += 1) await product.tick();
    expect(await stateOf(product)).toBe("waiting");
    await change(product);
    expect(await product.tick()).toMatchObject({ released: 1 });
    expect(await stateOf(product)).toBe("submitted");
  });

  it("ends when a rule says to leave it alone", async () => {
    const product = await uploadedUnder(strict);
    await product.upload("image-import.yaml", "version: 1\nrules:\n  - { match: 'team/**', ignore: true }\n");
    expect(await product.tick()).toMatchObject({ cancelled: 1 });
    expect((await product.jobs(key))[0]).toMatchObject({
      state: "cancelled",
      reason: "the bucket manifest says now to leave it alone",
    });
    for (let ticks = 0; ticks < 20; ticks += 1) await product.tick();
    expect(await product.tick()).toMatchObject({ open: 0 });
  });

  it("is looked at once for each bucket manifest, not at each tick", async () => {
    const product = await uploadedUnder(strict);
    for (let ticks = 0; ticks < 100; ticks += 1) await product.tick();
    const before = (await product.jobs(key))[0]?.sequence ?? 0;
    await product.upload("image-import.yaml", `${strict}# the same, otherwise\n`);
    for (let ticks = 0; ticks < 10; ticks += 1) await product.tick();
    expect((await product.jobs(key))[0]?.sequence).toBe(before + 1);
  });

  it("keeps its pauses when nobody can tell which bucket manifest there is", async () => {
    const product = await uploadedUnder(strict);
    const deps = product.deps("tick");
    product.pass(30);
    const objects = { ...deps.objects, list: deps.objects.list };
    objects.list = (name, query) =>
      name === bucket ? Promise.reject(new Error("OSS is away")) : deps.objects.list(name, query);
    const { summary, trouble } = await runTick({ ...deps, objects });
    expect(summary).toMatchObject({ open: 1, released: 0, troubled: 0 });
    expect(trouble).toEqual(new Error("OSS is away"));
  });
});

describe("the bucket manifest's own line", () => {
  it.each([
    ["version: 1\n", "0 rules"],
    ["version: 1\nrules: [{ match: a, ignore: true }]\n", "1 rule."],
    [strict, "1 rule."],
  ])("counts its rules: %j", async (manifest, expected) => {
    const product = smallProduct();
    await product.upload("image-import.yaml", manifest);
    const said: string[] = [];
    await reviewBucketManifest("image-import.yaml", {
      ...product.deps("r-1"),
      log: (_, __, message) => void said.push(message),
    });
    expect(said).toEqual([expect.stringContaining(expected)]);
  });
});
