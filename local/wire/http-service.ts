/**
 * The HTTP layer of every embedded service: a server on 127.0.0.1, answers as values, and faults carried out as
 * `faults.ts` words them.
 *
 * A service gives one `handle` function. Protocol outcomes, errors included, are returned as a `Reply`, never thrown;
 * what is thrown is a defect and becomes `internalError(error)`. Once a service knows which operation a request asks
 * for, and has checked who asks, it runs it through `withFaults`:
 *
 * ```ts
 * const service = await startHttpService({
 *   port: 0,
 *   clock,
 *   handle: async (request) => {
 *     const operation = detect(request);
 *     return withFaults(faults, { service: "ecs", operation, accessKeyId, parameters }, {
 *       refuse: (fault) => errorReply(fault.status, fault.code, fault.message, fault.headers),
 *       expired: () => errorReply(403, "InvalidSecurityToken.Expired", "…"),
 *       process: () => operations[operation](request),
 *     });
 *   },
 *   internalError: (error) => errorReply(500, "InternalError", "…"),
 * });
 * service.endpoint; // "http://127.0.0.1:49152"
 * await service.close();
 * ```
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as realDelay } from "node:timers/promises";
import type { Clock } from "../../shared/clock.ts";
import type { Fault, Faults, RequestSeen } from "./faults.ts";

/** How much of a reply reaches the client; anything but `whole` is a fault. */
export type Delivery = "whole" | "none" | "reset" | "truncated";

export interface Reply {
  readonly status: number;
  /** `Content-Length` is filled in for a buffer; a stream needs its own (or is sent chunked). `Date` is filled in. */
  readonly headers: Readonly<Record<string, string>>;
  /** Not sent in answer to HEAD. A stream is destroyed when the client goes away. */
  readonly body?: Buffer | Readable;
  readonly delivery?: Delivery;
}

export type RefuseFault = Extract<Fault, { readonly kind: "refuse" | "refuse-after" }>;

export interface FaultSteps {
  /** The service's own error shape around the status, code, message and headers of the fault. */
  refuse(fault: RefuseFault): Reply;
  /** The service's own answer to credentials that have expired. */
  expired(): Reply;
  process(): Promise<Reply>;
}

/** Counts the request, asks the plan, and carries its answer out. Call it once for every request. */
export const withFaults = (faults: Faults, seen: Omit<RequestSeen, "number">, steps: FaultSteps): Promise<Reply> => {
  faults.count += 1;
  return applyFault(faults.plan?.({ ...seen, number: faults.count }), steps);
};

/** Carries one fault out, or none: see the kinds in `faults.ts`. */
export const applyFault = async (fault: Fault | undefined, steps: FaultSteps): Promise<Reply> => {
  switch (fault?.kind) {
    case undefined:
      return steps.process();
    case "refuse":
      return steps.refuse(fault);
    case "refuse-after":
      discard(await steps.process());
      return steps.refuse(fault);
    case "expired-credentials":
      return steps.expired();
    case "html-502":
      return badGateway;
    case "lost-answer":
      return { ...(await steps.process()), delivery: "none" };
    case "reset-in-body":
      return { ...(await steps.process()), delivery: "reset" };
    case "truncated-200":
      return { ...(await steps.process()), delivery: "truncated" };
    case "slow": {
      const reply = await steps.process();
      await realDelay(fault.milliseconds);
      return reply;
    }
    case "act-before":
      await fault.act();
      return { status: 500, headers: {}, delivery: "none" };
    case "act-after": {
      const reply = await steps.process();
      await fault.act();
      return { ...reply, delivery: "none" };
    }
  }
};

/** A stream that nobody will read may hold a file open. */
const discard = ({ body }: Reply): void => {
  if (body instanceof Readable) body.destroy();
};

const badGateway: Reply = {
  status: 502,
  headers: { "Content-Type": "text/html" },
  body: Buffer.from("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"),
};

export interface HttpServiceOptions {
  /** 0 takes any free port. A port in use rejects with Node's `EADDRINUSE` error. */
  readonly port: number;
  readonly clock: Clock;
  handle(request: IncomingMessage): Promise<Reply>;
  internalError(error: unknown): Reply;
}

