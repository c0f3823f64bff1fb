import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import OSS from "ali-oss";

/** Methods that ali-oss 6.23 has and its typings lack, or type too narrowly. */
interface UntypedMethods {
  getObjectMeta(key: string): Promise<{ res: { headers: Record<string, string> } }>;
  putObjectTagging(key: string, tags: Record<string, string>): Promise<unknown>;
  getObjectTagging(key: string): Promise<{ tag: Record<string, string> }>;
  deleteObjectTagging(key: string): Promise<unknown>;
  getBucketVersioning(bucket: string): Promise<{ versionStatus: string | undefined }>;
  getBucketEncryption(bucket: string): Promise<unknown>;
  restore(key: string): Promise<{ res: { status: number } }>;
  uploadPart(
    key: string,
    id: string,
    number: number,
    file: Buffer,
    start: number,
    end: number,
  ): Promise<{ etag: string }>;
  completeMultipartUpload(key: string, id: string, parts: readonly Part[]): Promise<{ etag: string }>;
  multipartUploadCopy(
    key: string,
    source: { sourceKey: string; sourceBucketName: string },
    options: object,
  ): Promise<unknown>;
}

interface Part {
  readonly number: number;
  readonly etag: string;
}

type Client = Omit<OSS, keyof UntypedMethods> & UntypedMethods;

const createClient = (options: ClientOptions): Client => new OSS(options) as unknown as Client;

const headersOf = ({ res }: { res: { headers: object } }) => res.headers as Record<string, string>;

type ClientOptions = OSS.Options & { readonly bucket: string };

/** A bucket to run the contract on: that of the embedded OSS, or one of the real service. */
export interface OssTarget {
  /** Long-lived keys that may do everything in an empty bucket that was never versioned. */
  readonly keys: ClientOptions;
  /** Session credentials for the same bucket. */
  readonly session: ClientOptions;
  /** Empties and removes the bucket. */
  dispose(): Promise<void>;
}

const signings = [
  { name: "V1 and keys", credentials: "keys", authorizationV4: false },
  { name: "V4 and keys", credentials: "keys", authorizationV4: true },
  { name: "V4 and a session token", credentials: "session", authorizationV4: true },
] as const;

/**
 * What clients of OSS rely on, said with the unmodified `ali-oss`, whose retries are off unless they are asked for. It
 * runs against the embedded OSS on every test run, and can run against the real one.
 */
