import fc from "fast-check";
import { detectOperation } from "../../../../local/oss/operation.ts";

const detect = (method: string, path: string, hasCopySource = false) => {
  const [place = "", query = ""] = path.split("?");
  const [, bucket = "", ...key] = place.split("/");
  return detectOperation({
    method,
    bucket,
    key: key.join("/"),
    query: new Map(new URLSearchParams(query)),
    hasCopySource,
  });
};

describe("the operation of a request", () => {
  it.each([
    ["GET", "/", "GetService"],
    ["PUT", "/b", "PutBucket"],
    ["GET", "/b", "ListObjects"],
    ["GET", "/b?prefix=a&delimiter=/&marker=x&max-keys=5", "ListObjects"],
    ["GET", "/b?list-type=2&continuation-token=x", "ListObjectsV2"],
    ["GET", "/b?bucketInfo", "GetBucketInfo"],
    ["GET", "/b?versions&key-marker=x", "ListObjectVersions"],
    ["GET", "/b?uploads", "ListMultipartUploads"],
    ["POST", "/b?delete", "DeleteMultipleObjects"],
    ["POST", "/b", "PostObject"],
    ["GET", "/b/k", "GetObject"],
    ["GET", "/b/k?versionId=1&response-content-type=text/plain", "GetObject"],
    ["GET", "/b/k?anything=goes", "GetObject"],
    ["HEAD", "/b/k?objectMeta", "GetObjectMeta"],
    ["PUT", "/b/k", "PutObject"],
    ["PUT", "/b/k?acl", "PutObjectAcl"],
    ["PUT", "/b/k?partNumber=1&uploadId=x", "UploadPart"],
    ["POST", "/b/k?uploads", "InitiateMultipartUpload"],
    ["POST", "/b/k?uploadId=x", "CompleteMultipartUpload"],
    ["POST", "/b/k?append&position=0", "AppendObject"],
    ["DELETE", "/b/k?uploadId=x", "AbortMultipartUpload"],
    ["DELETE", "/b/k?tagging", "DeleteObjectTagging"],
    ["GET", "/b/k?OSSAccessKeyId=a&Expires=1&Signature=s", "GetObject"],
  ])("%s %s is %s", (method, path, operation) => {
    expect(detect(method, path)).toBe(operation);
  });

  it("is a copy when a source is named", () => {
    expect(detect("PUT", "/b/k", true)).toBe("CopyObject");
    expect(detect("PUT", "/b/k?partNumber=1&uploadId=x", true)).toBe("UploadPartCopy");
  });

  it.each([
    ["GET", "/b?lifecycle"],
    ["GET", "/b/k?x-oss-process=image"],
    ["PUT", "/b?cors"],
    ["GET", "/b/k?uploads"],
  ])("%s %s is refused by name", (method, path) => {
    expect(detect(method, path)).toMatchObject({ refused: "NotImplemented" });
  });

  it.each([
    ["PATCH", "/b/k"],
    ["POST", "/b/k"],
    ["HEAD", "/b"],
    ["DELETE", "/"],
  ])("%s %s is no operation at all", (method, path) => {
    expect(detect(method, path)).toMatchObject({ refused: "MethodNotAllowed" });
  });

  it("is never a plain write when the query has a name that nobody knows", () => {
    fc.assert(
      fc.property(fc.constantFrom("PUT", "POST", "DELETE"), fc.stringMatching(/^zz[a-zA-Z]{1,20}$/), (method, name) => {
        expect(detect(method, `/b/k?${name}`)).toMatchObject({ refused: "NotImplemented" });
        expect(detect(method, `/b?${name}`)).toMatchObject({ refused: "NotImplemented" });
      }),
    );
  });
});
