import { systemClock } from "../../../shared/clock.ts";
import { alibabaObjects } from "../../../shared/cloud/alibaba-objects.ts";
import type { ObjectStore } from "../../../shared/cloud/ports.ts";
import { SourceChanged } from "../../../shared/inspection/source/byte-source.ts";
import { type EmbeddedOss, owner, startEmbeddedOss } from "../../contract/oss/embedded-target.ts";
import { badGateway, brokenOff, type OddServer, reply, reset, silence, startOddServer } from "./odd-server.ts";

const region = "cn-hangzhou";
const object = { bucket: "images-prod", key: "in/镜像 1+2%.qcow2" };
const never = "0".repeat(32);

describe("OSS through the official client", () => {
  let oss: EmbeddedOss;
  let objects: ObjectStore;

  beforeAll(async () => {
    oss = await startEmbeddedOss({ clock: systemClock });
    objects = alibabaObjects({ region, credentials: owner, endpoint: oss.endpoint });
    await oss.client().put(object.key, Buffer.from("0123456789"), {
      headers: { "x-oss-meta-import-image-name": "web", "x-oss-meta-Team": "a b" },
    } as never);
  });
  afterAll(() => oss.close());

  it("tells everything of an object that decides about its import", async () => {
    expect(await objects.stat(object)).toEqual({
      size: 10,
      etag: "781E5E245D69B566979B86E28D23F2C7",
      crc64: expect.stringMatching(/^\d{1,20}$/),
      lastModified: expect.any(Date),
      storageClass: "Standard",
      restored: false,
      encryption: undefined,
      type: "Normal",
      metadata: expect.objectContaining({ "import-image-name": "web", team: "a b" }),
    });
  });

  it("tells storage class and encryption where there are any", async () => {
    const headers = { "x-oss-storage-class": "Archive", "x-oss-server-side-encryption": "AES256" };
    await oss.client().put("cold.raw", Buffer.from("x"), { headers } as never);
    const cold = { ...object, key: "cold.raw" };
    expect(await objects.stat(cold)).toMatchObject({ storageClass: "Archive", encryption: "AES256", restored: false });
  });

  it("knows when there is no such object", async () => {
    const gone = { ...object, key: "gone.raw" };
    expect(await objects.stat(gone)).toBeUndefined();
    expect(await objects.read(gone, 10)).toBeUndefined();
    await expect(objects.readRange(gone, { offset: 0, length: 1, etag: never })).rejects.toMatchObject({
      code: "NoSuchKey",
    });
    await expect(objects.delete(gone)).resolves.toBeUndefined();
  });

  it("tells of an object that is archived why it cannot be read", async () => {
    const headers = { "x-oss-storage-class": "Archive" };
    await oss.client().put("cold.yaml", Buffer.from("x"), { headers } as never);
    const cold = { ...object, key: "cold.yaml" };
    await expect(objects.read(cold, 10)).rejects.toMatchObject({ code: "InvalidObjectState", outcomeUnknown: false });
    await oss.client().putSymlink("cold-link.yaml", cold.key, {} as never);
    await expect(objects.read({ ...object, key: "cold-link.yaml" }, 10)).rejects.toMatchObject({ code: "Symlink" });
  });

  it("reads no whole object through a symbolic link, and tells of one that it is one", async () => {
    await oss.client().putSymlink("link.yaml", object.key, {} as never);
    const link = { ...object, key: "link.yaml" };
    await expect(objects.read(link, 10)).rejects.toMatchObject({ code: "Symlink" });
    expect(await objects.stat(link)).toMatchObject({ type: "Symlink", size: 10 });
  });

  it("reads a whole object, and refuses one that is larger than wanted", async () => {
    expect(await objects.read(object, 10)).toEqual({
      body: Buffer.from("0123456789"),
      etag: "781E5E245D69B566979B86E28D23F2C7",
    });
    await expect(objects.read(object, 9)).rejects.toMatchObject({ code: "TooLarge", outcomeUnknown: false });
  });

  it("reads ranges of one version, and says when that is replaced", async () => {
    const etag = (await objects.stat(object))?.etag ?? "";
    const text = async (offset: number, length: number) =>
      String(await objects.readRange(object, { offset, length, etag }));
    expect([await text(0, 3), await text(9, 1), await text(0, 10)]).toEqual(["012", "9", "0123456789"]);
    const replaced = objects.readRange(object, { offset: 0, length: 3, etag: never });
    await expect(replaced).rejects.toBeInstanceOf(SourceChanged);
    await expect(text(8, 5)).rejects.toMatchObject({ code: "RangeNotHonoured" });
    await expect(text(10, 1)).rejects.toMatchObject({ code: "Http416", outcomeUnknown: false });
  });

  it("creates an object once, and overwrites when told to", async () => {
    const fresh = { ...object, key: "state/镜 1.json" };
    expect([await objects.create(fresh, "a"), await objects.create(fresh, "b")]).toEqual([true, false]);
    expect(String((await objects.read(fresh, 9))?.body)).toBe("a");
    await objects.put(fresh, "c", "text/plain");
    expect(String((await objects.read(fresh, 9))?.body)).toBe("c");
    await objects.delete(fresh);
    expect(await objects.stat(fresh)).toBeUndefined();
  });

  it("lists a folder without those below it", async () => {
    for (const key of ["top/a +%", "top/b/c", "top/d"]) await objects.put({ ...object, key }, "x", "text/plain");
    const { objects: found, more } = await objects.list(object.bucket, { prefix: "top/", delimiter: "/" });
    expect([found.map(({ key }) => key), more]).toEqual([["top/a +%", "top/d"], false]);
    const root = await objects.list(object.bucket, { prefix: "", delimiter: "/" });
    expect(root.objects.filter(({ key }) => key.includes("/"))).toEqual([]);
  });

  it("lists in the order of keys, from anywhere, page by page", async () => {
    const keys = ["list/a", "list/b +%", "list/c", "list/镜"];
    for (const key of keys) await objects.put({ ...object, key }, "x", "text/plain");
    const page = async (more: { startAfter?: string; limit?: number }) => {
      const found = await objects.list(object.bucket, { prefix: "list/", ...more });
      return [found.objects.map(({ key }) => key), found.more];
    };
    expect(await page({})).toEqual([keys, false]);
    expect(await page({ limit: 2 })).toEqual([keys.slice(0, 2), true]);
    expect(await page({ startAfter: "list/b +%", limit: 2 })).toEqual([keys.slice(2), false]);
    expect(await page({ startAfter: "list/镜" })).toEqual([[], false]);
    const [listed] = (await objects.list(object.bucket, { prefix: "list/a" })).objects;
    expect(listed).toEqual({
      key: "list/a",
      size: 1,
      etag: expect.stringMatching(/^[0-9A-F]{32}$/),
      lastModified: expect.any(Date),
    });
  });

  it("tells what of a bucket decides whether the product may work there", async () => {
    await oss.server.createBucket("versioned", { versioning: "Suspended", encryption: "AES256" } as never);
    expect(await objects.bucket(object.bucket)).toEqual({ region, versioning: "Off", encryption: undefined });
    expect(await objects.bucket("versioned")).toMatchObject({ versioning: "Suspended" });
    expect(await objects.bucket("never-made")).toBeUndefined();
  });

  it("hands on a refusal with its code, status and request id", async () => {
    const stranger = { accessKeyId: owner.accessKeyId, accessKeySecret: "wrong" };
    const refused = alibabaObjects({ region, credentials: stranger, endpoint: oss.endpoint });
    const answer = { name: "CloudError", service: "oss", status: 403, outcomeUnknown: false };
    const requestId = expect.stringMatching(/^[0-9A-F]{24}$/);
    const coded = { ...answer, requestId, code: "SignatureDoesNotMatch" };
    await expect(refused.list(object.bucket, { prefix: "" })).rejects.toMatchObject(coded);
    await expect(refused.create(object, "")).rejects.toMatchObject(coded);
    // The client does not read why a GET was refused, and HEAD is as well.
    await expect(refused.read(object, 10)).rejects.toMatchObject({ ...answer, requestId, code: "Http403" });
  });
});

