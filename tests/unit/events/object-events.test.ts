import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { decodedKey, parseObjectEvents } from "../../../functions/import-image/object-events.ts";

const folder = join(__dirname, "../../fixtures/events");

interface Fixture {
  readonly about: string;
  readonly event: unknown;
  readonly expected: readonly unknown[];
}

const fixtures = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name): [string, Fixture] => [
    name.replace(".json", ""),
    JSON.parse(readFileSync(join(folder, name), "utf8")) as Fixture,
  ]);

const parse = (value: unknown) => parseObjectEvents(Buffer.from(JSON.stringify(value)));

const [, { event: sample }] = fixtures.find(([name]) => name === "native-object-meta") ?? ["", { event: {} }];

/** The sample with one place changed: `change` gets its record. */
const changed = (change: (record: Record<string, unknown>) => void): unknown => {
  const copy = structuredClone(sample) as { events: Record<string, unknown>[] };
  for (const record of copy.events) change(record);
  return copy;
};

const at = (record: Record<string, unknown>, ...path: string[]): Record<string, unknown> =>
  path.reduce((part, name) => part[name] as Record<string, unknown>, record);

describe("an event of an upload", () => {
  it.each(fixtures)("as in %s is read", (_, { event, expected }) => {
    expect(parse(event)).toEqual({ events: expected, malformed: [] });
  });

  it.each<[string, (record: Record<string, unknown>) => void, string]>([
    ["without oss", (record) => delete record["oss"], "has no `oss`"],
    ["without a bucket", (record) => delete at(record, "oss")["bucket"], "`oss.bucket` or `oss.object`"],
    ["without an object", (record) => delete at(record, "oss")["object"], "`oss.bucket` or `oss.object`"],
    ["whose bucket is a list", (record) => Object.assign(at(record, "oss"), { bucket: [] }), "`oss.bucket`"],
    ["without a bucket name", (record) => delete at(record, "oss", "bucket")["name"], "`oss.bucket.name`"],
    [
      "with an endless bucket name",
      (record) => Object.assign(at(record, "oss", "bucket"), { name: "b".repeat(64) }),
      "`oss.bucket.name`",
    ],
    ["without a key", (record) => delete at(record, "oss", "object")["key"], "1 to 1023 bytes"],
    ["with an empty key", (record) => Object.assign(at(record, "oss", "object"), { key: "" }), "1 to 1023 bytes"],
    ["whose key is a number", (record) => Object.assign(at(record, "oss", "object"), { key: 7 }), "1 to 1023 bytes"],
    [
      "whose key has 1024 bytes",
      (record) => Object.assign(at(record, "oss", "object"), { key: `${"镜".repeat(341)}x` }),
      "1 to 1023 bytes",
    ],
    ["without a name", (record) => delete record["eventName"], "has no `eventName`"],
    ["without a region", (record) => delete record["region"], "has no `region`"],
    ["whose region is an object", (record) => Object.assign(record, { region: {} }), "has no `region`"],
  ])("%s is malformed, and says where", (_, change, sentence) => {
    const { events, malformed } = parse(changed(change));
    expect(events).toEqual([]);
    expect(malformed).toEqual([expect.stringContaining(sentence)]);
    expect(malformed[0]).toMatch(/^record 0 has no /);
  });

  it.each([
    ["not JSON", Buffer.from("in/web.qcow2"), "is not JSON"],
    ["empty", Buffer.alloc(0), "is not JSON"],
    ["a number", Buffer.from("3"), "neither `events` nor the `data`"],
    ["null", Buffer.from("null"), "neither `events` nor the `data`"],
    ["the event of a timer", Buffer.from('{"triggerTime":"2026-11-23T10:00:00Z","payload":"x"}'), "neither"],
    ["larger than 1 MiB", Buffer.alloc(1024 * 1024 + 1, 32), "more than 1048576"],
    [
      "of more than a thousand records",
      Buffer.from(JSON.stringify({ events: Array(1001).fill({}) })),
      "more than 1000",
    ],
    ["a CloudEvent whose data is text, but not JSON", Buffer.from('{"data":"<xml/>"}'), "is not an object"],
  ])("that is %s is one sentence", (_, payload, sentence) => {
    expect(parseObjectEvents(payload)).toEqual({ events: [], malformed: [expect.stringContaining(sentence)] });
  });

  it("keeps the key of 1023 bytes, and what no key can do harm with", () => {
    for (const key of ["镜".repeat(341), "__proto__", "a\nb", "../../x.raw", "in/%2e%2e/x.raw", " "]) {
      const { events } = parse(changed((record) => Object.assign(at(record, "oss", "object"), { key })));
      expect(events).toMatchObject([{ key }]);
    }
  });

  it.each<[unknown, unknown]>([
    ["acs:oss:cn-hangzhou:123456789:images-prod", { region: "cn-hangzhou", accountId: "123456789" }],
    ["acs:oss:oss-cn-hangzhou:123456789:images-prod", { region: "cn-hangzhou", accountId: "123456789" }],
    ["acs:oss::123456789:images-prod", { region: "", accountId: "123456789" }],
    ["acs:oss:cn-hangzhou::images-prod", { region: "cn-hangzhou", accountId: "" }],
    ["acs:oss:cn-hangzhou:999:another-bucket", { region: "cn-hangzhou", accountId: "999" }],
    ["acs:oss:cn-hangzhou:123456789", undefined],
    ["acs:oss:cn-hangzhou:123456789:images-prod:more", undefined],
    ["acs:ecs:cn-hangzhou:123456789:images-prod", undefined],
    ["arn:oss:cn-hangzhou:123456789:images-prod", undefined],
    ["images-prod", undefined],
    [`acs:oss:${"x".repeat(200)}:1:images-prod`, undefined],
    ["", undefined],
    [7, undefined],
    [undefined, undefined],
  ])("is read with a bucket's ARN of %j as from %j", (arn, expected) => {
    const { events, malformed } = parse(changed((record) => Object.assign(at(record, "oss", "bucket"), { arn })));
    expect(malformed).toEqual([]);
    expect(events.map((event) => event.arn)).toEqual([expected]);
  });

  it("is read although its neighbours are malformed, which are numbered", () => {
    const { events: good } = sample as { events: unknown[] };
    const { events, malformed } = parse({ events: [null, ...good, { oss: 1 }] });
    expect(events).toHaveLength(1);
    expect(malformed).toEqual(["record 0 is not an object", "record 2 has no `oss`"]);
  });

  it("never throws and never vanishes, whatever the bytes", () => {
    const anyJson = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)));
    const anyBytes = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(anyBytes, anyJson), (payload) => {
        const { events, malformed } = parseObjectEvents(payload);
        const records = recordCount(payload);
        expect(events.length + malformed.length).toBe(records);
        expect(malformed.every((sentence) => sentence.length > 0)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it("never throws, and gives well-formed records only, when any part of a good one is replaced by anything", () => {
    const paths = [
      ["eventName"],
      ["region"],
      ["oss"],
      ["oss", "bucket"],
      ["oss", "object"],
      ["oss", "bucket", "name"],
      ["oss", "bucket", "ownerIdentity"],
      ["oss", "bucket", "arn"],
      ["oss", "object", "key"],
      ["oss", "object", "eTag"],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const { events, malformed } = parse(
          changed((record) => Object.assign(at(record, ...path.slice(0, -1)), { [path.at(-1) ?? ""]: value })),
        );
        expect(events.length + malformed.length).toBe(1);
        for (const event of events) {
          for (const part of [event.region, event.bucket, event.key, event.etag, event.name])
            expect(typeof part).toBe("string");
          expect(event.bucket.length * event.key.length * event.name.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

/** How many things an event holds that each deserve a record or a sentence; what is not an event at all deserves one. */
function recordCount(payload: Buffer): number {
  let json: unknown;
  try {
    json = JSON.parse(payload.toString("utf8"));
  } catch {
    return 1;
  }
  const inside = (value: unknown): number | undefined => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const { events } = value as { events?: unknown };
    if (Array.isArray(events)) return events.length;
    return "data" in value ? 1 : undefined;
  };
  if (Array.isArray(json)) return json.reduce<number>((count, item) => count + (inside(item) ?? 1), 0);
  return inside(json) ?? 1;
}

describe("a key of 1023 bytes", () => {
  const eventsWith = (key: string) =>
    parseObjectEvents(
      Buffer.from(
        JSON.stringify({
          events: [
            {
              eventName: "ObjectCreated:PutObject",
              region: "cn-hangzhou",
              oss: { bucket: { name: "images" }, object: { key } },
            },
          ],
        }),
      ),
    );
  const longest = `${"语".repeat(339)}ab.raw`;

  it("is taken, and when it is encoded it is taken decoded, since no object can be called as it stands", () => {
    expect(eventsWith(longest).events[0]?.key).toBe(longest);
    expect(eventsWith(encodeURIComponent(longest)).events[0]?.key).toBe(longest);
  });

  it.each([
    ["one byte more", `a${longest}`],
    ["one byte more, encoded", encodeURIComponent(`a${longest}`)],
    ["many percent signs that encode nothing", "%".repeat(1024)],
  ])("is the longest there is: %s", (_, key) => {
    expect(eventsWith(key)).toMatchObject({ events: [], malformed: [expect.stringContaining("1 to 1023 bytes")] });
  });
});

describe("the other reading of a key", () => {
  it.each([
    ["plain.raw", undefined],
    ["with space.raw", undefined],
    ["a+b.raw", undefined],
    ["a%20b.raw", "a b.raw"],
    ["a%2Bb.raw", "a+b.raw"],
    ["a+b%2Bc.raw", "a+b+c.raw"],
    ["%E9%95%9C%E5%83%8F.raw", "镜像.raw"],
    ["镜像%20.raw", "镜像 .raw"],
    ["a%252Bb.raw", "a%2Bb.raw"],
    ["in%2Fweb.raw", "in/web.raw"],
    ["in%2F..%2Fup.raw", undefined],
    ["100%.raw", undefined],
    ["a%zz.raw", undefined],
    ["%C0%AF.raw", undefined],
    ["%E9%95.raw", undefined],
    ["", undefined],
  ])("%j is %j", (key, expected) => {
    expect(decodedKey(key)).toBe(expected);
  });

  it("finds any key again that was URL-encoded, and never throws", () => {
    // Without dots: keys with dot parts have no other reading.
    const anyKey = fc.string({ unit: fc.constantFrom(..." +%25BEaz/_é镜𝄞\n\u0000") });
    fc.assert(
      fc.property(anyKey, (key) => {
        const encoded = encodeURIComponent(key);
        expect(decodedKey(encoded)).toBe(encoded === key ? undefined : key);
        expect(decodedKey(key)).not.toBe(key);
      }),
    );
  });
});
