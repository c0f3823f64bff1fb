import OSS from "ali-oss";

/** A bucket to run the contract on: that of the embedded OSS, or one of the real service. */
export interface OssTarget {
  /** A new unversioned, empty bucket in this region, and credentials that may do everything in it. */
  readonly options: OSS.Options & { readonly bucket: string };
  /** Empties and removes the bucket. */
  dispose(): Promise<void>;
}

/** How a request may be signed; each runs the whole contract. */
export const signings = ["V1", "V4"] as const;
export type Signing = (typeof signings)[number];

/**
 * What clients of OSS rely on, said with the unmodified `ali-oss`. It runs against the embedded OSS on every test run,
 * and can run against the real one with credentials. ali-oss retries nothing unless told to, so that a defect is not hidden by one.
 */
export const ossContract = (makeTarget: (signing: Signing) => Promise<OssTarget>): void => {
  describe.each(signings)("signed with %s", (signing) => {
    let target: OssTarget;
    let client: OSS;

    beforeAll(async () => {
      target = await makeTarget(signing);
      client = new OSS({ ...target.options, authorizationV4: signing === "V4" });
    });
    afterAll(() => target.dispose());

    it("gives back the bytes, type, metadata and hashes of an upload", async () => {
      const body = Buffer.from("123456789");
      const put = await client.put("in/日 本 (v1)+a&b=c.qcow2", body, { meta: { Name: "web" } as never });
      const got = await client.get("in/日 本 (v1)+a&b=c.qcow2");
      expect(put.res.status).toBe(200);
      expect(got.content).toEqual(body);
      expect(got.res.headers).toMatchObject({
        etag: '"25F9E794323B453885F5181F1B624D0B"',
        "x-oss-hash-crc64ecma": String(0x995dc9bbdf1939fan),
        "x-oss-object-type": "Normal",
        "x-oss-meta-name": "web",
      });
    });

    it("lists what is there and forgets what is deleted", async () => {
      await client.put("list/a", Buffer.from("a"));
      await client.put("list/b/c", Buffer.from("c"));
      const listed = await client.listV2({ prefix: "list/", delimiter: "/", "max-keys": "10" }, {});
      expect(listed.objects.map(({ name }) => name)).toEqual(["list/a"]);
      await client.delete("list/a");
      await expect(client.head("list/a")).rejects.toMatchObject({ status: 404, code: "NoSuchKey" });
    });
  });
};
