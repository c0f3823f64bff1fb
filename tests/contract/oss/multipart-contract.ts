import { randomBytes } from "node:crypto";
import { type Given, headersOf, type Part } from "./contract-client.ts";

/** Multipart uploads. */
export const multipartContract = (given: Given): void => {
  describe("multipart uploads", () => {
    const partSize = 100 * 1024;
    const body = randomBytes(2 * partSize + 123);

    it("joins the parts, whatever order they came in", async () => {
      const { uploadId } = await given.client.initMultipartUpload("multi", {
        headers: { "x-oss-meta-name": "web" },
      } as never);
      const parts: Part[] = [];
      for (const number of [3, 1, 2]) {
        const end = Math.min(number * partSize, body.length);
        const { etag } = await given.client.uploadPart("multi", uploadId, number, body, (number - 1) * partSize, end);
        parts.push({ number, etag });
      }
      const query = { "max-parts": 10, "part-number-marker": 0, "encoding-type": "url" as const };
      expect((await given.client.listParts("multi", uploadId, query)).parts).toHaveLength(3);
      const { etag } = await given.client.completeMultipartUpload("multi", uploadId, parts);
      const got = await given.client.get("multi");
      expect(etag).toMatch(/^"[0-9A-F]{32}-3"$/);
      expect(body.equals(got.content)).toBe(true);
      expect(headersOf(got)).toMatchObject({ "x-oss-object-type": "Multipart", "x-oss-meta-name": "web" });
      await given.client.put("multi-as-one", body);
      const whole = headersOf(await given.client.head("multi-as-one"));
      expect(headersOf(got)["x-oss-hash-crc64ecma"]).toBe(whole["x-oss-hash-crc64ecma"]);
    });

    it("refuses parts that it does not have, and parts that are too small", async () => {
      const { uploadId } = await given.client.initMultipartUpload("small");
      const parts: Part[] = [];
      for (const number of [1, 2]) {
        parts.push({ number, etag: (await given.client.uploadPart("small", uploadId, number, body, 0, 1)).etag });
      }
      const unknown = given.client.completeMultipartUpload("small", uploadId, [{ number: 9, etag: '"00"' }]);
      await expect(unknown).rejects.toMatchObject({ status: 400, code: "InvalidPart" });
      const small = given.client.completeMultipartUpload("small", uploadId, parts);
      await expect(small).rejects.toMatchObject({ status: 400, code: "EntityTooSmall" });
    });

    it("forgets an upload that is aborted", async () => {
      const { uploadId } = await given.client.initMultipartUpload("aborted");
      const before = await given.client.listUploads({ prefix: "aborted", "max-uploads": 10 }, {});
      await given.client.abortMultipartUpload("aborted", uploadId);
      const after = await given.client.listUploads({ prefix: "aborted", "max-uploads": 10 }, {});
      expect([before.uploads.length, after.uploads.length]).toEqual([1, 0]);
      await expect(
        given.client.completeMultipartUpload("aborted", uploadId, [{ number: 1, etag: '"00"' }]),
      ).rejects.toMatchObject({ status: 404, code: "NoSuchUpload" });
    });

    it("copies ranges of an object into parts", async () => {
      await given.client.put("source", body);
      await given.client.multipartUploadCopy(
        "copied-in-parts",
        { sourceKey: "source", sourceBucketName: given.keys.bucket },
        { partSize },
      );
      expect(body.equals((await given.client.get("copied-in-parts")).content)).toBe(true);
    });
  });
};
