import * as ecs from "@alicloud/ecs20140526";
import { localBucket, localRegion } from "../../cli/local/deployed-locally.ts";
import { officialClient } from "../contract/ecs/official-client.ts";
import { eventOf, type Product, qcow2, raw, startProduct } from "./product.ts";

describe("an uploaded image", () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct();
  });
  afterAll(() => product.close());

  const images = () => product.cloud.ecs.snapshot().images;

  it("becomes an ECS image that the official client shows with its origin, name and size", async () => {
    await product.upload("web.qcow2", qcow2(3 * 2 ** 30));
    await product.untilEnded();
    const client = officialClient(product.cloud.endpoints.ecs.replace("http://", ""), product.cloud.account);
    const answer = await client.describeImages(
      new ecs.DescribeImagesRequest({ regionId: localRegion, imageOwnerAlias: "self" }),
    );
    const image = answer.body?.images?.image?.[0];
    expect(image).toMatchObject({ status: "Available", size: 3, OSType: "linux", architecture: "x86_64" });
    expect(image?.imageName).toMatch(/^web-\d{14}$/);
    const tags = Object.fromEntries((image?.tags?.tag ?? []).map(({ tagKey, tagValue }) => [tagKey, tagValue]));
    expect(tags).toMatchObject({ "oss-image-import:source": `oss:${localBucket}/web.qcow2` });
    expect(product.linesOf("web.qcow2").map(({ event }) => event)).toEqual(
      expect.arrayContaining(["image.inspected", "import.submitted", "import.available"]),
    );
    expect(await product.statusOf("web.qcow2")).toMatchObject({ state: "available", imageId: image?.imageId });
  });

  it("is imported once, however often its event is delivered", async () => {
    await product.upload("twice.raw", raw());
    await product.settle();
    const before = images().length;
    const event = eventOf(product, "twice.raw");
    for (let time = 0; time < 3; time += 1) product.cloud.fc?.deliverOssEvent(event);
    await product.settle();
    await product.untilEnded();
    product.cloud.fc?.deliverOssEvent(event);
    await product.settle();
    expect(images()).toHaveLength(before);
    expect(product.linesOf("twice.raw").filter(({ event: name }) => name === "import.submitted")).toHaveLength(1);
    expect(product.linesOf("twice.raw").filter(({ event: name }) => name === "import.duplicate")).toHaveLength(4);
  });

  it("may come in parts, by copy and by append", async () => {
    const upload = await product.bucket.initMultipartUpload("parts.raw");
    const part = await product.bucket.uploadPart("parts.raw", upload.uploadId, 1, raw(1, 7), 0, 2 ** 20);
    await product.bucket.completeMultipartUpload("parts.raw", upload.uploadId, [{ number: 1, etag: part.etag }]);
    await product.bucket.copy("copied.raw", "parts.raw");
    await product.bucket.append("appended.raw", raw(1, 9));
    await product.untilEnded();
    for (const key of ["parts.raw", "copied.raw", "appended.raw"]) {
      expect([key, product.linesOf(key).map(({ event }) => event)]).toEqual([
        key,
        expect.arrayContaining(["import.available"]),
      ]);
    }
  });

  it.each(["with space.raw", "a+b.raw", "a%2Bb.raw", "镜像/系统.RAW", `${"long/".repeat(200)}x.raw`, "quote'\"`.raw"])(
    "may be called %j",
    async (key) => {
      await product.upload(key, raw(1, key.length));
      await product.untilEnded();
      expect(product.linesOf(key).map(({ event }) => event)).toContain("import.available");
    },
  );

  it("that is replaced gives a second image, and the first stays", async () => {
    await product.upload("new.raw", raw(1, 1));
    await product.untilEnded();
    await product.upload("new.raw", raw(1, 2));
    await product.untilEnded();
    expect(product.linesOf("new.raw").filter(({ event }) => event === "import.available")).toHaveLength(2);
  });

  it("that was deleted before its event came is reported as gone", async () => {
    product.cloud.fc?.deliverOssEvent({ ...eventOf(product, "never-there.raw") });
    await product.settle();
    expect(product.linesOf("never-there.raw").map(({ event }) => event)).toEqual(["object.gone"]);
  });

  it("with a name that is taken gets a piece of its job's id", async () => {
    await product.upload("left/same.raw", raw(1, 11));
    await product.upload("right/same.raw", raw(1, 12));
    await product.untilEnded();
    const names = images()
      .map(({ ImageName }) => ImageName)
      .filter((name) => name.startsWith("same-"));
    expect(new Set(names).size).toBe(2);
  });
});