export interface HttpService {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly port: number;
  /** Cuts open connections and resolves when no handler runs any more. */
  close(): Promise<void>;
}

/** Headers above this size are answered 431 by Node. OSS allows 8 KB of user metadata and the signature beside it. */
const maximumHeadersInBytes = 32 * 1024;

export const startHttpService = async (options: HttpServiceOptions): Promise<HttpService> => {
  const running = new Set<Promise<void>>();
  // A 10 GiB upload may take longer than Node's five minutes for a whole request.
  const server = createServer({ maxHeaderSize: maximumHeadersInBytes, requestTimeout: 0 }, (request, response) => {
    const answered = answer(options, request, response).finally(() => running.delete(answered));
    running.add(answered);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server listens on no port.");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    port: address.port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await Promise.all(running);
    },
  };
};

const answer = async (
  options: HttpServiceOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  request.on("error", () => {}); // A client that goes away is seen by whoever reads the body.
  response.on("error", () => {});
  let reply: Reply;
  try {
    reply = await options.handle(request);
  } catch (error) {
    reply = options.internalError(error);
  }
  try {
    await send(options.clock, request, response, reply);
  } catch {
    response.destroy(); // The client went away, or the body failed half-way: there is nobody left to tell.
  } finally {
    discard(reply);
  }
};

const send = async (clock: Clock, request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> => {
  if (reply.delivery === "none") {
    response.destroy();
    return;
  }
  const body = request.method === "HEAD" ? undefined : reply.body;
  const length = body instanceof Buffer ? body.length : Number(reply.headers["Content-Length"] ?? 0);
  response.sendDate = false;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  response.setHeader("Date", clock.now().toUTCString());
  if (body instanceof Buffer || reply.body === undefined) {
    if (!response.hasHeader("Content-Length") && mayHaveBody(reply.status))
      response.setHeader("Content-Length", length);
  }
  response.statusCode = reply.status;
  if (reply.delivery === "reset") return resetInBody(response, body, Math.floor(length / 2));
  if (reply.delivery === "truncated" && body !== undefined && length > 0) {
    const kept = Math.floor(length / 2);
    response.setHeader("Content-Length", kept);
    return pipeline(Readable.from(firstBytes(body, kept)), response);
  }
  if (body instanceof Readable) return pipeline(body, response);
  response.end(body);
};

const mayHaveBody = (status: number): boolean => status >= 200 && status !== 204 && status !== 304;

/** Sends headers and `length` bytes of the body, or half a status line when there is no body; then resets. */
const resetInBody = async (
  response: ServerResponse,
  body: Buffer | Readable | undefined,
  length: number,
): Promise<void> => {
  const { socket } = response;
  if (socket === null) return;
  if (body === undefined || length === 0) {
    socket.write(`HTTP/1.1 ${response.statusCode} `);
  } else {
    for await (const chunk of firstBytes(body, length)) response.write(chunk);
  }
  // A reset discards what the peer has not read yet, so give it a moment to read.
  await realDelay(20);
  socket.resetAndDestroy();
};

async function* firstBytes(body: Buffer | Readable, length: number): AsyncGenerator<Buffer> {
  if (body instanceof Buffer) {
    yield body.subarray(0, length);
    return;
  }
  let left = length;
  for await (const chunk of body) {
    const bytes: Buffer = Buffer.from(chunk);
    yield bytes.subarray(0, left);
    left -= bytes.length;
    if (left <= 0) return;
  }
}

/** The whole body of a request, or `undefined` once it is larger than `limitInBytes`. Rejects when the client goes away. */
export const readBody = async (request: IncomingMessage, limitInBytes: number): Promise<Buffer | undefined> => {
  if (Number(request.headers["content-length"] ?? 0) > limitInBytes) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not destroy the connection: the refusal has yet to be sent over it.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes: Buffer = chunk;
    size += bytes.length;
    if (size > limitInBytes) {
      request.resume();
      return undefined;
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
};
