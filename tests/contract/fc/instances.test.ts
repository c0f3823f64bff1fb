import { startTestHost, type TestHost } from "./fc-test-host.ts";

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const text = (result: { readonly payload: Buffer }): string => result.payload.toString();
const call = (test: TestHost, name: string, event: unknown = "") =>
  test.host.invoke(name, Buffer.from(typeof event === "string" ? event : JSON.stringify(event)));

const code = {
  echo: "exports.handler = async (event, context) => ({ isBuffer: Buffer.isBuffer(event), event: event.toString(), context, environment: process.env });",
  returns: `exports.handler = async (event) => {
    switch (event.toString()) {
      case "nothing": return undefined;
      case "text": return "plain";
      case "bytes": return Buffer.from([0, 255]);
      default: return { a: 1 };
    }
  };`,
  callback: "exports.handler = (event, context, callback) => { callback(null, 'first'); callback(null, 'second'); };",
  counter: "let calls = 0; exports.handler = async () => ({ pid: process.pid, calls: ++calls });",
  slow: "let calls = 0; exports.handler = async () => { calls += 1; await new Promise((r) => setTimeout(r, 150)); return { pid: process.pid, calls }; };",
  fails: `exports.handler = (event, context, callback) => {
    switch (event.toString()) {
      case "throw": throw new TypeError("no good");
      case "callback": return callback(new Error("handled"));
      case "callback-text": return callback("something is wrong");
      case "circular": { const value = {}; value.value = value; return Promise.resolve(value); }
      case "exit": process.exit(3);
      case "later": setTimeout(() => { throw new Error("nobody catches this"); }, 1); return;
      default: return Promise.reject(new RangeError("rejected"));
    }
  };`,
  hangs: "exports.handler = () => new Promise(() => {});",
  speaks:
    "exports.handler = async () => { process.stdout.write('one\\ntw'); process.stdout.write('o\\n'); process.stderr.write('bad\\n'); process.stdout.write('x'.repeat(100000) + '\\n'); };",
  mutters:
    "exports.handler = async (event) => { process.stdout.write('no line end'); process.stderr.write('here neither'); if (event.length > 0) process.stdout.write('x'.repeat(40000)); return 'done'; };",
  syntax: "exports.handler = async () => {",
  missing: "require('./nowhere'); exports.handler = async () => {};",
  nameless: "exports.other = async () => {};",
};