describe("OSS that misbehaves", () => {
  let server: OddServer;
  let objects: ObjectStore;
  /** Gives up soon: for answers that never come. */
  let impatient: ObjectStore;

  beforeAll(async () => {
    server = await startOddServer();
    const options = { region, credentials: owner, endpoint: server.endpoint };
    objects = alibabaObjects(options);
    impatient = alibabaObjects({ ...options, timeoutInMilliseconds: 250 });
  });
  afterAll(() => server.close());

  const range = () => objects.readRange(object, { offset: 10, length: 5, etag: never });
  const part = { "content-range": "bytes 10-14/100", "content-length": "5" };

  it("asks for ranges so that an invalid one is not answered with everything", async () => {
    server.answer(reply(206, part, "01234"));
    expect(String(await range())).toBe("01234");
    expect(server.requests[0]?.headers).toMatchObject({
      range: "bytes=10-14",
      "if-match": `"${never}"`,
      "x-oss-range-behavior": "standard",
    });
  });

  it.each<[string, Parameters<OddServer["answer"]>[0]]>([
    ["with the whole object", reply(200, { "content-length": "100" }, "x".repeat(100))],
    ["with another range", reply(206, { "content-range": "bytes 0-4/100" }, "01234")],
    ["with a longer range", reply(206, { "content-range": "bytes 10-99/100" }, "x".repeat(90))],
    ["without saying which range", reply(206, {}, "01234")],
  ])("is caught when it answers a range %s", async (_, handler) => {
    server.answer(handler);
    await expect(range()).rejects.toMatchObject({ code: "RangeNotHonoured", outcomeUnknown: false });
  });

  it("is caught when it sends more than the range that it announced", async () => {
    server.answer(reply(206, { "content-range": "bytes 10-14/100" }, "x".repeat(100_000)));
    await expect(range()).rejects.toMatchObject({ code: "TooLarge" });
  });

  it("does not fill the memory with an endless object", async () => {
    let sent = 0;
    server.answer((_, response) => {
      const more = (): void => {
        while (!response.destroyed && sent < 1e9 && response.write(Buffer.alloc(65_536))) sent += 65_536;
        if (!response.destroyed && sent < 1e9) response.once("drain", more);
      };
      response.writeHead(200, {});
      more();
    });
    await expect(objects.read(object, 100_000)).rejects.toMatchObject({ code: "TooLarge" });
    expect(sent).toBeLessThan(50e6);
  });

  const unreadable: readonly [string, Parameters<OddServer["answer"]>[0]][] = [
    ["cuts the connection", reset],
    ["says nothing", silence],
    ["is a proxy that says 502 in HTML", badGateway],
    ["says 500 with its own code", reply(500, {}, "<Error><Code>InternalError</Code><Message>m</Message></Error>")],
    ["says 503 and nothing else", reply(503, {})],
  ];
  const calls: readonly [string, (store: ObjectStore) => Promise<unknown>][] = [
    ["stat", (store) => store.stat(object)],
    ["read", (store) => store.read(object, 10)],
    ["readRange", (store) => store.readRange(object, { offset: 10, length: 5, etag: never })],
    ["create", (store) => store.create(object, "x")],
    ["put", (store) => store.put(object, "x", "text/plain")],
    ["delete", (store) => store.delete(object)],
    ["list", (store) => store.list(object.bucket, { prefix: "" })],
    ["bucket", (store) => store.bucket(object.bucket)],
  ];

  it.each(unreadable.flatMap(([what, handler]) => calls.map(([name, call]) => ({ what, handler, name, call }))))(
    "that $what leaves it open what became of $name",
    async ({ handler, call }) => {
      server.answer(handler);
      const answer = call(handler === silence ? impatient : objects);
      await expect(answer).rejects.toMatchObject({ name: "CloudError", service: "oss", outcomeUnknown: true });
      expect(server.requests).toHaveLength(1);
    },
  );

  it.each([
    [400, false],
    [403, false],
    [407, false],
    [408, true],
    [416, false],
    [429, false],
    [500, true],
    [504, true],
  ])("behind a proxy that says %i in HTML leaves it open what became of a call: %p", async (status, outcomeUnknown) => {
    server.answer(reply(status, { "content-type": "text/html" }, "<html><p>No.</html>"));
    for (const [, call] of calls)
      await expect(call(objects)).rejects.toMatchObject({ name: "CloudError", service: "oss", status, outcomeUnknown });
  });

  it.each([
    ["read", () => objects.read(object, 100), brokenOff(200, { "content-length": "100" }, "01234")],
    ["readRange", range, brokenOff(206, part, "012")],
  ])("that breaks off in the middle gives no half answer to %s", async (_, call, handler) => {
    server.answer(handler);
    await expect(call()).rejects.toMatchObject({ code: "NoAnswer", outcomeUnknown: true });
  });

  it("that sends less than the range in a complete answer is caught", async () => {
    server.answer(reply(206, { "content-range": "bytes 10-14/100", "content-length": "3" }, "012"));
    await expect(range()).rejects.toMatchObject({ code: "NoAnswer", outcomeUnknown: true });
  });

  it("that sends other bytes than those of its checksum is caught", async () => {
    server.answer(reply(200, { "x-oss-hash-crc64ecma": "1", etag: '"0F34"' }, "01234"));
    await expect(objects.read(object, 100)).rejects.toMatchObject({ code: "NoAnswer", outcomeUnknown: true });
  });

  it("never writes credentials into its errors", async () => {
    server.answer(badGateway);
    const error = await objects.read(object, 10).catch((reason: unknown) => reason);
    expect(`${error} ${(error as Error).message}`).not.toContain(owner.accessKeySecret);
  });
});
