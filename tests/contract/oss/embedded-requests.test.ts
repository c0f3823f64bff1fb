import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../../shared/clock.ts";
import { startEmbeddedOss } from "./embedded-target.ts";
import { ossOfEachTest } from "./oss-of-each-test.ts";
import { sendRaw } from "./signed-request.ts";
import { until } from "./until.ts";

/** Requests that no official client sends, signed by hand. */
const { oss, startAt, signed } = ossOfEachTest();

describe("requests", () => {
  it("takes the bucket from the path, and a plus sign there as a space", async () => {
    await startAt();
    const put = await signed({
      method: "PUT",
      path: "/images-prod/a+b%2B",
      key: "a b+",
      headers: { "content-length": "1" },
      body: "x",
    });
    const got = await signed({ path: "/images-prod/a%20b%2B", key: "a b+" });
    expect([put.status, got.status, got.body]).toEqual([200, 200, "x"]);
  });

  it.each([
    ["PUT", "/images-prod/a?unknown", "a"],
    ["PUT", "/images-prod/a?x-oss-process=image", "a"],
    ["DELETE", "/images-prod/a?policy", "a"],
    ["PUT", "/images-prod?lifecycle", ""],
    ["DELETE", "/images-prod?website", ""],
    ["POST", "/images-prod/a?select/meta", "a"],
    ["PUT", "/images-prod?tagging", ""],
    ["PUT", "/images-prod/a?versioning", "a"],
  ])("never takes %s %s for something else", async (method, path, key) => {
    await startAt();
    const answer = await signed({ method, path, key, headers: { "content-length": "1" }, body: "x" });
    expect([answer.status, answer.body]).toEqual([501, expect.stringContaining("<Code>NotImplemented</Code>")]);
  });

  it.each([
    ["x-oss-server-side-encryption-customer-algorithm", "AES256"],
    ["x-oss-callback", "e30="],
    ["if-match", "*"],
    ["if-none-match", "*"],
  ])("refuses an upload with %s rather than ignore it", async (name, value) => {
    await startAt();
    const answer = await signed({
      method: "PUT",
      path: "/images-prod/a",
      key: "a",
      headers: { "content-length": "1", [name]: value },
      body: "x",
    });
    expect([answer.status, answer.body]).toEqual([501, expect.stringContaining(name)]);
  });

  it("never leaves its folder, whatever the key", async () => {
    await startAt();
    const keys = ["../../up", "a/../../b", "./c", "a//b", "d/", "\u0001", `${"n".repeat(300)}/x`, ".hidden", "..."];
    for (const key of keys) {
      const path = `/images-prod/${encodeURIComponent(key)}`;
      const put = await signed({ method: "PUT", path, key, headers: { "content-length": "3" }, body: "abc" });
      const got = await signed({ path, key });
      expect([key, put.status, got.body]).toEqual([key, 200, "abc"]);
    }
    await expect(access(join(oss.directory, "..", "up"))).rejects.toThrow();
    await expect(access(join(oss.directory, "b"))).rejects.toThrow();
  });

  it.each([
    ["too long", "k".repeat(1024)],
    ["a slash in front", "/a"],
    ["a backslash in front", "\\a"],
  ])("refuses a key with %s", async (_, key) => {
    await startAt();
    const path = `/images-prod/${encodeURIComponent(key)}`;
    const answer = await signed({ method: "PUT", path, key, headers: { "content-length": "1" }, body: "x" });
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining("InvalidObjectName")]);
  });

  it.each([
    ["a bad percent code", "/images-prod/%zz", "InvalidObjectName"],
    ["bytes that are not UTF-8", "/images-prod/%ff", "InvalidObjectName"],
    ["a bad query", "/images-prod/a?x=%zz", "InvalidURI"],
  ])("refuses a path with %s", async (_, path, code) => {
    await startAt();
    expect((await sendRaw({ endpoint: oss.endpoint, path })).body).toContain(`<Code>${code}</Code>`);
  });

  it("bounds metadata, tags, parts and documents", async () => {
    await startAt(new Date());
    const client = oss.client();
    const put = (headers: Record<string, string>) => client.put("a", Buffer.from("x"), { headers });
    await expect(put({ "x-oss-meta-a": "v".repeat(8192) })).rejects.toMatchObject({ code: "MetadataTooLarge" });
    await expect(
      put({ "x-oss-tagging": Array.from({ length: 11 }, (_, n) => `k${n}=v`).join("&") }),
    ).rejects.toMatchObject({ code: "InvalidArgument" });
    const post = (body: string) =>
      signed({
        method: "POST",
        path: "/images-prod?delete",
        headers: { "content-length": String(Buffer.byteLength(body)) },
        body,
        date: new Date(),
      });
    const bomb = `<!DOCTYPE d [<!ENTITY a "aaaa">]><Delete><Object><Key>&a;</Key></Object></Delete>`;
    const deep = `<Delete>${"<a>".repeat(50)}${"</a>".repeat(50)}</Delete>`;
    for (const body of [bomb, deep, "<Delete>", "", "<Other/>"])
      expect((await post(body)).body).toContain("<Code>MalformedXML</Code>");
    expect((await post("x".repeat(2 * 1024 * 1024 + 1))).body).toContain("<Code>EntityTooLarge</Code>");
  });

  it("completes a multipart upload with all its parts when told to", async () => {
    await startAt();
    const on = (method: string, query: string, more: { headers?: Record<string, string>; body?: string } = {}) =>
      signed({ method, path: `/images-prod/m?${query}`, key: "m", ...more });
    const id = /<UploadId>(\w+)</.exec((await on("POST", "uploads")).body)?.[1];
    for (const [number, body] of [
      [2, "last"],
      [1, "x".repeat(100 * 1024)],
    ] as const) {
      await on("PUT", `partNumber=${number}&uploadId=${id}`, { headers: { "content-length": `${body.length}` }, body });
    }
    const complete = { headers: { "x-oss-complete-all": "yes" } };
    expect((await on("POST", `uploadId=${id}`, complete)).status).toBe(200);
    expect((await oss.server.lookup.object("images-prod", "m"))?.size).toBe(100 * 1024 + 4);
    expect((await on("POST", `uploadId=${id}`, complete)).body).toContain("<Code>NoSuchUpload</Code>");
  });

  it("refuses an upload that declares more than 5 GB before it is sent", async () => {
    await startAt();
    const length = String(5 * 1024 ** 3 + 1);
    const answer = await signed({
      method: "PUT",
      path: "/images-prod/a",
      key: "a",
      headers: { "content-length": length, expect: "100-continue" },
    }).catch((error) => error);
    expect(answer.body).toContain("<Code>EntityTooLarge</Code>");
  });

  it("says so when its port is in use", async () => {
    await startAt();
    const port = Number(new URL(oss.endpoint).port);
    const other = await startEmbeddedOss({ clock: systemClock });
    await expect(other.server.listen(port)).rejects.toMatchObject({ code: "EADDRINUSE" });
    await other.close();
  });
});

describe("an upload that breaks off", () => {
  it("leaves no object and no bytes behind", async () => {
    await startAt();
    const answer = signed({
      method: "PUT",
      path: "/images-prod/half",
      key: "half",
      headers: { "content-length": "1000000", connection: "close" },
      body: "only this",
    });
    const temporary = () => readdir(join(oss.directory, ".oss", "temporary"));
    await until(async () => (await temporary()).length === 1);
    await oss.server.close();
    await expect(answer).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await oss.server.lookup.object("images-prod", "half")).toBeUndefined();
    expect(await temporary()).toEqual([]);
  });
});
