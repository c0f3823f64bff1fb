import { Readable } from "node:stream";
import type { Given } from "./contract-client.ts";

/** Objects: what comes back of an upload, in whole, in part, and on conditions. */
export const objectContract = (given: Given): void => {
  describe("objects", () => {
    it("gives back the bytes, type, metadata and hashes of an upload", async () => {
      const key = "in/日 本 (v1)+a&b=c.qcow2";
      await given.client.put(key, Buffer.from("123456789"), {
        headers: { "x-oss-meta-Name": "web", "x-oss-tagging": "a=1&b=2", "Cache-Control": "no-cache" },
      });
      const got = await given.client.get(key);
      expect(got.content).toEqual(Buffer.from("123456789"));
      expect(got.res.headers).toMatchObject({
        etag: '"25F9E794323B453885F5181F1B624D0B"',
        "content-length": "9",
        "cache-control": "no-cache",
        "x-oss-hash-crc64ecma": String(0x995dc9bbdf1939fan),
        "x-oss-object-type": "Normal",
        "x-oss-storage-class": "Standard",
        "x-oss-tagging-count": "2",
        "x-oss-meta-name": "web",
        server: "AliyunOSS",
      });
    });

    it.each([
      ["a space", "keys/a b"],
      ["a plus sign", "keys/a+b"],
      ["percent signs", "keys/100%25"],
      ["marks", "keys/!'()*~;:@&=$,[]#?"],
      ["a doubled slash", "keys//x"],
      ["a slash at the end", "keys/folder/"],
      ["1023 bytes", `keys/${"k".repeat(1018)}`],
    ])("keeps a key with %s", async (_, key) => {
      await given.client.put(key, Buffer.from(key));
      const { content } = await given.client.get(key);
      const { objects } = await given.client.listV2({ prefix: key, "max-keys": "1" }, {});
      expect(String(content)).toBe(key);
      expect(objects.map(({ name }) => name)).toEqual([key]);
    });

    it("keeps an object beside a folder of the same name", async () => {
      await given.client.put("both", Buffer.from("object"));
      await given.client.put("both/inside", Buffer.from("inside"));
      expect(String((await given.client.get("both")).content)).toBe("object");
      expect(String((await given.client.get("both/inside")).content)).toBe("inside");
    });

    it("takes an upload of unknown length, and an empty one", async () => {
      const parts = [Buffer.alloc(300_000, 1), Buffer.alloc(300_000, 0)];
      await given.client.putStream("streamed", Readable.from(parts));
      await given.client.put("empty", Buffer.alloc(0));
      expect(Buffer.concat(parts).equals((await given.client.get("streamed")).content)).toBe(true);
      expect((await given.client.head("empty")).res.headers).toMatchObject({ "content-length": "0" });
    });

    it("says which object is missing", async () => {
      await expect(given.client.get("missing")).rejects.toMatchObject({ status: 404, code: "NoSuchKey" });
      await expect(given.client.head("missing")).rejects.toMatchObject({ status: 404, code: "NoSuchKey" });
      await expect(given.client.delete("missing")).resolves.toMatchObject({ res: { status: 204 } });
    });

    it("deletes one object, and many", async () => {
      for (const key of ["gone/1", "gone/2 & <3>", "gone/4"]) await given.client.put(key, Buffer.from("x"));
      await given.client.delete("gone/1");
      const { deleted } = await given.client.deleteMulti(["gone/2 & <3>", "gone/4"]);
      expect(deleted).toHaveLength(2);
      expect((await given.client.listV2({ prefix: "gone/", "max-keys": "10" }, {})).keyCount).toBe(0);
    });

    it("refuses to overwrite when told so", async () => {
      const headers = { "x-oss-forbid-overwrite": "true" };
      await given.client.put("once", Buffer.from("first"), { headers });
      const second = given.client.put("once", Buffer.from("second"), { headers });
      await expect(second).rejects.toMatchObject({ status: 409, code: "FileAlreadyExists" });
      expect(String((await given.client.get("once")).content)).toBe("first");
    });

    it("lets one of many simultaneous creations win", async () => {
      const headers = { "x-oss-forbid-overwrite": "true" };
      const attempts = Array.from({ length: 8 }, (_, n) => given.client.put("race", Buffer.from(`${n}`), { headers }));
      const results = await Promise.allSettled(attempts);
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });

    it("refuses bytes that do not match their Content-MD5", async () => {
      const headers = { "Content-MD5": Buffer.alloc(16).toString("base64") };
      const put = given.client.put("digest", Buffer.from("x"), { headers });
      await expect(put).rejects.toMatchObject({ status: 400, code: "InvalidDigest" });
    });
  });

  describe("ranges and conditions", () => {
    const get = async (headers: Record<string, string>) => {
      const { res, content } = await given.client.get("range", { headers });
      return [res.status, String(content)];
    };
    beforeAll(() => given.client.put("range", Buffer.from("0123456789")));

    it("answers a valid range in part", async () => {
      expect(await get({ Range: "bytes=2-4" })).toEqual([206, "234"]);
      expect(await get({ Range: "bytes=7-" })).toEqual([206, "789"]);
      expect(await get({ Range: "bytes=-3" })).toEqual([206, "789"]);
    });

    it("answers a range that leaves the object with the whole object", async () => {
      expect(await get({ Range: "bytes=5-10" })).toEqual([200, "0123456789"]);
      expect(await get({ Range: "bytes=10-" })).toEqual([200, "0123456789"]);
    });

    it("follows the HTTP standard for ranges when asked to", async () => {
      const standard = { "x-oss-range-behavior": "standard" };
      expect(await get({ Range: "bytes=5-10", ...standard })).toEqual([206, "56789"]);
      await expect(get({ Range: "bytes=10-", ...standard })).rejects.toMatchObject({
        status: 416,
        code: "InvalidRange",
      });
    });

    it("holds reads against their conditions", async () => {
      const { etag } = (await given.client.head("range")).res.headers as { etag: string };
      const otherTag = '"00000000000000000000000000000000"';
      expect(await get({ "If-Match": etag })).toEqual([200, "0123456789"]);
      await expect(get({ "If-Match": otherTag })).rejects.toMatchObject({ status: 412, code: "PreconditionFailed" });
      expect((await given.client.head("range", { headers: { "If-None-Match": etag } })).status).toBe(304);
      expect((await get({ "If-None-Match": otherTag }))[0]).toBe(200);
      const past = { "If-Unmodified-Since": new Date(0).toUTCString() };
      await expect(get(past)).rejects.toMatchObject({ status: 412 });
    });
  });
};
