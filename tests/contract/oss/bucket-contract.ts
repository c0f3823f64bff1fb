import { randomBytes } from "node:crypto";
import { createClient, type Given } from "./contract-client.ts";

/** The bucket itself, and who may speak to it. */
export const bucketContract = (given: Given): void => {
  describe("the bucket", () => {
    it("tells its region, owner, ACL, versioning and encryption", async () => {
      const { bucket } = given.keys;
      const info = (await given.client.getBucketInfo(bucket)).bucket;
      expect(info).toMatchObject({
        Name: bucket,
        Location: given.keys.region,
        AccessControlList: { Grant: "private" },
      });
      expect((await given.client.getBucketLocation(bucket)).location).toBe(given.keys.region);
      expect((await given.client.getBucketVersioning(bucket)).versionStatus).toBeUndefined();
      expect((await given.client.getBucketACL(bucket)).acl).toBe("private");
      await expect(given.client.getBucketEncryption(bucket)).rejects.toMatchObject({
        code: "NoSuchServerSideEncryptionRule",
      });
    });

    it("says that another bucket is not there", async () => {
      const other = createClient({
        ...given.options,

        bucket: `none-${randomBytes(8).toString("hex")}`,
      });
      await expect(other.get("x")).rejects.toMatchObject({ status: 404, code: "NoSuchBucket" });
    });

    it("refuses by name what it does not have", async () => {
      await expect(given.client.getBucketLifecycle(given.keys.bucket)).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:NotImplemented|NoSuchLifecycle)$/),
      });
    });
  });

  describe("signatures", () => {
    it("refuses an unknown key and a wrong secret", async () => {
      const unknown = createClient({ ...given.keys, accessKeyId: "LTAInobody" });
      const forged = createClient({ ...given.options, accessKeySecret: "guessed" });
      await expect(unknown.get("x")).rejects.toMatchObject({ status: 403, code: "InvalidAccessKeyId" });
      await expect(forged.get("x")).rejects.toMatchObject({ status: 403, code: "SignatureDoesNotMatch" });
    });
  });
};
