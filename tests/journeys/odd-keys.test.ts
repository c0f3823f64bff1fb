import { eventOf, type Product, raw, startProduct } from "./product.ts";

/** Missing in the client's types. */
interface Versioning {
  putBucketVersioning(bucket: string, status: "Enabled"): Promise<unknown>;
}

/** As long as a key may be: neither a sidecar nor a status file can lie beside it. */
const longest = `${"语".repeat(339)}ab.raw`;

const oddKeys = [
  "with space.raw",
  "a+b.raw",
  "100%.raw",
  "镜像/系统.RAW",
  "emoji😀.raw",
  'x\n{"event":"import.available"}.raw',
  "\u001b[31mred.raw",
  "\u202egpj.raw",
  "aliyun-x.raw",
  "acs:x.raw",
  "9digits.raw",
  ".raw",
  "__proto__.raw",
  "a//b.raw",
  "?x=1&y#z.raw",
  `${"n".repeat(200)}.raw`,
  longest,
];

describe.each([
  ["as they are", false],
  ["percent-coded", true],
])("an image with an odd key, where events give keys %s", (_, encodeKeys) => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct({ ossOptions: { eventShape: { encodeKeys } } });
    for (const [index, key] of oddKeys.entries()) await product.upload(key, raw(1, index));
    await product.untilEnded();
  });
  afterAll(() => product.close());

  it.each(oddKeys.map((key) => [key]))("%j is imported with a name that ECS takes", (key) => {
    const lines = product.linesOf(key);
    expect(lines.map(({ event }) => event)).toContain("import.available");
    expect(lines.map(({ level }) => level)).not.toContain("error");
  });

  it("leaves no line about a key that is none, and no line that is forged", () => {
    expect(product.lines.filter(({ key }) => key !== undefined && !oddKeys.includes(key))).toEqual([]);
    const own = product.output.filter((text) => !text.startsWith("{") && !text.startsWith("FC Invoke "));
    expect(own).toEqual([]);
  });
});

describe("an event", () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct();
  });
  afterEach(() => {
    product.cloud.faults.plan = undefined;
  });
  afterAll(() => product.close());

  it("means the object with its ETag, where its key can be read in two ways", async () => {
    await product.upload("p%2Bq.raw", raw(1, 1));
    await product.upload("p+q.raw", raw(1, 2));
    await product.untilEnded();
    const before = product.linesOf("p+q.raw").length;
    const event = eventOf(product, "p%2Bq.raw");
    const { res } = await product.bucket.head("p+q.raw");
    const { etag } = res.headers as { etag: string };
    const object = { ...event.oss.object, eTag: etag.replaceAll('"', "") };
    product.cloud.fc?.deliverOssEvent({ ...event, oss: { ...event.oss, object } });
    await product.settle();
    expect(product.linesOf("p+q.raw").slice(before)).toMatchObject([{ event: "import.duplicate" }]);
  });

  it("that is older than its object is worked on, and its lines say that the object was written again", async () => {
    await product.bucket.put("again.raw", raw(1, 3));
    await product.settle();
    const [first] = product.linesOf("again.raw");
    expect(first).not.toHaveProperty("changed");
    const before = product.linesOf("again.raw").length;
    const event = eventOf(product, "again.raw");
    const object = { ...event.oss.object, eTag: "0123456789ABCDEF0123456789ABCDEF" };
    product.cloud.fc?.deliverOssEvent({ ...event, oss: { ...event.oss, object } });
    await product.settle();
    expect(product.linesOf("again.raw").slice(before)).toMatchObject([
      { event: "import.duplicate", changed: expect.stringContaining("0123456789ABCDEF0123456789ABCDEF") },
    ]);
  });

  it("that cannot be worked on leaves a line of its object at each try, and beside it another goes on", async () => {
    const refused = 'refused\n{"event":"import.available","key":"forged"}.raw';
    product.cloud.faults.plan = ({ operation, key }) =>
      operation === "HeadObject" && key === refused
        ? { kind: "refuse", status: 403, code: "AccessDenied", message: "no" }
        : undefined;
    await product.bucket.put("beside.raw", raw(1, 4));
    await product.settle();
    const events = [eventOf(product, refused), eventOf(product, "beside.raw")];
    const result = await product.cloud.fc?.invoke("image-import", Buffer.from(JSON.stringify({ events })));
    expect(result).toHaveProperty("errorType");
    expect(product.linesOf(refused)).toMatchObject([
      { event: "object.deferred", level: "error", reason: expect.stringContaining("AccessDenied"), bucket: "images" },
    ]);
    expect(product.linesOf("beside.raw").at(-1)).toMatchObject({ event: "import.duplicate" });
    expect(product.output.filter((text) => text.startsWith('{"event":"import.available"'))).toEqual([]);
  });

  it("that meets a state bucket with versioning leaves a line of its object", async () => {
    const versioned = await startProduct();
    try {
      await (versioned.stateBucket as unknown as Versioning).putBucketVersioning("images-import-state", "Enabled");
      await versioned.upload("unsafe.raw", raw());
      await versioned.settle();
      const lines = versioned.linesOf("unsafe.raw");
      expect(lines.map(({ event }) => event)).not.toContain("import.submitted");
      expect(lines.at(-1)).toMatchObject({
        event: "object.deferred",
        level: "error",
        reason: expect.stringContaining("versioning Enabled"),
      });
    } finally {
      await versioned.close();
    }
  });
});

describe("a manifest", () => {
  it("is found behind any number of objects whose keys begin like it, without walking through them", async () => {
    const product = await startProduct();
    try {
      const names = Array.from({ length: 1001 }, (_, index) => `image-import.a${index}`);
      for (let start = 0; start < names.length; start += 100)
        await Promise.all(names.slice(start, start + 100).map((name) => product.bucket.put(name, Buffer.from("x"))));
      await product.upload("image-import.yaml", "version: 1\nrules:\n  - { match: '*.raw', ignore: true }\n");
      await product.settle();
      let lists = 0;
      product.cloud.faults.plan = ({ operation }) => {
        if (operation === "ListObjectsV2") lists += 1;
        return undefined;
      };
      await product.upload("left.raw", raw());
      await product.settle();
      expect(product.linesOf("left.raw").map(({ event }) => event)).toEqual(["object.ignored"]);
      // One page, then one look for each of the three names; the sidecar's, the sets', the folder's and the job's are one each.
      expect(lists).toBeLessThanOrEqual(8);
    } finally {
      await product.close();
    }
  });
});
