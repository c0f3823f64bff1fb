import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FcHostOptions } from "../../../local/fc/fc-host.ts";
import type { OssEventRecord } from "../../../local/fc/oss-trigger.ts";
import { startTestHost, type TestFunction, type TestHost } from "./fc-test-host.ts";
import { manualClock } from "./manual-clock.ts";

/** A record as the vendor's samples show it. */
const record = (key: string, eventName = "ObjectCreated:PutObject") => ({
  eventName,
  eventSource: "acs:oss",
  eventTime: "2026-11-23T10:00:00.000Z",
  eventVersion: "1.0",
  oss: {
    bucket: { arn: "acs:oss:cn-hangzhou:123456789:images", name: "images", ownerIdentity: "123456789" },
    object: { deltaSize: 5, eTag: "688A7BF4F233DC9C88A80BF985AB7329", key, size: 5 },
    ossSchemaVersion: "1.0",
    ruleId: "r",
  },
  region: "cn-hangzhou",
});

const ossTrigger = {
  triggerName: "uploads",
  triggerType: "oss",
  sourceArn: "acs:oss:cn-hangzhou:123456789:images",
  triggerConfig: { events: ["oss:ObjectCreated:PutObject"], filter: { key: { prefix: "", suffix: "" } } },
};
const prints =
  "exports.handler = async (event, { retryCount }) => { process.stdout.write('event ' + retryCount + ' ' + event + '\\n'); };";
const printer: TestFunction = { code: prints, props: { triggers: [ossTrigger] } };

const printed = ({ lines }: TestHost): { readonly retry: number; readonly event: unknown }[] =>
  lines.flatMap(({ text }) => {
    const [, retry, json] = /^event (\d+) (.*)$/.exec(text) ?? [];
    return json === undefined ? [] : [{ retry: Number(retry), event: JSON.parse(json) }];
  });

let test: TestHost | undefined;
const start = async (functions: Record<string, TestFunction>, options: Partial<FcHostOptions> = {}) => {
  test = await startTestHost(functions, options);
  return test;
};
afterEach(() => test?.close());

describe("an OSS trigger", () => {
  it("hands the record to the function, in a list of its own", async () => {
    const { host, ...rest } = await start({ printer });
    const sent = record("in/a b+ü.qcow2");
    expect(host.deliverOssEvent(sent)).toBe(1);
    await host.idle();
    expect(printed({ host, ...rest })).toEqual([{ retry: 0, event: { events: [sent] } }]);
  });

  it("does not call the function for what its filter leaves out", async () => {
    const running = await start({ printer });
    expect(running.host.deliverOssEvent(record("a", "ObjectCreated:UploadPart"))).toBe(0);
    await running.host.idle();
    expect(running.lines).toEqual([]);
  });

  it.each<[string, (key: string) => readonly number[], readonly string[]]>([
    ["twice", () => [0, 0], ["a", "a", "b", "b"]],
    ["not at all", () => [], []],
    ["out of order", (key) => [key === "a" ? 300 : 0], ["b", "a"]],
  ])("can deliver %s", async (_, delays, expected) => {
    const running = await start(
      { printer },
      { deliveryDelays: ({ oss }) => delays(oss.object.key), maximumInstances: { printer: 1 } },
    );
    for (const key of ["a", "b"]) running.host.deliverOssEvent(record(key));
    await running.host.idle();
    const keys = printed(running).map(({ event }) => (event as { events: OssEventRecord[] }).events[0]?.oss.object.key);
    expect(keys).toEqual(expected);
  });
});

