import fc from "fast-check";
import { resolveTarget } from "../../../../local/oss/request-target.ts";

describe("where a request points", () => {
  it.each([
    ["images.oss-cn-hangzhou.aliyuncs.com", "/a/b", "images", "a/b", "cn-hangzhou"],
    ["images.oss-cn-hangzhou-internal.aliyuncs.com", "/a", "images", "a", "cn-hangzhou"],
    ["images.oss-us-west-1.aliyuncs.com:80", "/", "images", "", "us-west-1"],
    ["IMAGES.localhost:9000", "/a", "images", "a", undefined],
    ["images.127.0.0.1:9000", "/a", "images", "a", undefined],
    ["127.0.0.1:9000", "/images/a/b", "images", "a/b", undefined],
    ["[::1]:9000", "/images/a", "images", "a", undefined],
    ["localhost", "/images", "images", "", undefined],
    ["localhost", "/images/", "images", "", undefined],
    ["localhost", "/", "", "", undefined],
    [undefined, "/images/a", "images", "a", undefined],
    ["oss-cn-hangzhou.aliyuncs.com", "/", "", "", "cn-hangzhou"],
    [".oss-cn-hangzhou.aliyuncs.com", "/", "", "", "cn-hangzhou"],
    ["localhost", "/b/a+b%2Bc%20d%E6%97%A5", "b", "a b+c d日", undefined],
    ["localhost", "/b//a", "b", "/a", undefined],
  ])("Host %s and path %s", (host, url, bucket, key, hostRegion) => {
    expect(resolveTarget(host, url)).toMatchObject({ bucket, key, hostRegion });
  });

  it("reads a query with and without values, and takes the first of two", () => {
    const target = resolveTarget("localhost", "/b?acl&x=&y=1+2%2B&y=3&&prefix=a%26b=c");
    expect(target).toMatchObject({
      query: new Map([
        ["acl", ""],
        ["x", ""],
        ["y", "1 2+"],
        ["prefix", "a&b=c"],
      ]),
    });
  });

  it("answers anything with a target or a refusal", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (host, url) => {
        const target = resolveTarget(host, url);
        expect("refused" in target || typeof target.bucket === "string").toBe(true);
      }),
    );
  });
});
