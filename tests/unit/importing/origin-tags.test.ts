import fc from "fast-check";
import { attemptTag, originTags } from "../../../shared/importing/origin-tags.ts";

const tagsOf = (key: string, etag = "0F34") =>
  new Map(originTags({ jobId: "a".repeat(32), bucket: "images", key, etag }).map(({ Key, Value }) => [Key, Value]));

describe("the tags of an image's origin", () => {
  it("name the job, the source and its version", () => {
    expect(Object.fromEntries(tagsOf("in/web.qcow2"))).toEqual({
      "oss-image-import:job": "a".repeat(32),
      "oss-image-import:source": "oss:images/in/web.qcow2",
      "oss-image-import:etag": "0F34",
    });
  });

  it.each([
    ["http://x.raw", "oss:images/http:x.raw"],
    ["a/HTTPS://x.raw", "oss:images/a/HTTPS:x.raw"],
    ["http:////x.raw", "oss:images/http:x.raw"],
    ["hthttp://tp://x.raw", "oss:images/hthttp:tp://x.raw"],
  ])("keep %s out of the form of an address", (key, expected) => {
    expect(tagsOf(key).get("oss-image-import:source")).toBe(expected);
  });

  it("are cut to 128 characters", () => {
    expect(tagsOf("x".repeat(1023)).get("oss-image-import:source")).toHaveLength(128);
  });

  it("follow ECS's rules for tags, whatever the key", () => {
    const key = fc.string({
      unit: fc.constantFrom("http", "HTTPS", ":", "//", "/", "acs", "é", "镜", "𝄞", " ", "a", "x".repeat(30)),
      maxLength: 40,
    });
    fc.assert(
      fc.property(key, fc.string({ maxLength: 200 }), (anyKey, etag) => {
        for (const [name, value] of tagsOf(anyKey, etag)) {
          expect(name).toMatch(/^(?!aliyun|acs:)[a-z:-]{1,128}$/);
          expect(name).not.toBe(attemptTag);
          expect(value.length).toBeLessThanOrEqual(128);
          if (name.endsWith("source")) {
            expect(value).not.toMatch(/^acs:|https?:\/\//i);
            expect(Buffer.from(value).toString()).toBe(value);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