export const ossContract = (makeTarget: () => Promise<OssTarget>): void => {
  describe.each(signings)("signed with $name", ({ credentials, authorizationV4 }) => {
    let target: OssTarget;
    let client: Client;

    beforeAll(async () => {
      target = await makeTarget();
      client = createClient({ ...target[credentials], authorizationV4 });
    });
    afterAll(() => target.dispose());

    describe("objects", () => {
      it("gives back the bytes, type, metadata and hashes of an upload", async () => {
        const key = "in/日 本 (v1)+a&b=c.qcow2";
        await client.put(key, Buffer.from("123456789"), {
          headers: { "x-oss-meta-Name": "web", "x-oss-tagging": "a=1&b=2", "Cache-Control": "no-cache" },
        });
        const got = await client.get(key);
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
        await client.put(key, Buffer.from(key));
        const { content } = await client.get(key);
        const { objects } = await client.listV2({ prefix: key, "max-keys": "1" }, {});
        expect(String(content)).toBe(key);
        expect(objects.map(({ name }) => name)).toEqual([key]);
      });

      it("keeps an object beside a folder of the same name", async () => {
        await client.put("both", Buffer.from("object"));
        await client.put("both/inside", Buffer.from("inside"));
        expect(String((await client.get("both")).content)).toBe("object");
        expect(String((await client.get("both/inside")).content)).toBe("inside");
      });

      it("takes an upload of unknown length, and an empty one", async () => {
        const parts = [Buffer.alloc(300_000, 1), Buffer.alloc(300_000, 0)];
        await client.putStream("streamed", Readable.from(parts));
        await client.put("empty", Buffer.alloc(0));
        expect((await client.get("streamed")).content).toEqual(Buffer.concat(parts));
        expect((await client.head("empty")).res.headers).toMatchObject({ "content-length": "0" });
      });

      it("says which object is missing", async () => {
        await expect(client.get("missing")).rejects.toMatchObject({ status: 404, code: "NoSuchKey" });
        await expect(client.head("missing")).rejects.toMatchObject({ status: 404, code: "NoSuchKey" });
        await expect(client.delete("missing")).resolves.toMatchObject({ res: { status: 204 } });
      });

      it("deletes one object, and many", async () => {
        for (const key of ["gone/1", "gone/2 & <3>", "gone/4"]) await client.put(key, Buffer.from("x"));
        await client.delete("gone/1");
        const { deleted } = await client.deleteMulti(["gone/2 & <3>", "gone/4"]);
        expect(deleted).toHaveLength(2);
        expect((await client.listV2({ prefix: "gone/", "max-keys": "10" }, {})).keyCount).toBe(0);
      });

      it("refuses to overwrite when told so", async () => {
        const headers = { "x-oss-forbid-overwrite": "true" };
        await client.put("once", Buffer.from("first"), { headers });
        const second = client.put("once", Buffer.from("second"), { headers });
        await expect(second).rejects.toMatchObject({ status: 409, code: "FileAlreadyExists" });
        expect(String((await client.get("once")).content)).toBe("first");
      });

      it("lets one of many simultaneous creations win", async () => {
        const headers = { "x-oss-forbid-overwrite": "true" };
        const attempts = Array.from({ length: 8 }, (_, n) => client.put("race", Buffer.from(`${n}`), { headers }));
        const results = await Promise.allSettled(attempts);
        expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      });

      it("refuses bytes that do not match their Content-MD5", async () => {
        const headers = { "Content-MD5": Buffer.alloc(16).toString("base64") };
        const put = client.put("digest", Buffer.from("x"), { headers });
        await expect(put).rejects.toMatchObject({ status: 400, code: "InvalidDigest" });
      });
    });

    describe("ranges and conditions", () => {
      const get = async (headers: Record<string, string>) => {
        const { res, content } = await client.get("range", { headers });
        return [res.status, String(content)];
      };
      beforeAll(() => client.put("range", Buffer.from("0123456789")));

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
        const { etag } = (await client.head("range")).res.headers as { etag: string };
        const otherTag = '"00000000000000000000000000000000"';
        expect(await get({ "If-Match": etag })).toEqual([200, "0123456789"]);
        await expect(get({ "If-Match": otherTag })).rejects.toMatchObject({ status: 412, code: "PreconditionFailed" });
        expect((await client.head("range", { headers: { "If-None-Match": etag } })).status).toBe(304);
        expect((await get({ "If-None-Match": otherTag }))[0]).toBe(200);
        const past = { "If-Unmodified-Since": new Date(0).toUTCString() };
        await expect(get(past)).rejects.toMatchObject({ status: 412 });
      });
    });

    describe("listings", () => {
      const keys = ["l/a", "l/b/1", "l/b/2", "l/c d+e", "l/é", "l/😀"];
      beforeAll(async () => {
        for (const key of keys) await client.put(key, Buffer.from(key));
      });

      it("lists in the order of bytes, with times that end in .000Z", async () => {
        const { objects } = await client.listV2({ prefix: "l/", "max-keys": "100" }, {});
        expect(objects.map(({ name }) => name)).toEqual(keys);
        for (const object of objects) expect(object.lastModified).toMatch(/T\d\d:\d\d:\d\d\.000Z$/);
      });

      it("folds what follows a delimiter into prefixes", async () => {
        const query = { prefix: "l/", delimiter: "/", "max-keys": "100" } as const;
        const listed = await client.list(query, {});
        expect(listed.prefixes).toEqual(["l/b/"]);
        expect(listed.objects.map(({ name }) => name)).toEqual(["l/a", "l/c d+e", "l/é", "l/😀"]);
      });

      it("encodes names on request", async () => {
        const { objects } = await client.listV2({ prefix: "l/c", "encoding-type": "url", "max-keys": "10" }, {});
        expect(objects.map(({ name }) => decodeURIComponent(name))).toEqual(["l/c d+e"]);
        expect(objects[0]?.name).not.toContain(" ");
      });

      it.each(["1", "2", "3", "100"])("gives every name once over pages of %s", async (maxKeys) => {
        const names: string[] = [];
        let token: string | undefined;
        do {
          const page = await client.listV2(
            { prefix: "l/", delimiter: "/", "max-keys": maxKeys, ...(token ? { "continuation-token": token } : {}) },
            {},
          );
          names.push(...page.objects.map(({ name }) => name), ...(page.prefixes ?? []));
          token = page.nextContinuationToken || undefined;
        } while (token !== undefined);
        expect(names.sort()).toEqual(["l/a", "l/b/", "l/c d+e", "l/é", "l/😀"]);
      });

      it("goes on after a marker, and after start-after", async () => {
        const byMarker = await client.list({ prefix: "l/", marker: "l/b/2", "max-keys": 100 }, {});
        const byStart = await client.listV2({ prefix: "l/", "start-after": "l/b/2", "max-keys": "100" }, {});
        expect(byMarker.objects.map(({ name }) => name)).toEqual(keys.slice(3));
        expect(byStart.objects.map(({ name }) => name)).toEqual(keys.slice(3));
      });
    });

    describe("multipart uploads", () => {
      const partSize = 100 * 1024;
      const body = randomBytes(2 * partSize + 123);

      it("joins the parts, whatever order they came in", async () => {
        const { uploadId } = await client.initMultipartUpload("multi", {
          headers: { "x-oss-meta-name": "web" },
        } as never);
        const parts: Part[] = [];
        for (const number of [3, 1, 2]) {
          const end = Math.min(number * partSize, body.length);
          const { etag } = await client.uploadPart("multi", uploadId, number, body, (number - 1) * partSize, end);
          parts.push({ number, etag });
        }
        const query = { "max-parts": 10, "part-number-marker": 0, "encoding-type": "url" as const };
        expect((await client.listParts("multi", uploadId, query)).parts).toHaveLength(3);
        const { etag } = await client.completeMultipartUpload("multi", uploadId, parts);
        const got = await client.get("multi");
        expect(etag).toMatch(/^"[0-9A-F]{32}-3"$/);
        expect(got.content).toEqual(body);
        expect(headersOf(got)).toMatchObject({ "x-oss-object-type": "Multipart", "x-oss-meta-name": "web" });
        await client.put("multi-as-one", body);
        const whole = headersOf(await client.head("multi-as-one"));
        expect(headersOf(got)["x-oss-hash-crc64ecma"]).toBe(whole["x-oss-hash-crc64ecma"]);
      });

      it("refuses parts that it does not have, and parts that are too small", async () => {
        const { uploadId } = await client.initMultipartUpload("small");
        const parts: Part[] = [];
        for (const number of [1, 2]) {
          parts.push({ number, etag: (await client.uploadPart("small", uploadId, number, body, 0, 1)).etag });
        }
        const unknown = client.completeMultipartUpload("small", uploadId, [{ number: 9, etag: '"00"' }]);
        await expect(unknown).rejects.toMatchObject({ status: 400, code: "InvalidPart" });
        const small = client.completeMultipartUpload("small", uploadId, parts);
        await expect(small).rejects.toMatchObject({ status: 400, code: "EntityTooSmall" });
      });

      it("forgets an upload that is aborted", async () => {
        const { uploadId } = await client.initMultipartUpload("aborted");
        const before = await client.listUploads({ prefix: "aborted", "max-uploads": 10 }, {});
        await client.abortMultipartUpload("aborted", uploadId);
        const after = await client.listUploads({ prefix: "aborted", "max-uploads": 10 }, {});
        expect([before.uploads.length, after.uploads.length]).toEqual([1, 0]);
        await expect(
          client.completeMultipartUpload("aborted", uploadId, [{ number: 1, etag: '"00"' }]),
        ).rejects.toMatchObject({ status: 404, code: "NoSuchUpload" });
      });

      it("copies ranges of an object into parts", async () => {
        await client.put("source", body);
        await client.multipartUploadCopy(
          "copied-in-parts",
          { sourceKey: "source", sourceBucketName: target.keys.bucket },
          { partSize },
        );
        expect((await client.get("copied-in-parts")).content).toEqual(body);
      });
    });

    describe("other ways to make an object", () => {
      it("copies, with the source's metadata or new", async () => {
        await client.put("copy/source", Buffer.from("copied"), { headers: { "x-oss-meta-a": "1" } });
        await client.copy("copy/kept", "copy/source");
        await client.copy("copy/replaced", "copy/source", { meta: { b: "2" } } as never);
        expect(String((await client.get("copy/kept")).content)).toBe("copied");
        expect((await client.head("copy/kept")).meta).toEqual({ a: "1" });
        expect((await client.head("copy/replaced")).meta).toEqual({ b: "2" });
        await expect(client.copy("copy/none", "copy/missing")).rejects.toMatchObject({ code: "NoSuchKey" });
      });

      it("appends at the end, and nowhere else", async () => {
        const first = await client.append("log", Buffer.from("one "));
        const next = first.nextAppendPosition;
        await client.append("log", Buffer.from("two"), { position: next });
        const { content, res } = await client.get("log");
        expect(String(content)).toBe("one two");
        expect(res.headers).toMatchObject({ "x-oss-object-type": "Appendable", "x-oss-next-append-position": "7" });
        await client.put("log-as-one", Buffer.from("one two"));
        const whole = headersOf(await client.head("log-as-one"));
        expect(headersOf({ res })["x-oss-hash-crc64ecma"]).toBe(whole["x-oss-hash-crc64ecma"]);
        await expect(client.append("log", Buffer.from("x"), { position: "3" })).rejects.toMatchObject({
          status: 409,
          code: "PositionNotEqualToLength",
        });
        await expect(client.append("log-as-one", Buffer.from("x"), { position: "7" })).rejects.toMatchObject({
          status: 409,
          code: "ObjectNotAppendable",
        });
      });

      it("follows a symlink one step", async () => {
        await client.put("link/日", Buffer.from("target"));
        await client.putSymlink("link/to", "link/日", {} as never);
        await client.putSymlink("link/nowhere", "link/missing", {} as never);
        const { content, res } = await client.get("link/to");
        expect(String(content)).toBe("target");
        expect(res.headers).toMatchObject({ "x-oss-object-type": "Symlink" });
        expect((await client.getSymlink("link/to")).targetName).toBe("link/日");
        await expect(client.get("link/nowhere")).rejects.toMatchObject({ status: 404, code: "SymlinkTargetNotExist" });
      });
    });

    describe("what hangs on an object", () => {
      it("sets, gets and removes tags", async () => {
        await client.put("tagged", Buffer.from("x"));
        await client.putObjectTagging("tagged", { state: "imported", "a b": "1+1=2" });
        expect((await client.getObjectTagging("tagged")).tag).toEqual({ state: "imported", "a b": "1+1=2" });
        await client.deleteObjectTagging("tagged");
        expect((await client.getObjectTagging("tagged")).tag).toEqual({});
      });

      it("answers the ACL and the short metadata", async () => {
        await client.put("plain", Buffer.from("12345"));
        expect((await client.getACL("plain")).acl).toBe("default");
        expect((await client.getObjectMeta("plain")).res.headers).toMatchObject({ "content-length": "5" });
      });

      it("does not read an archived object before it is restored", async () => {
        await client.put("cold", Buffer.from("x"), { headers: { "x-oss-storage-class": "Archive" } });
        await expect(client.get("cold")).rejects.toMatchObject({ status: 403, code: "InvalidObjectState" });
        expect((await client.restore("cold")).res.status).toBe(202);
        expect((await client.head("cold")).res.headers).toMatchObject({ "x-oss-restore": 'ongoing-request="true"' });
        await expect(client.restore("cold")).rejects.toMatchObject({ status: 409, code: "RestoreAlreadyInProgress" });
      });
    });

    describe("the bucket", () => {
      it("tells its region, owner, ACL, versioning and encryption", async () => {
        const { bucket } = target.keys;
        const info = (await client.getBucketInfo(bucket)).bucket;
        expect(info).toMatchObject({
          Name: bucket,
          Location: target.keys.region,
          AccessControlList: { Grant: "private" },
        });
        expect((await client.getBucketLocation(bucket)).location).toBe(target.keys.region);
        expect((await client.getBucketVersioning(bucket)).versionStatus).toBeUndefined();
        expect((await client.getBucketACL(bucket)).acl).toBe("private");
        await expect(client.getBucketEncryption(bucket)).rejects.toMatchObject({
          code: "NoSuchServerSideEncryptionRule",
        });
      });

      it("says that another bucket is not there", async () => {
        const other = createClient({
          ...target[credentials],
          authorizationV4,
          bucket: `none-${randomBytes(8).toString("hex")}`,
        });
        await expect(other.get("x")).rejects.toMatchObject({ status: 404, code: "NoSuchBucket" });
      });

      it("refuses by name what it does not have", async () => {
        await expect(client.getBucketLifecycle(target.keys.bucket)).rejects.toMatchObject({
          code: expect.stringMatching(/^(?:NotImplemented|NoSuchLifecycle)$/),
        });
      });
    });

    describe("signatures", () => {
      it("refuses an unknown key and a wrong secret", async () => {
        const unknown = createClient({ ...target.keys, authorizationV4, accessKeyId: "LTAInobody" });
        const forged = createClient({ ...target[credentials], authorizationV4, accessKeySecret: "guessed" });
        await expect(unknown.get("x")).rejects.toMatchObject({ status: 403, code: "InvalidAccessKeyId" });
        await expect(forged.get("x")).rejects.toMatchObject({ status: 403, code: "SignatureDoesNotMatch" });
      });
    });
  });
};