describe("an instance of a function", () => {
  let test: TestHost;
  beforeAll(async () => {
    test = await startTestHost({
      ...Object.fromEntries(Object.entries(code).map(([name, source]) => [name, { code: source }])),
      echo: {
        code: code.echo,
        props: { role: "acs:ram::123456789:role/reader", environmentVariables: { COLOUR: "red" }, memorySize: 256 },
      },
      hangs: { code: code.hangs, props: { timeout: 1 } },
    });
  });
  afterAll(() => test.close());

  it("gets the event as a Buffer, the documented context and credentials of its role", async () => {
    const result = await call(test, "echo", "hé");
    const { isBuffer, event, context } = JSON.parse(text(result));
    expect({ isBuffer, event }).toEqual({ isBuffer: true, event: "hé" });
    expect(context).toMatchObject({
      requestId: result.requestId,
      credentials: { accessKeyId: expect.stringMatching(/^STS\./), securityToken: expect.stringMatching(/./) },
      function: { name: "echo", handler: "index.handler", memory: 256, timeout: 20 },
      service: { name: "", qualifier: "LATEST" },
      region: "cn-hangzhou",
      accountId: "123456789",
      retryCount: 0,
      logger: { requestId: result.requestId },
    });
  });

  it("sees its own environment and FC's, and nothing of the host's", async () => {
    const { environment } = JSON.parse(text(await call(test, "echo")));
    expect(environment).toMatchObject({
      COLOUR: "red",
      FC_FUNCTION_NAME: "echo",
      FC_FUNCTION_HANDLER: "index.handler",
      FC_FUNCTION_MEMORY_SIZE: "256",
      FC_ACCOUNT_ID: "123456789",
      FC_REGION: "cn-hangzhou",
      ALIBABA_CLOUD_ACCESS_KEY_ID: expect.stringMatching(/^STS\./),
    });
    const own = /^(FC_|ALIBABA_CLOUD_|NODE_CHANNEL_|COLOUR$|PATH$|HOME$|LANG$|TZ$)/;
    expect(Object.keys(environment).filter((name) => !own.test(name))).toEqual([]);
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["text", Buffer.from("plain")],
    ["bytes", Buffer.from([0, 255])],
    ["object", Buffer.from('{"a":1}')],
  ])("answers %s as FC does", async (kind, expected) => {
    expect((await call(test, "returns", kind)).payload).toEqual(expected);
  });

  it("takes the first answer of a callback", async () => {
    expect(text(await call(test, "callback"))).toBe("first");
  });

  it("is used again while it is warm", async () => {
    const first = JSON.parse(text(await call(test, "counter")));
    const second = JSON.parse(text(await call(test, "counter")));
    expect(second).toEqual({ pid: first.pid, calls: 2 });
  });

  it("runs one request at a time: more at once mean more instances, up to the limit", async () => {
    const answers = (await Promise.all(Array.from({ length: 8 }, () => call(test, "slow")))).map((result) =>
      JSON.parse(text(result)),
    );
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(4);
    // Each instance counts its own calls without a gap, however the calls were shared out.
    const callsOf = (pid: number) => answers.filter((answer) => answer.pid === pid).map(({ calls }) => calls);
    for (const { pid } of answers) expect(callsOf(pid).toSorted()).toEqual(callsOf(pid).map((_, index) => index + 1));
  });

  it.each([
    ["throw", "UnhandledInvocationError", { errorMessage: "no good", errorType: "TypeError" }],
    ["reject", "UnhandledInvocationError", { errorMessage: "rejected", errorType: "RangeError" }],
    [
      "circular",
      "UnhandledInvocationError",
      { errorMessage: expect.stringContaining("circular"), errorType: "TypeError" },
    ],
    ["callback", "HandledInvocationError", { errorMessage: "handled", errorType: "Error" }],
  ])("reports %s with message, type and stack", async (event, errorType, error) => {
    const result = await call(test, "fails", event);
    expect(result.errorType).toBe(errorType);
    expect(JSON.parse(text(result))).toEqual({ ...error, stackTrace: expect.arrayContaining([expect.any(String)]) });
  });

  it("reports what is no Error with its message alone", async () => {
    expect(JSON.parse(text(await call(test, "fails", "callback-text")))).toEqual({
      errorMessage: "something is wrong",
    });
  });

  it.each(["exit", "later"])(
    "reports the end of the process (%s) with a message alone, and starts anew",
    async (event) => {
      const result = await call(test, "fails", event);
      expect(result.errorType).toBe("ProcessExitedUnexpectedly");
      expect(JSON.parse(text(result))).toEqual({
        errorMessage: expect.stringMatching(/^Process exited unexpectedly before completing request \(duration: \d+ms/),
      });
      expect((await call(test, "fails", "throw")).errorType).toBe("UnhandledInvocationError");
    },
  );

  it("is killed when the timeout has passed", async () => {
    const result = await call(test, "hangs");
    expect(JSON.parse(text(result))).toEqual({ errorMessage: "Function timed out after 1 seconds" });
    expect(result.errorType).toBe("FunctionTimeoutError");
    expect(result.durationInMilliseconds).toBeGreaterThanOrEqual(990);
  });

  it("can be killed in the middle of an invocation", async () => {
    const running = call(test, "hangs");
    while (test.host.kill("hangs") === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await running).errorType).toBe("ProcessExitedUnexpectedly");
  });

  it.each([
    ["syntax", "UserCodeSyntaxError"],
    ["missing", "ImportModuleError"],
    ["nameless", "HandlerNotFound"],
  ])("reports code that cannot be loaded: %s", async (name, errorType) => {
    expect(JSON.parse(text(await call(test, name)))).toMatchObject({ errorType });
  });

  it("has its lines passed on with the request's id, between FC's marks", async () => {
    test.lines.length = 0;
    const { requestId } = await call(test, "speaks");
    const own = test.lines.filter((line) => line.requestId === requestId);
    const out = own.filter(({ stream }) => stream === "stdout").map((line) => line.text);
    expect(out.slice(0, 3)).toEqual([`FC Invoke Start RequestId: ${requestId}`, "one", "two"]);
    expect(out.at(-1)).toBe(`FC Invoke End RequestId: ${requestId}`);
    expect(out.slice(3, -1).join("")).toBe("x".repeat(100000));
    expect(own.filter(({ stream }) => stream === "stderr").map((line) => line.text)).toEqual(["bad"]);
  });

  it("has its last line passed on though it has no end", async () => {
    test.lines.length = 0;
    const { requestId, payload } = await call(test, "mutters");
    const texts = test.lines.map((line) => line.text).sort();
    expect(payload.toString()).toBe("done");
    expect(texts).toEqual([
      `FC Invoke End RequestId: ${requestId}`,
      `FC Invoke Start RequestId: ${requestId}`,
      "here neither",
      "no line end",
    ]);
    expect((await call(test, "mutters", "long")).payload.toString()).toBe("done");
  });

  it("is stopped when it has been idle, and another takes its place", async () => {
    const idle = await startTestHost({ counter: { code: code.counter } }, { idleInstanceSeconds: 0.05 });
    const { pid } = JSON.parse(text(await call(idle, "counter")));
    // Ends when there is no such process, and never otherwise.
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(JSON.parse(text(await call(idle, "counter")))).toMatchObject({ calls: 1 });
    await idle.close();
  });

  it("answers whenever it is called, also while another is just being stopped", async () => {
    const options = { idleInstanceSeconds: 0.02, maximumInstances: { counter: 1 } };
    const idle = await startTestHost({ counter: { code: code.counter } }, options);
    for (let pause = 10; pause <= 30; pause += 1) {
      expect((await call(idle, "counter")).errorType).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    await idle.close();
  });

  it("measures time and memory", async () => {
    const { durationInMilliseconds, peakMemoryInMiB } = await call(test, "returns");
    expect(durationInMilliseconds).toBeGreaterThan(0);
    expect(peakMemoryInMiB).toBeGreaterThan(10);
  });

  it("is refused a payload above FC's limits", async () => {
    await expect(test.host.invoke("returns", Buffer.alloc(32 * 1024 * 1024 + 1))).rejects.toMatchObject({
      status: 413,
    });
    await expect(test.host.invoke("returns", Buffer.alloc(128 * 1024 + 1), { async: true })).rejects.toMatchObject({
      code: "RequestEntityTooLarge",
    });
    expect((await test.host.invoke("returns", Buffer.alloc(32 * 1024 * 1024))).errorType).toBeUndefined();
  });
});
