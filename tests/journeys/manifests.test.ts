import { type Product, qcow2, raw, startProduct } from "./product.ts";

describe("manifests", () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct();
  });
  afterAll(() => product.close());

  const events = (key: string) => product.linesOf(key).map(({ event }) => event);
  const imageCalled = (name: string) => product.cloud.ecs.snapshot().images.find(({ ImageName }) => ImageName === name);
  const imagesFrom = (key: string) =>
    product.cloud.ecs
      .snapshot()
      .images.filter(({ DiskDeviceMappings }) =>
        DiskDeviceMappings.DiskDeviceMapping.some((disk) => disk.ImportOSSObject === key),
      );

  it("that come first set every parameter of the import", async () => {
    await product.upload(
      "all/set.qcow2.import.yaml",
      [
        "imageName: set-{etag8}",
        "description: made for a test",
        "architecture: arm64",
        "bootMode: UEFI",
        "platform: Ubuntu",
        "osType: linux",
        "features: { nvmeSupport: supported, imdsSupport: v2 }",
        "tags: { team: plattform }",
        "disks: [{ diskImageSize: 40 }]",
      ].join("\n"),
    );
    await product.settle();
    expect(events("all/set.qcow2.import.yaml")).toEqual(["object.waiting"]);
    await product.upload("all/set.qcow2", qcow2());
    await product.untilEnded();
    const [image] = imagesFrom("all/set.qcow2");
    expect(image).toMatchObject({
      Architecture: "arm64",
      BootMode: "UEFI",
      Platform: "Ubuntu",
      Size: 40,
      Description: "made for a test",
      Features: { NvmeSupport: "supported", ImdsSupport: "v2" },
    });
    expect(image?.ImageName).toMatch(/^set-[0-9a-f]{8}$/);
    expect(image?.Tags.Tag).toContainEqual({ TagKey: "team", TagValue: "plattform" });
  });

  it("that come after the image import it again with their settings, and only once", async () => {
    await product.upload("late.qcow2", qcow2(2 ** 30, 1));
    await product.untilEnded();
    await product.upload("late.qcow2.import.json", JSON.stringify({ imageName: "late-one" }));
    await product.untilEnded();
    await product.upload("late.qcow2.import.json", JSON.stringify({ imageName: "late-one" }));
    await product.untilEnded();
    expect(imageCalled("late-one")).toMatchObject({ Status: "Available" });
    expect(imagesFrom("late.qcow2")).toHaveLength(2);
  });

  it("that are wrong are named with line, column and the way out, and a good one repairs everything", async () => {
    await product.upload("bad.raw.import.yaml", "imageName: ok-name\nosTpe: linux\nbootMode: bios\n");
    await product.upload("bad.raw", raw(1, 3));
    await product.settle();
    const [line] = product.linesOf("bad.raw").filter(({ event }) => event === "manifest.invalid");
    expect(line?.reason).toContain("bad.raw.import.yaml:2:1");
    expect(line?.reason).toContain("Did you mean osType?");
    expect(line?.reason).toContain("bad.raw.import.yaml:3");
    expect(imagesFrom("bad.raw")).toHaveLength(0);
    expect(await product.statusOf("bad.raw")).toMatchObject({ state: "rejected", code: "manifest.invalid" });
    await product.upload("bad.raw.import.yaml", "imageName: ok-name\n");
    await product.untilEnded();
    expect(imageCalled("ok-name")).toMatchObject({ Status: "Available" });
  });

  it("that are required make an image wait, which is visible", async () => {
    await product.upload(
      "image-import.yaml",
      'version: 1\ndefaults: { tags: { from: bucket } }\nrules:\n  - { match: "strict/**", requireManifest: true }\n  - { match: "skip/**", ignore: true }\n',
    );
    await product.settle();
    expect(product.linesOf("image-import.yaml").at(-1)).toMatchObject({
      event: "object.ignored",
      reason: "it is the bucket manifest, and it is valid",
    });
    await product.upload("strict/a.raw", raw(1, 4));
    await product.upload("skip/b.raw", raw(1, 5));
    await product.settle();
    expect(events("strict/a.raw")).toEqual(["object.waiting"]);
    expect(await product.statusOf("strict/a.raw")).toMatchObject({ state: "waiting", waitingFor: "manifest" });
    expect(events("skip/b.raw")).toEqual(["object.ignored"]);
    await product.upload("strict/a.raw.import.yaml", "imageName: strict-a");
    await product.untilEnded();
    expect(imageCalled("strict-a")?.Tags.Tag).toContainEqual({ TagKey: "from", TagValue: "bucket" });
  });

  const manifest = "disks:\n  - {}\n  - { ossObject: data1.raw, diskImageSize: 5 }\n  - { ossObject: data2.qcow2 }\n";
  const parts: Readonly<Record<string, () => Buffer | string>> = {
    "system.raw": () => raw(1, 20),
    "data1.raw": () => raw(1, 21),
    "data2.qcow2": () => qcow2(2 ** 30, 22),
    "system.raw.import.yaml": () => manifest,
  };

  it.each([
    ["manifest first", ["system.raw.import.yaml", "system.raw", "data1.raw", "data2.qcow2"], 1],
    ["data disks before the system disk", ["system.raw.import.yaml", "data2.qcow2", "data1.raw", "system.raw"], 1],
    ["manifest last", ["system.raw", "data1.raw", "data2.qcow2", "system.raw.import.yaml"], 4],
  ])("import several disks together: %s", async (title, order, images) => {
    const folder = title.replaceAll(" ", "-");
    for (const part of order) {
      await product.upload(`${folder}/${part}`, parts[part]?.() ?? "");
      await product.settle();
    }
    await product.untilEnded();
    const all = product.cloud.ecs
      .snapshot()
      .images.filter(({ DiskDeviceMappings }) =>
        DiskDeviceMappings.DiskDeviceMapping.some((disk) => disk.ImportOSSObject.startsWith(`${folder}/`)),
      );
    expect(all.filter(({ DiskDeviceMappings }) => DiskDeviceMappings.DiskDeviceMapping.length === 3)).toHaveLength(1);
    expect(all).toHaveLength(images);
    for (const part of order) expect([part, product.linesOf(`${folder}/${part}`).length > 0]).toEqual([part, true]);
  });

  it("may be given as object metadata", async () => {
    await product.upload("meta.raw", raw(1, 6), {
      "x-oss-meta-import-image-name": "from-metadata",
      "x-oss-meta-import-nvme-support": "supported",
    });
    await product.untilEnded();
    expect(imageCalled("from-metadata")).toMatchObject({ Features: { NvmeSupport: "supported" } });
  });

  it("compare the object with what is expected of it", async () => {
    await product.upload("expected.raw.import.yaml", "expect: { size: 7 }");
    await product.upload("expected.raw", raw(1, 7));
    await product.settle();
    const [line] = product.linesOf("expected.raw").filter(({ event }) => event === "image.rejected");
    expect(line?.findings).toContainEqual(expect.objectContaining({ code: "object.unexpected" }));
  });

  it("of the bucket that are wrong hold images up until they are corrected, and nothing else is needed", async () => {
    await product.upload("image-import.yaml", "version: 1\nrulez: []\n");
    await product.settle();
    expect(product.linesOf("image-import.yaml").at(-1)).toMatchObject({ event: "manifest.invalid", level: "error" });
    await product.upload("held-up.raw", raw(1, 60));
    await product.settle();
    expect(product.linesOf("held-up.raw")).toMatchObject([
      {
        event: "manifest.invalid",
        level: "error",
        waitingFor: "bucket-manifest",
        reason: expect.stringContaining("image-import.yaml:2:1"),
        advice: "Correct the manifest and upload it again: nothing else is needed.",
      },
    ]);
    expect(await product.statusOf("held-up.raw")).toMatchObject({
      state: "waiting",
      waitingFor: "bucket-manifest",
      code: "manifest.invalid",
    });
    await product.upload("image-import.yaml", "version: 1\n");
    await product.untilEnded();
    const told = events("held-up.raw").filter((event) => event !== "import.progress");
    expect(told).toEqual(["manifest.invalid", "image.inspected", "import.submitted", "import.available"]);
  });

  it("of the bucket whose rules are taken back release what waits for a sidecar", async () => {
    await product.upload(
      "image-import.yaml",
      'version: 1\nrules:\n  - { match: "strict/**", requireManifest: true }\n',
    );
    await product.settle();
    await product.upload("strict/released.raw", raw(1, 61));
    await product.settle();
    expect(events("strict/released.raw")).toEqual(["object.waiting"]);
    await product.bucket.delete("image-import.yaml");
    await product.untilEnded();
    expect(events("strict/released.raw").at(-1)).toBe("import.available");
  });

  it("in metadata that are wrong are corrected with the image", async () => {
    await product.upload("tagged.raw", raw(1, 62), { "x-oss-meta-import-boot-mode": "bios" });
    await product.settle();
    expect(product.linesOf("tagged.raw").at(-1)).toMatchObject({
      event: "manifest.invalid",
      advice: expect.stringContaining("Upload the image again with correct metadata"),
    });
    // OSS tells when an object was written in whole seconds.
    await new Promise((done) => setTimeout(done, 1100));
    await product.bucket.copy("tagged.raw", "tagged.raw", {
      headers: { "x-oss-metadata-directive": "REPLACE", "x-oss-meta-import-boot-mode": "BIOS" },
    });
    await product.untilEnded();
    expect(events("tagged.raw").at(-1)).toBe("import.available");
  });
});
