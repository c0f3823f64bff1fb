import { alibabaFunctions } from "../../../shared/cloud/alibaba-functions.ts";
import type { FunctionService } from "../../../shared/cloud/ports.ts";
import { account, accountId, region, startTestHost, type TestHost } from "../../contract/fc/fc-test-host.ts";
import { badGateway, brokenOff, type OddServer, reply, reset, startOddServer } from "./odd-server.ts";

describe("Function Compute through the official generic client", () => {
  let test: TestHost;
  let functions: FunctionService;

  beforeAll(async () => {
    const code = "exports.handler = async () => {};";
    const props = {
      role: `acs:ram::${accountId}:role/worker`,
      environmentVariables: { IMAGE_BUCKET: "images" },
      asyncInvokeConfig: {
        maxAsyncRetryAttempts: 0,
        maxAsyncEventAgeInSeconds: 60,
        destinationConfig: { onFailure: { destination: "acs:mns:queue" } },
      },
      triggers: [
        {
          triggerName: "uploads",
          triggerType: "oss",
          sourceArn: `acs:oss:${region}:${accountId}:images`,
          triggerConfig: { events: ["oss:ObjectCreated:*"], filter: { key: { prefix: "in/", suffix: ".raw" } } },
        },
        { triggerName: "minute", triggerType: "timer", triggerConfig: { cronExpression: "@every 1m" } },
      ],
    };
    test = await startTestHost({ echo: { code, props }, plain: { code } });
    functions = alibabaFunctions({ region, credentials: account, endpoint: test.service.endpoint });
  });
  afterAll(() => test.close());

  it("describes a function", async () => {
    expect(await functions.describeFunction("echo")).toEqual({
      name: "echo",
      arn: `acs:fc:${region}:${accountId}:functions/echo`,
      runtime: "nodejs20",
      handler: "index.handler",
      timeoutInSeconds: 20,
      role: `acs:ram::${accountId}:role/worker`,
      state: "Active",
      lastUpdate: "Successful",
      environment: new Map([["IMAGE_BUCKET", "images"]]),
    });
  });

  it("lists what triggers it", async () => {
    expect(await functions.listTriggers("echo")).toEqual([
      {
        name: "uploads",
        type: "oss",
        sourceArn: `acs:oss:${region}:${accountId}:images`,
        qualifier: "LATEST",
        enabled: true,
        events: ["oss:ObjectCreated:*"],
        prefix: "in/",
        suffix: ".raw",
      },
      {
        name: "minute",
        type: "timer",
        qualifier: "LATEST",
        enabled: true,
        events: [],
        prefix: "",
        suffix: "",
        schedule: "@every 1m",
      },
    ]);
  });

  it("tells what becomes of events that it fails on, as far as that is set", async () => {
    expect(await functions.describeAsyncInvocation("echo")).toEqual({
      retryAttempts: 0,
      maximumAgeInSeconds: 60,
      onFailure: "acs:mns:queue",
    });
    expect(await functions.describeAsyncInvocation("plain")).toEqual({});
    await expect(functions.describeAsyncInvocation("nowhere")).rejects.toMatchObject({ code: "FunctionNotFound" });
  });

  it("knows when there is no such function, and hands on what else is refused", async () => {
    expect(await functions.describeFunction("nowhere")).toBeUndefined();
    const stranger = alibabaFunctions({
      region,
      credentials: { ...account, accessKeySecret: "guess" },
      endpoint: test.service.endpoint,
    });
    await expect(stranger.listTriggers("echo")).rejects.toMatchObject({
      name: "CloudError",
      service: "fc",
      code: "SignatureDoesNotMatch",
      outcomeUnknown: false,
    });
  });
});

describe("answers of Function Compute that the documents do not promise", () => {
  let server: OddServer;
  let functions: FunctionService;

  beforeAll(async () => {
    server = await startOddServer();
    functions = alibabaFunctions({ region, credentials: account, endpoint: server.endpoint });
  });
  afterAll(() => server.close());

  const json = { "content-type": "application/json" };
  const answered = (body: unknown) => server.answer(reply(200, json, JSON.stringify(body)));

  it.each([
    ["a configuration that is an object", { triggerConfig: { enable: false } }, { enabled: false }],
    ["a status that says it is off", { status: "Disabled", triggerConfig: "{}" }, { enabled: false }],
    ["a configuration that is no JSON", { triggerConfig: "{" }, { enabled: true, events: [], prefix: "" }],
    ["a configuration that is a list", { triggerConfig: "[1]" }, { enabled: true, events: [], prefix: "" }],
    ["nothing at all", {}, { name: "", type: "", enabled: true }],
  ])("a trigger with %s", async (_, trigger, expected) => {
    answered({ triggers: [trigger] });
    expect(await functions.listTriggers("f")).toEqual([expect.objectContaining(expected)]);
  });

  it.each([
    ["nothing", {}],
    ["other kinds of values", { maxAsyncRetryAttempts: "many", destinationConfig: { onFailure: ["queue"] } }],
    [
      "an empty destination",
      { maxAsyncEventAgeInSeconds: null, destinationConfig: { onFailure: { destination: "" } } },
    ],
  ])("an asynchronous configuration with %s", async (_, body) => {
    answered(body);
    expect(await functions.describeAsyncInvocation("f")).toEqual({});
  });

  it("no triggers, or pages without an end", async () => {
    answered({});
    expect(await functions.listTriggers("f")).toEqual([]);
    answered({ triggers: [{ triggerName: "t" }], nextToken: "again" });
    expect(await functions.listTriggers("f")).toHaveLength(10);
  });

  it("a function that does not say what it is", async () => {
    answered({ environmentVariables: null, timeout: "soon" });
    expect(await functions.describeFunction("f")).toEqual({ name: "f", environment: new Map() });
  });

  it.each([
    ["a gateway's page", badGateway],
    ["half an answer", brokenOff(200, json, '{"functionName":')],
    ["a connection that is reset", reset],
  ])("%s leaves the outcome unknown", async (_, answer) => {
    server.answer(answer);
    await expect(functions.describeFunction("f")).rejects.toMatchObject({ service: "fc", outcomeUnknown: true });
  });
});