describe("an asynchronous invocation that fails", () => {
  const failing = (props: object = {}): TestFunction => ({
    code: `${prints} const print = exports.handler; exports.handler = async (...all) => { await print(...all); throw new Error("again"); };`,
    props: { triggers: [ossTrigger], ...props },
  });
  const destination = "acs:mns:cn-hangzhou:123456789:/queues/failed/messages";
  const onFailure = { destinationConfig: { onFailure: { destination } } };

  it("is repeated as often as s.yaml says, then handed to the onFailure destination", async () => {
    const running = await start({ f: failing({ asyncInvokeConfig: { maxAsyncRetryAttempts: 2, ...onFailure } }) });
    running.host.deliverOssEvent(record("a"));
    await running.host.idle();
    expect(printed(running).map(({ retry }) => retry)).toEqual([0, 1, 2]);
    expect(running.host.failures).toEqual([
      {
        functionName: "f",
        destination,
        record: {
          timestamp: expect.any(Number),
          requestContext: {
            requestId: running.lines[0]?.requestId,
            functionArn: "acs:fc:cn-hangzhou:123456789:functions/f/LATEST",
            condition: "RetryAttemptsExhausted",
            approximateInvokeCount: 3,
          },
          requestPayload: JSON.stringify({ events: [record("a")] }),
          responseContext: { statusCode: 200, functionError: "UnhandledInvocationError" },
          responsePayload: expect.stringContaining('"errorMessage":"again"'),
        },
      },
    ]);
  });

  it("is repeated three times where s.yaml says nothing, and then dropped", async () => {
    const running = await start({ f: failing() });
    running.host.deliverOssEvent(record("a"));
    await running.host.idle();
    expect(printed(running)).toHaveLength(4);
    expect(running.host.failures).toMatchObject([{ destination: undefined }]);
  });

  it("is not repeated once the event is too old", async () => {
    const running = await start(
      { f: failing({ asyncInvokeConfig: { maxAsyncEventAgeInSeconds: 10, ...onFailure } }) },
      { retryDelayInMilliseconds: () => 11_000 },
    );
    running.host.deliverOssEvent(record("a"));
    await running.host.idle();
    expect(printed(running)).toHaveLength(1);
    expect(running.host.failures[0]?.record.requestContext.condition).toBe("EventAgeExceeded");
  });

  it("ends well when a repetition succeeds, also after the process was killed", async () => {
    const marker = join(tmpdir(), `fc-kill-${process.pid}`);
    writeFileSync(marker, "");
    const code = `exports.handler = async (event, context) => {
      require("node:fs").appendFileSync(${JSON.stringify(marker)}, String(context.retryCount));
      if (context.retryCount === 0) await new Promise(() => {});
    };`;
    const { host } = await start({ f: { code, props: { triggers: [ossTrigger] } } });
    host.deliverOssEvent(record("a"));
    while (readFileSync(marker, "utf8") === "") await new Promise((resolve) => setTimeout(resolve, 10));
    expect(host.kill("f")).toBe(1);
    await host.idle();
    expect(readFileSync(marker, "utf8")).toBe("01");
    expect(host.failures).toEqual([]);
    rmSync(marker);
  });

  it("waits on the embedded cloud's clock between tries", async () => {
    const clock = manualClock();
    const running = await start({ f: failing() }, { clock, retryDelayInMilliseconds: (retry) => retry * 60_000 });
    running.host.deliverOssEvent(record("a"));
    const tries = async (count: number) => {
      while (running.lines.filter(({ text }) => text.includes("Invoke End")).length < count)
        await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await tries(1);
    await clock.advance(59_999);
    expect(printed(running)).toHaveLength(1);
    await clock.advance(1);
    await tries(2);
    expect(printed(running)).toHaveLength(2);
  });
});

describe("a timer trigger", () => {
  const timed = (cronExpression: string): TestFunction => ({
    code: prints,
    props: {
      triggers: [
        {
          triggerName: "tick",
          triggerType: "timer",
          triggerConfig: { cronExpression, enable: true, payload: "report" },
        },
      ],
    },
  });
  const event = (triggerTime: string) => ({ triggerTime, triggerName: "tick", payload: "report" });
  const times = (running: TestHost) =>
    printed(running)
      .map(({ event: sent }) => (sent as { triggerTime: string }).triggerTime)
      .sort();

  it("fires at once when told to", async () => {
    const running = await start({ f: timed("@every 1m") }, { clock: manualClock() });
    await running.host.fireTimer("tick");
    await running.host.fireTimer("another");
    expect(printed(running)).toEqual([{ retry: 0, event: event("2026-11-23T10:00:00Z") }]);
  });

  it.each([
    ["@every 1m", {}, ["10:01:00", "10:02:00"]],
    ["0 30 10 * * *", {}, []],
    ["30 * * * * *", {}, ["10:00:30", "10:01:30"]],
    ["@every 1m", { tickSeconds: 45 }, ["10:00:45", "10:01:30"]],
  ])("fires by itself: %s %j", async (expression, options, expected) => {
    const clock = manualClock();
    const running = await start({ f: timed(expression) }, { clock, automaticTimers: true, ...options });
    await clock.advance(120_000);
    await running.host.idle();
    expect(times(running)).toEqual(expected.map((time) => `2026-11-23T${time}Z`));
  });

  it("does not queue tick after tick behind one that takes long", async () => {
    const clock = manualClock();
    const slow = {
      ...timed("@every 1m"),
      code: `${prints} const print = exports.handler; exports.handler = async (...all) => { await print(...all); await new Promise((r) => setTimeout(r, 300)); };`,
    };
    const running = await start({ f: slow }, { clock, automaticTimers: true, maximumInstances: { f: 1 } });
    await clock.advance(600_000);
    await running.host.idle();
    expect(times(running)).toEqual(["2026-11-23T10:01:00Z", "2026-11-23T10:02:00Z"]);
  });

  it("fires once after a time in which nothing could run", async () => {
    const clock = manualClock();
    let offset = 0;
    const stopped = { ...clock, now: () => new Date(clock.now().getTime() + offset) };
    const running = await start({ f: timed("@every 1m") }, { clock: stopped, automaticTimers: true });
    offset = 24 * 60 * 60 * 1000;
    await clock.advance(60_000);
    await running.host.idle();
    expect(times(running)).toEqual(["2026-11-23T10:01:00Z"]);
  });
});

describe("closing the host", () => {
  it("ends what runs, waits for nothing and leaves no process behind", async () => {
    const marker = join(tmpdir(), `fc-close-${process.pid}`);
    writeFileSync(marker, "");
    const code = `exports.handler = () => { require("node:fs").writeFileSync(${JSON.stringify(marker)}, String(process.pid)); return new Promise(() => {}); };`;
    const running = await start({ f: { code, props: { triggers: [ossTrigger] } } });
    for (let count = 0; count < 20; count += 1) running.host.deliverOssEvent(record("a"));
    while (readFileSync(marker, "utf8") === "") await new Promise((resolve) => setTimeout(resolve, 10));
    await running.close();
    test = undefined;
    expect(() => process.kill(Number(readFileSync(marker, "utf8")), 0)).toThrow("ESRCH");
    await running.host.idle();
    rmSync(marker);
  });
});
