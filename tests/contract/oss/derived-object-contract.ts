import { type Given, headersOf } from "./contract-client.ts";

/** Objects made in other ways than by a plain upload, and what hangs on an object. */
export const derivedObjectContract = (given: Given): void => {
  describe("other ways to make an object", () => {
    it("copies, with the source's metadata or new", async () => {
      await given.client.put("copy/source", Buffer.from("copied"), { headers: { "x-oss-meta-a": "1" } });
      await given.client.copy("copy/kept", "copy/source");
      await given.client.copy("copy/replaced", "copy/source", { meta: { b: "2" } } as never);
      expect(String((await given.client.get("copy/kept")).content)).toBe("copied");
      expect((await given.client.head("copy/kept")).meta).toEqual({ a: "1" });
      expect((await given.client.head("copy/replaced")).meta).toEqual({ b: "2" });
      await expect(given.client.copy("copy/none", "copy/missing")).rejects.toMatchObject({ code: "NoSuchKey" });
    });

    it("appends at the end, and nowhere else", async () => {
      const first = await given.client.append("log", Buffer.from("one "));
      const next = first.nextAppendPosition;
      await given.client.append("log", Buffer.from("two"), { position: next });
      const { content, res } = await given.client.get("log");
      expect(String(content)).toBe("one two");
      expect(res.headers).toMatchObject({ "x-oss-object-type": "Appendable", "x-oss-next-append-position": "7" });
      await given.client.put("log-as-one", Buffer.from("one two"));
      const whole = headersOf(await given.client.head("log-as-one"));
      expect(headersOf({ res })["x-oss-hash-crc64ecma"]).toBe(whole["x-oss-hash-crc64ecma"]);
      await expect(given.client.append("log", Buffer.from("x"), { position: "3" })).rejects.toMatchObject({
        status: 409,
        code: "PositionNotEqualToLength",
      });
      await expect(given.client.append("log-as-one", Buffer.from("x"), { position: "7" })).rejects.toMatchObject({
        status: 409,
        code: "ObjectNotAppendable",
      });
    });

    it("follows a symlink one step", async () => {
      await given.client.put("link/日", Buffer.from("target"));
      await given.client.putSymlink("link/to", "link/日", {} as never);
      await given.client.putSymlink("link/nowhere", "link/missing", {} as never);
      const { content, res } = await given.client.get("link/to");
      expect(String(content)).toBe("target");
      expect(res.headers).toMatchObject({ "x-oss-object-type": "Symlink" });
      expect((await given.client.getSymlink("link/to")).targetName).toBe("link/日");
      await expect(given.client.get("link/nowhere")).rejects.toMatchObject({
        status: 404,
        code: "SymlinkTargetNotExist",
      });
    });
  });

  describe("what hangs on an object", () => {
    it("sets, gets and removes tags", async () => {
      await given.client.put("tagged", Buffer.from("x"));
      await given.client.putObjectTagging("tagged", { state: "imported", "a b": "1+1=2" });
      expect((await given.client.getObjectTagging("tagged")).tag).toEqual({ state: "imported", "a b": "1+1=2" });
      await given.client.deleteObjectTagging("tagged");
      expect((await given.client.getObjectTagging("tagged")).tag).toEqual({});
    });

    it("answers the ACL and the short metadata", async () => {
      await given.client.put("plain", Buffer.from("12345"));
      expect((await given.client.getACL("plain")).acl).toBe("default");
      expect((await given.client.getObjectMeta("plain")).res.headers).toMatchObject({ "content-length": "5" });
    });

    it("does not read an archived object before it is restored", async () => {
      await given.client.put("cold", Buffer.from("x"), { headers: { "x-oss-storage-class": "Archive" } });
      await expect(given.client.get("cold")).rejects.toMatchObject({ status: 403, code: "InvalidObjectState" });
      expect((await given.client.restore("cold")).res.status).toBe(202);
      expect((await given.client.head("cold")).res.headers).toMatchObject({
        "x-oss-restore": 'ongoing-request="true"',
      });
      await expect(given.client.restore("cold")).rejects.toMatchObject({
        status: 409,
        code: "RestoreAlreadyInProgress",
      });
    });
  });
};
