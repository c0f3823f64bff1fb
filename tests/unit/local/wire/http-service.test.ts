import { request } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { noFaults } from "../../../../local/wire/faults.ts";
import {
  applyFault,
  type HttpService,
  type Reply,
  readBody,
  startHttpService,
  withFaults,
} from "../../../../local/wire/http-service.ts";

const clock = { now: () => new Date("2026-11-23T10:00:00Z"), sleep: async () => {} };
const internalError = (error: unknown): Reply => ({ status: 500, headers: {}, body: Buffer.from(String(error)) });

let service: HttpService;
afterEach(() => service?.close());

const serve = async (handle: Parameters<typeof startHttpService>[0]["handle"]) => {
  service = await startHttpService({ port: 0, clock, handle, internalError });
  return service.endpoint;
};

const ok = (body: Reply["body"], more: Partial<Reply> = {}): Reply => ({
  status: 200,
  headers: body instanceof Readable ? { "Content-Length": "10" } : {},
  ...(body === undefined ? {} : { body }),
  ...more,
});

describe("an HTTP service", () => {
  it("sends buffers and streams, with the clock's date", async () => {
    const endpoint = await serve(async ({ url }) =>
      ok(url === "/stream" ? Readable.from([Buffer.from("01234"), Buffer.from("56789")]) : Buffer.from("buffer")),
    );
    const answer = await fetch(`${endpoint}/`);
    expect([answer.headers.get("date"), await answer.text()]).toEqual(["Mon, 23 Nov 2026 10:00:00 GMT", "buffer"]);
    expect(await (await fetch(`${endpoint}/stream`)).text()).toBe("0123456789");
  });

  it("sends no body to HEAD, but its length", async () => {
    const body = Readable.from([Buffer.alloc(10)]);
    const endpoint = await serve(async () => ok(body));
    const answer = await fetch(endpoint, { method: "HEAD" });
    expect(answer.headers.get("content-length")).toBe("10");
    expect(body.destroyed).toBe(true);
  });

  it("turns what a handler throws into an internal error", async () => {
    const endpoint = await serve(() => Promise.reject(new Error("defect")));
    const answer = await fetch(endpoint);
    expect([answer.status, await answer.text()]).toEqual([500, "Error: defect"]);
  });

  it("breaks the connection when a body fails half-way", async () => {
    const endpoint = await serve(async () =>
      ok(
        Readable.from(
          (async function* () {
            yield Buffer.from("01234");
            throw new Error("disk");
          })(),
        ),
      ),
    );
    await expect(fetch(endpoint).then((answer) => answer.text())).rejects.toThrow();
  });

  it.each(["none", "reset"] as const)("delivers an answer in the way of %s", async (delivery) => {
    for (const body of [Buffer.from("0123456789"), Readable.from([Buffer.from("0123456789")]), undefined]) {
      const endpoint = await serve(async () => ok(body, { delivery }));
      await expect(fetch(endpoint).then((answer) => answer.text())).rejects.toThrow();
      await service.close();
    }
  });

  it("cuts an answer short without a sign", async () => {
    for (const body of [Buffer.from("0123456789"), Readable.from([Buffer.from("0123"), Buffer.from("456789")])]) {
      const endpoint = await serve(async () => ok(body, { delivery: "truncated" }));
      expect(await (await fetch(endpoint)).text()).toBe("01234");
      await service.close();
    }
  });

  it("refuses headers that are too large", async () => {
    const endpoint = await serve(async () => ok(undefined));
    const answer = await new Promise((resolve) => {
      request(endpoint, { headers: { "x-large": "a".repeat(40_000) } }, ({ statusCode }) => resolve(statusCode)).end();
    });
    expect(answer).toBe(431);
  });

  it("outlives clients that go away or talk nonsense", async () => {
    const endpoint = await serve(async (incoming) => ok(await readBody(incoming, 100)));
    const { port } = service;
    for (const text of ["nonsense\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nabc"]) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => socket.write(text, () => socket.destroy()));
        socket.on("close", () => resolve());
      });
    }
    expect(await (await fetch(endpoint, { method: "POST", body: "still here" })).text()).toBe("still here");
  });
});

describe("reading a body", () => {
  const read = async (body: NonNullable<RequestInit["body"]>): Promise<string> => {
    const endpoint = await serve(async (incoming) => {
      const bytes = await readBody(incoming, 10);
      return ok(Buffer.from(bytes === undefined ? "too large" : String(bytes)));
    });
    const answer = await fetch(endpoint, { method: "POST", body, duplex: "half" } as RequestInit);
    return answer.text();
  };

  it("stops at its limit, whether the length was declared or not", async () => {
    expect(await read("0123456789")).toBe("0123456789");
    await service.close();
    expect(await read("0123456789x")).toBe("too large");
    await service.close();
    const chunked = Readable.toWeb(Readable.from([Buffer.alloc(8), Buffer.alloc(8)])) as NonNullable<
      RequestInit["body"]
    >;
    expect(await read(chunked)).toBe("too large");
  });
});

describe("a fault", () => {
  const trace: string[] = [];
  const note = (text: string) => trace.push(text);
  const steps = {
    refuse: () => ok(Buffer.from("refused")),
    expired: () => ok(Buffer.from("expired")),
    process: async () => {
      note("processed");
      return ok(Buffer.from("done"));
    },
  };
  beforeEach(() => {
    trace.length = 0;
  });

  it("acts before or after the deed", async () => {
    await applyFault({ kind: "act-before", act: () => void note("acted") }, steps);
    expect(trace).toEqual(["acted"]);
    const reply = await applyFault({ kind: "act-after", act: () => void note("acted") }, steps);
    expect([trace, reply.delivery]).toEqual([["acted", "processed", "acted"], "none"]);
  });

  it("is asked for once a request, with its number", async () => {
    const faults = noFaults();
    const numbers: number[] = [];
    faults.plan = ({ number }) => {
      numbers.push(number);
      return number === 2 ? { kind: "expired-credentials" } : undefined;
    };
    const seen = { service: "ecs", operation: "DescribeTasks", accessKeyId: "ak" } as const;
    const replies = [await withFaults(faults, seen, steps), await withFaults(faults, seen, steps)];
    expect(numbers).toEqual([1, 2]);
    expect(replies.map(({ body }) => String(body))).toEqual(["done", "expired"]);
    faults.plan = undefined;
    await withFaults(faults, seen, steps);
    expect(faults.count).toBe(3);
  });
});
