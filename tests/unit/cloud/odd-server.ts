import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server that answers as a test says, however wrong that is. */
export interface OddServer {
  readonly endpoint: string;
  /** The requests since the last `answer`. */
  readonly requests: readonly IncomingMessage[];
  answer(handler: (request: IncomingMessage, response: ServerResponse) => void): void;
  close(): Promise<void>;
}

export async function startOddServer(): Promise<OddServer> {
  let handler = (_: IncomingMessage, response: ServerResponse): void => void response.destroy();
  let requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    request.resume();
    request.on("end", () => handler(request, response));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    answer: (next) => {
      handler = next;
      requests = [];
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** One whole answer. */
export const reply =
  (status: number, headers: Readonly<Record<string, string>>, body: string | Buffer = "") =>
  (_: IncomingMessage, response: ServerResponse): void =>
    void response.writeHead(status, { ...headers }).end(body);

/** Some of a body, then the connection is cut. */
export const brokenOff =
  (status: number, headers: Readonly<Record<string, string>>, body: string | Buffer) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, { ...headers });
    response.write(body, () => setTimeout(() => response.destroy(), 20));
  };

/** The connection is cut before anything was answered. */
export const reset = (_: IncomingMessage, response: ServerResponse): void => void response.destroy();

/** Nothing is ever answered. */
export const silence = (): void => undefined;

/** What a proxy or load balancer says when what is behind it is gone. */
export const badGateway = reply(502, { "content-type": "text/html" }, "<html><h1>502 Bad Gateway</h1></html>");
