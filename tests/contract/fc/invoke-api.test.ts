// The clients are the vendor's own, unmodified. Hand-made requests say only what the clients cannot.
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import Fc2Client from "@alicloud/fc2";
import type * as fc3Module from "@alicloud/fc20230330";
import { $OpenApiUtil } from "@alicloud/openapi-core";
import { createIdentities } from "../../../local/ram/identities.ts";
import { noFaults } from "../../../local/wire/faults.ts";
import { systemClock } from "../../../shared/clock.ts";
import { account, accountId, region, startTestHost, type TestHost } from "./fc-test-host.ts";

// A CommonJS module with a `default` of its own, which import means differently to TypeScript, Node.js and esbuild.
const fc3: typeof fc3Module.default = createRequire(import.meta.url)("@alicloud/fc20230330");

const code = `exports.handler = async (event) => {
  if (event.toString() === "fail") throw new Error("failed as told");
  console.log("seen", event.toString());
  return Buffer.concat([Buffer.from("got "), event]);
};`;

const uploads = {
  events: ["oss:ObjectCreated:PutObject", "oss:ObjectCreated:CopyObject"],
  filter: { key: { prefix: "in/", suffix: "" } },
};
const sourceArn = `acs:oss:${region}:${accountId}:images`;
const onFailure = { destination: `acs:mns:${region}:${accountId}:/queues/failures/messages` };
const props = {
  role: `acs:ram::${accountId}:role/worker`,
  environmentVariables: { IMAGE_BUCKET: "images" },
  asyncInvokeConfig: {
    maxAsyncRetryAttempts: 2,
    maxAsyncEventAgeInSeconds: 3600,
    destinationConfig: { onFailure },
  },
  triggers: [
    { triggerName: "uploads", triggerType: "oss", sourceArn, triggerConfig: uploads },
    { triggerName: "minute", triggerType: "timer", triggerConfig: { cronExpression: "@every 1m", payload: "x" } },
  ],
};

const asyncInvokeConfig = { maxAsyncRetryAttempts: 0 };

const identities = createIdentities([account]);
const faults = noFaults();
let clockOffset = 0;
const clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + clockOffset) };
let test: TestHost;

beforeAll(async () => {
  test = await startTestHost(
    { echo: { code, props }, plain: { code }, dropping: { code, props: { asyncInvokeConfig } } },
    { identities, faults, clock, environment: { ENDPOINT: "here" } },
  );
});
afterAll(() => test.close());
afterEach(() => {
  clockOffset = 0;
  faults.plan = undefined;
});

const fc2 = (credentials: { accessKeyID?: string; accessKeySecret?: string; securityToken?: string } = {}) =>
  new Fc2Client(accountId, {
    accessKeyID: account.accessKeyId,
    accessKeySecret: account.accessKeySecret,
    region,
    endpoint: test.service.endpoint,
    ...credentials,
  });

const fc3Client = (credentials: { accessKeyId?: string; accessKeySecret?: string; securityToken?: string } = {}) =>
  new fc3.default(
    new $OpenApiUtil.Config({
      endpoint: test.service.endpoint.slice("http://".length),
      protocol: "HTTP",
      accessKeyId: account.accessKeyId,
      accessKeySecret: account.accessKeySecret,
      ...credentials,
    }),
  );

const session = (policies?: Parameters<typeof identities.issueSession>[0]["policies"]) =>
  identities.issueSession({
    roleName: "caller",
    accountId,
    seconds: 3600,
    now: clock.now(),
    ...(policies === undefined ? {} : { policies }),
  });

describe("@alicloud/fc2 on the FC 2.0 API", () => {
  it("invokes a function, whatever the service is called", async () => {
    const { data, headers } = await fc2().invokeFunction("default", "echo", "hello");
    expect(data).toBe("got hello");
    expect(headers["x-fc-request-id"]).toMatch(/./);
    expect(headers["x-fc-error-type"]).toBeUndefined();
  });

  it("gets bytes back as they are", async () => {
    const { data } = await fc2().invokeFunction("s", "echo", Buffer.from([1, 200]), {}, "LATEST", { rawBuf: true });
    expect(data).toEqual(Buffer.from([...Buffer.from("got "), 1, 200]));
  });

  it("is told of a function's error by a header, with status 200", async () => {
    const { data, headers } = await fc2().invokeFunction("s", "echo", "fail");
    expect(headers["x-fc-error-type"]).toBe("UnhandledInvocationError");
    expect(JSON.parse(data)).toMatchObject({ errorMessage: "failed as told", errorType: "Error" });
  });

  it("has an asynchronous invocation accepted at once", async () => {
    await fc2().invokeFunction("s", "echo", "later", { "x-fc-invocation-type": "Async" });
    await test.host.idle();
    expect(test.lines.map(({ text }) => text)).toContainEqual(expect.stringContaining("seen later"));
  });

  it("works with the token of a session, and not without", async () => {
    const { accessKeyId, accessKeySecret, securityToken = "" } = session();
    const keys = { accessKeyID: accessKeyId, accessKeySecret };
    expect((await fc2({ ...keys, securityToken }).invokeFunction("s", "echo", "x")).data).toBe("got x");
    await expect(fc2({ ...keys, securityToken: "other" }).invokeFunction("s", "echo", "x")).rejects.toMatchObject({
      code: "InvalidSecurityToken",
    });
  });

  it.each([
    ["an unknown key", { accessKeyID: "LTAInobody" }, "InvalidAccessKeyID"],
    ["a wrong secret", { accessKeySecret: "guess" }, "SignatureNotMatch"],
  ])("is refused with %s", async (_, credentials, expected) => {
    await expect(fc2(credentials).invokeFunction("s", "echo", "x")).rejects.toMatchObject({ code: expected });
  });

  it("is refused when its clock is more than 15 minutes off", async () => {
    clockOffset = 16 * 60 * 1000;
    await expect(fc2().invokeFunction("s", "echo", "x")).rejects.toMatchObject({ code: "RequestTimeTooSkewed" });
  });

  it.each([
    ["a function that does not exist", () => fc2().invokeFunction("s", "nowhere", "x"), "FunctionNotFound"],
    ["a qualifier that does not exist", () => fc2().invokeFunction("s", "echo", "x", {}, "v1"), "VersionNotFound"],
    ["an operation that is not supported", () => fc2().listServices(), "OperationNotSupported"],
  ])("is told of %s", async (_, request, expected) => {
    await expect(request()).rejects.toMatchObject({ code: expected });
  });
});

