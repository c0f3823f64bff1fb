import { type Conditions, evaluateConditions } from "../../../../local/oss/conditional-headers.ts";

const object = { etag: "ABCD", lastModified: new Date("2026-11-23T10:00:00.700Z") };
const before = "Mon, 23 Nov 2026 09:59:59 GMT";
const same = "Mon, 23 Nov 2026 10:00:00 GMT";
const after = "Mon, 23 Nov 2026 10:00:01 GMT";

describe("conditions on an object", () => {
  it.each<[string, Partial<Conditions>, string]>([
    ["nothing is asked", {}, "met"],
    ["the tag is the same", { ifMatch: '"ABCD"' }, "met"],
    ["the tag is the same in lower case and unquoted", { ifMatch: "abcd" }, "met"],
    ["one of several tags is the same", { ifMatch: '"1", "ABCD"' }, "met"],
    ["any tag will do", { ifMatch: "*" }, "met"],
    ["the tag is another", { ifMatch: '"1"' }, "failed"],
    ["the tag is not to be this one", { ifNoneMatch: '"ABCD"' }, "not-modified"],
    ["the tag is not to be another", { ifNoneMatch: '"1"' }, "met"],
    ["it is to be newer than it is", { ifModifiedSince: same }, "not-modified"],
    ["it is newer", { ifModifiedSince: before }, "met"],
    ["it is to be no newer", { ifUnmodifiedSince: before }, "failed"],
    ["it is no newer, within the second", { ifUnmodifiedSince: same }, "met"],
    ["a date cannot be read", { ifModifiedSince: "yesterday", ifUnmodifiedSince: "tomorrow" }, "met"],
    ["the tag outranks the date", { ifMatch: '"ABCD"', ifUnmodifiedSince: before }, "met"],
    ["the other tag outranks the other date", { ifNoneMatch: '"1"', ifModifiedSince: after }, "met"],
  ])("%s", (_, conditions, kind) => {
    const none = {
      ifMatch: undefined,
      ifNoneMatch: undefined,
      ifModifiedSince: undefined,
      ifUnmodifiedSince: undefined,
    };
    expect(evaluateConditions({ ...none, ...conditions }, object).kind).toBe(kind);
  });
});
