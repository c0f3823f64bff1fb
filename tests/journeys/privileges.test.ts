import { localBucket, localRegion } from "../../cli/local/deployed-locally.ts";
import { embeddedAccount } from "../../local/embedded-cloud.ts";
import { eventOf, type Product, qcow2, raw, startProduct } from "./product.ts";

/** A person who may upload to the folder `team-a/`, and to nothing else, tries to get more than that. */
describe("someone who can only upload", () => {
  let product: Product;
  const imports: Readonly<Record<string, string>>[] = [];

  beforeAll(async () => {
    product = await startProduct();
    // Every ImportImage as ECS receives it.
    product.cloud.faults.plan = ({ operation, parameters }) => {
      if (operation === "ImportImage" && parameters) imports.push(parameters);
      return undefined;
    };
    await product.upload("team-b/secret.raw", raw(1, 1));
    await product.upload("team-b/secret.qcow2", qcow2(64 * 2 ** 20, 1));
    await product.settle();
  });
  afterAll(() => product.close());

  const importsOf = (key: string) =>
    imports.filter((parameters) => parameters["DiskDeviceMapping.1.OSSObject"] === key);
  const disksOf = (parameters: Readonly<Record<string, string>>) =>
    Object.entries(parameters).flatMap(([name, value]) =>
      /^DiskDeviceMapping\.\d+\.OSSObject$/.test(name) ? [value] : [],
    );
  const last = (key: string) =>
    product
      .linesOf(key)
      .filter(({ event }) => !["image.inspected", "import.duplicate"].includes(event))
      .at(-1);
  let marker = 100;
  const uploadWith = async (key: string, sidecar: string): Promise<void> => {
    marker += 1;
    await product.upload(`${key}.import.yaml`, sidecar);
    await product.settle();
    await product.upload(key, raw(1, marker));
    await product.settle();
  };

  it.each([
    ["roleName", "roleName: admin"],
    ["resourceGroupId", "resourceGroupId: rg-default"],
    ["storageLocationArn", "storageLocationArn: 'arn:acs:cloudbox:cn-hangzhou:123456789012:cloudbox/cb-bp1234567890'"],
  ])("cannot set %s by a sidecar", async (name, sidecar) => {
    const key = `team-a/${name}.raw`;
    await uploadWith(key, `${sidecar}\n`);
    expect(last(key)).toMatchObject({
      event: "manifest.invalid",
      reason: expect.stringMatching(/for the bucket's owner to set/),
    });
    expect(importsOf(key)).toEqual([]);
  });

  it.each([
    ["role-name", "admin"],
    ["resource-group-id", "rg-default"],
  ])("cannot set %s by metadata", async (name, value) => {
    const key = `team-a/meta-${name}.raw`;
    await product.upload(key, raw(1, 50), { [`x-oss-meta-import-${name}`]: value });
    await product.settle();
    expect(last(key)).toMatchObject({ event: "manifest.invalid" });
    expect(importsOf(key)).toEqual([]);
  });

  it.each([
    "/team-b/secret.raw",
    "../team-b/secret.raw",
    "./../team-b/secret.raw",
    "x/../../team-b/secret.raw",
    "..\\team-b\\secret.raw",
    "//team-b/secret.raw",
    "/./team-b/secret.raw",
    "/team-b//secret.raw",
    "/team-b/./secret.raw",
    "oss://images/team-b/secret.raw",
    "oss://images-import-state/jobs/x.raw",
    "/team-b/secret.raw/",
    "/team-b/secret.raw\\0",
    "/team-b/\\u202esecret.raw",
    "/team-b\\u200b/secret.raw",
    "/team-b/secret\\n.raw",
  ])("cannot reach another folder's disk as %s", async (path) => {
    marker += 1;
    const key = `team-a/path-${marker}.raw`;
    await uploadWith(key, `disks:\n  - {}\n  - ossObject: "${path}"\n`);
    expect(last(key)).toMatchObject({ event: "manifest.invalid" });
    expect(importsOf(key)).toEqual([]);
  });

  it.each([
    "..%2fteam-b%2fsecret.raw",
    "%2e%2e/team-b/secret.raw",
    "..\u2215team-b\u2215secret.raw",
    "\uff0e\uff0e/team-b/secret.raw",
    "team-b/secret.raw",
    "te\u0430m-b/secret.raw",
  ])("by %s names an object of the own folder only, which is not there", async (path) => {
    marker += 1;
    const key = `team-a/literal-${marker}.raw`;
    await uploadWith(key, `disks:\n  - {}\n  - ossObject: "${path}"\n`);
    expect(last(key)).toMatchObject({ event: "object.waiting", reason: expect.stringContaining("team-a/") });
    expect(importsOf(key)).toEqual([]);
  });

  it("cannot keep another folder's uploads from being imported by naming them", async () => {
    await uploadWith("team-a/greedy.raw", 'disks:\n  - {}\n  - ossObject: "/team-b/later.raw"\n');
    await product.upload("team-a/first.raw.import.yaml", 'disks:\n  - ossObject: "/team-b/later.raw"\n  - {}\n');
    await product.upload("team-b/later.raw", raw(1, 60));
    await product.settle();
    expect(importsOf("team-b/later.raw").map(disksOf)).toEqual([["team-b/later.raw"]]);
  });

  it("cannot change the policy with a bucket manifest that is not at the root, or not called so", async () => {
    const policy = "version: 1\npolicy: { sidecarMay: [disks, resourceGroupId] }\n";
    for (const key of [
      "team-a/image-import.yaml",
      "team-a/../image-import.yaml",
      "Image-Import.yaml",
      "image-import.yaml ",
      "\u0456mage-import.yaml",
    ])
      await product.bucket.put(key, Buffer.from(policy)).catch(() => undefined);
    await uploadWith("team-a/hopeful.raw", "resourceGroupId: rg-default\n");
    expect(last("team-a/hopeful.raw")).toMatchObject({ event: "manifest.invalid" });
  });

  it("cannot pass a status file off as the product's, or have one imported", async () => {
    const before = imports.length;
    await product.upload(
      "team-a/x.raw.import-status.json",
      JSON.stringify({ state: "available", jobId: "0".repeat(32), imageId: "m-forged" }),
    );
    await product.upload("team-a/x.raw", raw(1, 61));
    await product.untilEnded();
    expect(imports.length).toBe(before + 1);
    expect(await product.statusOf("team-a/x.raw")).not.toMatchObject({ imageId: "m-forged" });
  });

  it("cannot inject anything by names and placeholders", async () => {
    const key = "team-a/{bucket}{region}&Action=DeleteImage&Tag.1.Key=x.raw";
    await uploadWith(key, "imageName: 'n-{stem}'\n");
    expect(last(key)).toMatchObject({
      event: "manifest.invalid",
      reason: expect.stringContaining("An image name has only"),
    });
    await uploadWith(key, "imageName: 'n-{etag8}'\ndescription: 'of {name}'\ntags: { team: '{bucket}' }\n");
    expect(last(key)).toMatchObject({ event: "import.submitted" });
    const [parameters] = importsOf(key);
    // The key's own braces are text, and a tag has no placeholders at all.
    expect(parameters).toMatchObject({
      Description: "of {bucket}{region}&Action=DeleteImage&Tag.1.Key=x.raw",
      "Tag.1.Key": "team",
      "Tag.1.Value": "{bucket}",
    });
    expect(parameters?.["ImageName"]).toMatch(/^n-[0-9a-f]{8}$/);
  });

  it("cannot have a description begin like an address, or have control characters, by the key's name", async () => {
    await uploadWith("team-a/http:||x.raw", "description: 'http://{name}'\n");
    expect(last("team-a/http:||x.raw")).toMatchObject({ event: "manifest.invalid" });
    await uploadWith("team-a/bell\u0007.raw", "description: 'of {name}'\n");
    expect(importsOf("team-a/bell\u0007.raw")).toEqual([]);
  });

  describe("by symbolic links", () => {
    const link = (key: string, target: string) =>
      product.bucket.putSymlink(key, target, {} as Parameters<typeof product.bucket.putSymlink>[2]);

    it("cannot have another folder's image imported, or looked into", async () => {
      await link("team-a/link.qcow2", "team-b/secret.qcow2");
      await product.settle();
      expect(last("team-a/link.qcow2")).toMatchObject({
        event: "image.rejected",
        reason: expect.stringContaining("link"),
      });
      await uploadWith("team-a/linked-disk.raw", "disks:\n  - {}\n  - ossObject: link.qcow2\n");
      expect(last("team-a/linked-disk.raw")).toMatchObject({ event: "image.rejected" });
      expect(product.linesOf("team-a/link.qcow2").map(({ event }) => event)).not.toContain("image.inspected");
      expect(imports.filter((parameters) => disksOf(parameters).includes("team-a/link.qcow2"))).toEqual([]);
    });

    it("cannot read another folder's file as a manifest", async () => {
      await product.bucket.put("team-b/passwords.yaml", Buffer.from("correct-horse: battery-staple\n"));
      await link("team-a/reader.raw.import.yaml", "team-b/passwords.yaml");
      await product.upload("team-a/reader.raw", raw(1, 70));
      await product.settle();
      expect(last("team-a/reader.raw")).toMatchObject({
        event: "manifest.invalid",
        reason: expect.stringContaining("symbolic link"),
      });
      const said = `${product.output.join("\n")}${JSON.stringify(await product.statusOf("team-a/reader.raw"))}`;
      expect(said).not.toMatch(/correct-horse|battery-staple/);
    });
  });

  it("has had no disk imported from outside its folder", () => {
    const fromTeamA = imports.filter((parameters) => disksOf(parameters).some((disk) => disk.startsWith("team-a/")));
    expect(fromTeamA.length).toBeGreaterThan(1);
    for (const parameters of fromTeamA) {
      expect(disksOf(parameters).every((disk) => disk.startsWith("team-a/"))).toBe(true);
      expect([parameters["RoleName"], parameters["ResourceGroupId"], parameters["StorageLocationArn"]]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
    for (const parameters of imports) {
      const buckets = Object.entries(parameters).filter(([name]) => name.endsWith(".OSSBucket"));
      expect(buckets.every(([, bucket]) => bucket === localBucket)).toBe(true);
      expect(parameters["RegionId"]).toBe(localRegion);
    }
  });

  it("may do what the owner's bucket manifest allows, and no more", async () => {
    await product.upload("image-import.yaml", "version: 1\npolicy: { sidecarMay: [disks] }\n");
    await product.upload("team-b/shared.raw", raw(1, 62));
    await product.settle();
    await uploadWith("team-a/allowed.raw", 'disks:\n  - {}\n  - ossObject: "/team-b/shared.raw"\n');
    expect(importsOf("team-a/allowed.raw").map(disksOf)).toEqual([["team-a/allowed.raw", "team-b/shared.raw"]]);
    await uploadWith("team-a/still-not.raw", "resourceGroupId: rg-default\n");
    expect(last("team-a/still-not.raw")).toMatchObject({ event: "manifest.invalid" });
  });
});

describe("an event that is not ours", () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct();
  });
  afterAll(() => product.close());

  const own = () => eventOf(product, "real.raw");
  const bucketOf = (changes: Record<string, string>) => ({
    ...own(),
    oss: { ...own().oss, bucket: { ...own().oss.bucket, ...changes } },
  });

  it.each([
    [
      "another bucket",
      () => bucketOf({ name: "somebody-elses" }),
      /set up for the bucket images, not for somebody-elses/,
    ],
    ["the state bucket", () => bucketOf({ name: "images-import-state" }), /set up for the bucket images/],
    ["another region", () => ({ ...own(), region: "cn-beijing" }), /the event names cn-beijing/],
    ["another account", () => bucketOf({ ownerIdentity: "9999999999999999" }), /another account/],
    [
      "another account by the ARN alone",
      () => bucketOf({ ownerIdentity: "", arn: `acs:oss:${localRegion}:999:${localBucket}` }),
      /another account/,
    ],
    [
      "another account by the ARN, beside the own owner",
      () => bucketOf({ arn: `acs:oss:${localRegion}:999:${localBucket}` }),
      /another account/,
    ],
    [
      "another region by the ARN",
      () => bucketOf({ arn: `acs:oss:oss-cn-beijing:${embeddedAccount.accountId}:${localBucket}` }),
      /the event names cn-beijing/,
    ],
  ])("naming %s is refused without a call to the cloud", async (_, event, reason) => {
    await product.bucket.put("real.raw", raw(1, 1));
    await product.settle();
    const { fc, faults, ecs } = product.cloud;
    const [calls, tasks, lines] = [faults.count, ecs.snapshot().tasks.length, product.lines.length];
    await fc?.invoke("image-import", Buffer.from(JSON.stringify({ events: [event()] })));
    expect(faults.count).toBe(calls);
    expect(ecs.snapshot().tasks).toHaveLength(tasks);
    expect(product.lines.slice(lines)).toEqual([
      expect.objectContaining({ event: "object.ignored", level: "warn", reason: expect.stringMatching(reason) }),
    ]);
  });

  it("is believed only as far as the bucket itself bears it out", async () => {
    const event = {
      ...own(),
      oss: { ...own().oss, object: { ...own().oss.object, key: "imagined.raw", eTag: "ABC", size: 10 ** 9 } },
    };
    await product.cloud.fc?.invoke("image-import", Buffer.from(JSON.stringify({ events: [event] })));
    expect(product.linesOf("imagined.raw").map(({ event: name }) => name)).toEqual(["object.gone"]);
    expect(embeddedAccount.accountId).toBe(own().oss.bucket.ownerIdentity);
  });
});