const invokeFc3 = async (
  functionName: string,
  payload: string,
  headers: Readonly<Record<string, string>> = {},
  client = fc3Client(),
) => {
  const request = new fc3.InvokeFunctionRequest({ body: Readable.from([Buffer.from(payload)]), qualifier: "LATEST" });
  const answer = await client.invokeFunctionWithOptions(
    functionName,
    request,
    new fc3.InvokeFunctionHeaders(headers),
    {} as never,
  );
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body ?? []) chunks.push(Buffer.from(chunk));
  return { status: answer.statusCode, headers: answer.headers ?? {}, body: Buffer.concat(chunks).toString() };
};

describe("@alicloud/fc20230330 on the FC 3.0 API", () => {
  it("invokes a function and reads the end of its log", async () => {
    const { status, headers, body } = await invokeFc3("echo", "hello", {
      xFcInvocationType: "Sync",
      xFcLogType: "Tail",
    });
    expect({ status, body }).toEqual({ status: 200, body: "got hello" });
    const log = Buffer.from(headers["x-fc-log-result"] ?? "", "base64").toString();
    expect(log).toMatch(/^FC Invoke Start RequestId: .+\n.*seen hello\nFC Invoke End RequestId: .+\nDuration: .+ MB$/);
  });

  it("is told of a function's error by a header, with status 200", async () => {
    const { status, headers, body } = await invokeFc3("echo", "fail");
    expect({ status, type: headers["x-fc-error-type"] }).toEqual({ status: 200, type: "UnhandledInvocationError" });
    expect(JSON.parse(body)).toMatchObject({ errorMessage: "failed as told" });
  });

  it("has an asynchronous invocation accepted with 202", async () => {
    expect((await invokeFc3("echo", "later 3", { xFcInvocationType: "Async" })).status).toBe(202);
    await test.host.idle();
    expect(test.lines.map(({ text }) => text)).toContainEqual(expect.stringContaining("seen later 3"));
  });

  it("lists and describes functions", async () => {
    const { body } = await fc3Client().listFunctions(new fc3.ListFunctionsRequest({}));
    expect(body?.functions?.map(({ functionName }) => functionName)).toEqual(["echo", "plain", "dropping"]);
    const one = await fc3Client().getFunction("echo", new fc3.GetFunctionRequest({}));
    expect(one.body).toMatchObject({
      functionName: "echo",
      functionArn: `acs:fc:${region}:${accountId}:functions/echo`,
      runtime: "nodejs20",
      handler: "index.handler",
      timeout: 20,
      role: props.role,
      environmentVariables: { IMAGE_BUCKET: "images", ENDPOINT: "here" },
    });
  });

  it("lists and describes triggers, their configuration as JSON in a text", async () => {
    const { body } = await fc3Client().listTriggers("echo", new fc3.ListTriggersRequest({ limit: 100 }));
    const [first, second, ...others] = body?.triggers ?? [];
    expect(others).toEqual([]);
    expect(first).toMatchObject({ triggerName: "uploads", triggerType: "oss", sourceArn, qualifier: "LATEST" });
    expect(JSON.parse(first?.triggerConfig ?? "")).toEqual(uploads);
    expect(second).toMatchObject({ triggerName: "minute", triggerType: "timer" });
    expect(JSON.parse(second?.triggerConfig ?? "")).toMatchObject({ cronExpression: "@every 1m", enable: true });
    expect((await fc3Client().getTrigger("echo", "minute")).body).toEqual(second);
    await expect(fc3Client().getTrigger("echo", "none")).rejects.toMatchObject({ code: "TriggerNotFound" });
  });

  const asyncConfigOf = async (name: string, qualifier = "LATEST", client = fc3Client()) =>
    (await client.getAsyncInvokeConfig(name, new fc3.GetAsyncInvokeConfigRequest({ qualifier }))).body?.toMap();

  it("tells how often a function is tried again, and where its failures go", async () => {
    expect(await asyncConfigOf("echo")).toEqual({
      functionArn: `acs:fc:${region}:${accountId}:functions/echo`,
      asyncTask: false,
      maxAsyncRetryAttempts: 2,
      maxAsyncEventAgeInSeconds: 3600,
      destinationConfig: { onFailure },
    });
    expect(await asyncConfigOf("dropping")).toMatchObject({ maxAsyncRetryAttempts: 0, destinationConfig: {} });
  });

  it.each([
    ["a function without asyncInvokeConfig", "plain", "LATEST", "AsyncConfigNotExists"],
    ["no such function", "nowhere", "LATEST", "FunctionNotFound"],
    ["another qualifier", "echo", "v1", "VersionNotFound"],
  ])("tells of no tries for %s", async (_, name, qualifier, expected) => {
    await expect(asyncConfigOf(name, qualifier)).rejects.toMatchObject({ code: expected, statusCode: 404 });
  });

  it("takes the permission that FC names for that", async () => {
    const statement = (Action: string) =>
      [{ Version: "1", Statement: [{ Effect: "Allow", Action, Resource: "acs:fc:*:*:functions/echo" }] }] as const;
    const clientWith = (action: string) => {
      const { accessKeyId, accessKeySecret, securityToken = "" } = session(statement(action));
      return fc3Client({ accessKeyId, accessKeySecret, securityToken });
    };
    const allowed = asyncConfigOf("echo", "LATEST", clientWith("fc:GetFunctionAsyncInvokeConfig"));
    await expect(allowed).resolves.toMatchObject({ maxAsyncRetryAttempts: 2 });
    const refused = asyncConfigOf("echo", "LATEST", clientWith("fc:GetFunction"));
    await expect(refused).rejects.toMatchObject({ code: "AccessDenied" });
  });

  it.each([
    ["no such function", {}, "FunctionNotFound", "nowhere"],
    ["a wrong secret", { accessKeySecret: "guess" }, "SignatureDoesNotMatch", "echo"],
  ])("tells of no triggers with %s", async (_, credentials, expected, name) => {
    const listed = fc3Client(credentials).listTriggers(name, new fc3.ListTriggersRequest({}));
    await expect(listed).rejects.toMatchObject({ code: expected });
  });

  it.each([
    [
      "an unknown key",
      () => invokeFc3("echo", "x", {}, fc3Client({ accessKeyId: "no" })),
      "InvalidAccessKeyId.NotFound",
    ],
    [
      "a wrong secret",
      () => invokeFc3("echo", "x", {}, fc3Client({ accessKeySecret: "guess" })),
      "SignatureDoesNotMatch",
    ],
    ["a function that does not exist", () => invokeFc3("nowhere", "x"), "FunctionNotFound"],
    [
      "an invocation type that FC has not",
      () => invokeFc3("echo", "x", { xFcInvocationType: "Soon" }),
      "InvalidArgument",
    ],
    ["an asynchronous task", () => invokeFc3("echo", "x", { xFcAsyncTaskId: "t" }), "OperationNotSupported"],
    [
      "a payload above the limit",
      () => invokeFc3("echo", "x".repeat(200_000), { xFcInvocationType: "Async" }),
      "RequestEntityTooLarge",
    ],
  ])("is refused %s", async (_, request, expected) => {
    await expect(request()).rejects.toMatchObject({ code: expected });
  });

  it("is refused what the caller's policies do not allow", async () => {
    const allowed = [
      {
        Version: "1",
        Statement: [{ Effect: "Allow", Action: "fc:InvokeFunction", Resource: "acs:fc:*:*:functions/other" }],
      },
    ] as const;
    const { accessKeyId, accessKeySecret, securityToken = "" } = session(allowed);
    const client = fc3Client({ accessKeyId, accessKeySecret, securityToken });
    await expect(invokeFc3("echo", "x", {}, client)).rejects.toMatchObject({ code: "AccessDenied" });
    const listed = client.listTriggers("echo", new fc3.ListTriggersRequest({}));
    await expect(listed).rejects.toMatchObject({ code: "AccessDenied" });
  });

  it("meets the faults that the embedded cloud is told to have", async () => {
    faults.plan = ({ service, operation }) =>
      service === "fc" && operation === "InvokeFunction"
        ? { kind: "refuse", status: 429, code: "Throttling", message: "slow down" }
        : undefined;
    await expect(invokeFc3("echo", "x")).rejects.toMatchObject({ code: "Throttling" });
  });
});

describe("a request of neither API", () => {
  it("is refused by name", async () => {
    const answer = await fetch(`${test.service.endpoint}/2099-01-01/functions/echo/invocations`, { method: "POST" });
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status: 404,
      body: { Code: "PathNotSupported" },
    });
  });
});
