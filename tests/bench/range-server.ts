/** A file behind HTTP with ranges, as OSS serves it, with a delay before each answer. */
import { createReadStream, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface RangeServer {
  readonly url: string;
  close(): void;
}

export function serveFile(path: string, delayInMilliseconds: number): Promise<RangeServer> {
  const { size } = statSync(path);
  const server: Server = createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const first = Number(range?.[1] ?? 0);
    const last = Math.min(size - 1, Number(range?.[2] ?? size - 1));
    setTimeout(() => {
      response.writeHead(range ? 206 : 200, {
        etag: '"the-only-version"',
        "accept-ranges": "bytes",
        "content-length": last - first + 1,
        ...(range ? { "content-range": `bytes ${first}-${last}/${size}` } : {}),
      });
      if (request.method === "HEAD") response.end();
      else createReadStream(path, { start: first, end: last }).pipe(response);
    }, delayInMilliseconds);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        url: `http://127.0.0.1:${port}/image`,
        close: () => {
          server.closeAllConnections();
          server.close();
        },
      });
    });
  });
}
