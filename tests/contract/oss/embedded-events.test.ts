import { owner } from "./embedded-target.ts";
import { ossOfEachTest } from "./oss-of-each-test.ts";

/** What the embedded OSS tells a trigger. */
const { oss, startAt } = ossOfEachTest();

describe("events", () => {
  it("tells of each change in the shape of the native trigger", async () => {
    await startAt(new Date(), { eventShape: { objectMeta: true } });
    const client = oss.client();
    const { res } = await client.put("in/日 本+.qcow2", Buffer.from("123456789"), {
      headers: { "x-oss-meta-name": "web" },
    });
    const headers = res.headers as Record<string, string>;
    expect(oss.events).toEqual([
      {
        eventName: "ObjectCreated:PutObject",
        eventSource: "acs:oss",
        eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        eventVersion: "1.0",
        oss: {
          bucket: {
            arn: `acs:oss:cn-hangzhou:${owner.accountId}:images-prod`,
            name: "images-prod",
            ownerIdentity: owner.accountId,
          },
          object: {
            deltaSize: 9,
            eTag: "25F9E794323B453885F5181F1B624D0B",
            key: "in/日 本+.qcow2",
            objectMeta: { mimeType: "application/octet-stream", userMeta: { "x-oss-meta-name": "web" } },
            size: 9,
          },
          ossSchemaVersion: "1.0",
          ruleId: expect.any(String),
        },
        region: "cn-hangzhou",
        requestParameters: { sourceIPAddress: "127.0.0.1" },
        responseElements: { requestId: headers["x-oss-request-id"] },
        userIdentity: { principalId: owner.accountId },
      },
    ]);
  });

  it("names what happened, and by how much the bucket grew", async () => {
    await startAt(new Date());
    const client = oss.client();
    await client.put("a", Buffer.from("12345"));
    await client.put("a", Buffer.from("12"));
    await client.copy("b", "a");
    await client.append("log", Buffer.from("x"));
    await client.multipartUpload("m", Buffer.alloc(150 * 1024), { partSize: 100 * 1024, parallel: 1 });
    await client.delete("a");
    await client.delete("never-there");
    expect(oss.events.map(({ eventName, oss: { object } }) => [eventName, object.key, object.deltaSize])).toEqual([
      ["ObjectCreated:PutObject", "a", 5],
      ["ObjectCreated:PutObject", "a", -3],
      ["ObjectCreated:CopyObject", "b", 2],
      ["ObjectCreated:AppendObject", "log", 1],
      ["ObjectCreated:InitiateMultipartUpload", "m", 0],
      ["ObjectCreated:UploadPart", "m", 102_400],
      ["ObjectCreated:UploadPart", "m", 51_200],
      ["ObjectCreated:CompleteMultipartUpload", "m", 153_600],
      ["ObjectRemoved:DeleteObject", "a", -2],
    ]);
  });

  it("codes keys when it is told to", async () => {
    await startAt(new Date(), { eventShape: { encodeKeys: true } });
    await oss.client().put("in/a b+.raw", Buffer.from("x"));
    expect(oss.events[0]?.oss.object.key).toBe("in/a%20b%2B.raw");
  });
});
