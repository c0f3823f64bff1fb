import { type OssTrigger, ossTriggerPayload, triggerMatches } from "../../../../local/fc/oss-trigger.ts";

const arn = "acs:oss:cn-hangzhou:1:images";
const trigger = (change: Partial<OssTrigger> = {}): OssTrigger => ({
  name: "uploads",
  sourceArn: arn,
  events: ["oss:ObjectCreated:PutObject", "oss:ObjectCreated:CompleteMultipartUpload"],
  prefix: "",
  suffix: "",
  ...change,
});
const record = (key: string, eventName = "ObjectCreated:PutObject", bucketArn = arn) => ({
  eventName,
  oss: { bucket: { arn: bucketArn }, object: { key } },
});

describe("the filter of an OSS trigger", () => {
  it.each([
    ["an event of its list", trigger(), record("a"), true],
    ["another event", trigger(), record("a", "ObjectCreated:UploadPart"), false],
    [
      "any event of a kind",
      trigger({ events: ["oss:ObjectCreated:*"] }),
      record("a", "ObjectCreated:UploadPart"),
      true,
    ],
    ["another kind", trigger({ events: ["oss:ObjectCreated:*"] }), record("a", "ObjectRemoved:DeleteObject"), false],
    ["another bucket", trigger(), record("a", undefined, "acs:oss:cn-hangzhou:1:others"), false],
    ["a key under the prefix", trigger({ prefix: "in/" }), record("in/a"), true],
    ["a key beside the prefix", trigger({ prefix: "in/" }), record("out/in/a"), false],
    ["a key with the suffix", trigger({ suffix: ".raw" }), record("a.raw"), true],
    ["a suffix in another case", trigger({ suffix: ".raw" }), record("a.RAW"), false],
    ["wildcards, which are literal", trigger({ prefix: "*" }), record("a"), false],
  ])("judges %s", (_, by, given, expected) => {
    expect(triggerMatches(by, given)).toBe(expected);
  });
});

describe("the payload of an OSS trigger", () => {
  it("is the record as it came, in a list", () => {
    const sent = { ...record("é +%"), region: "cn-hangzhou" };
    expect(JSON.parse(ossTriggerPayload(sent).toString())).toEqual({ events: [sent] });
  });
});
