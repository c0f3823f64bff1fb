import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspectImage } from "../../../../shared/inspection/inspect-image.ts";
import { SourceChanged, SourceUnreadable } from "../../../../shared/inspection/source/byte-source.ts";
import { addressWithoutSecrets, openUrl } from "../../../../shared/inspection/source/http-reader.ts";

const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, at) => (at * 13) & 0xff));
type Handler = (request: IncomingMessage, response: ServerResponse, range: [number, number]) => void;

/** A server as it should be: 206, the exact Content-Range, an ETag and If-Match. */
const proper =
  (etag = '"v1"'): Handler =>
  (request, response, [first, last]) => {
    if (request.headers["if-match"] !== undefined && request.headers["if-match"] !== etag) {
      response.writeHead(412).end();
      return;
    }
    const end = Math.min(last, bytes.length - 1);
    response.writeHead(206, { etag, "content-range": `bytes ${first}-${end}/${bytes.length}` });
    response.end(bytes.subarray(first, end + 1));
  };

describe("an address", () => {
  let server: Server;
  let url = "";
  let handler: Handler = proper();
  let requests: IncomingMessage[] = [];
  beforeEach(async () => {
    requests = [];
    server = createServer((request, response) => {
      requests.push(request);
      const [first, last] = (request.headers.range ?? "bytes=0-0").replace("bytes=", "").split("-").map(Number);
      handler(request, response, [first ?? 0, last ?? 0]);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/disk.raw`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const use = (next: Handler) => {
    handler = next;
  };

  it("tells size and ETag with its first range, and later ranges must match that ETag", async () => {
    use(proper());
    const reader = await openUrl(url);
    expect(reader).toMatchObject({ size: bytes.length, etag: '"v1"' });
    expect((await reader.readRange(10_000, 100)).equals(bytes.subarray(10_000, 10_100))).toBe(true);
    expect(requests.map((request) => request.headers.range)).toEqual(["bytes=0-4095", "bytes=10000-10099"]);
    expect(requests.map((request) => request.headers["if-match"])).toEqual([undefined, '"v1"']);
    expect(requests.every((request) => request.headers["x-oss-range-behavior"] === "standard")).toBe(true);
    await reader.close?.();
  });

  it("costs a header verdict three requests and under 8 KiB, as counted by the server", async () => {
    use(proper());
    const reader = await openUrl(url);
    const { cost } = await inspectImage(reader, { depth: "header" });
    expect(requests.length).toBeLessThanOrEqual(3);
    expect(cost.requests).toBe(requests.length);
    expect(cost.bytes).toBeLessThanOrEqual(8192);
    await reader.close?.();
  });

  it("that answers a range with the whole object is refused without reading it", async () => {
    let sent = 0;
    use((_request, response) => {
      response.writeHead(200, { "content-length": String(2 ** 40) });
      const chunk = Buffer.alloc(65_536);
      const push = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on("drain", push);
      push();
    });
    await expect(openUrl(url)).rejects.toThrow("does not serve ranges");
    expect(sent).toBeLessThan(32 << 20);
  });

  it.each<[string, Handler, RegExp]>([
    [
      "another range than asked",
      (_q, r) => r.writeHead(206, { "content-range": "bytes 1-4096/20000" }).end(),
      /Content-Range/,
    ],
    [
      "a range without a total",
      (_q, r) => r.writeHead(206, { "content-range": "bytes 0-4095/*" }).end(),
      /Content-Range/,
    ],
    ["no Content-Range", (_q, r) => r.writeHead(206).end(), /Content-Range none/],
    [
      "compressed bytes",
      (_q, r) => r.writeHead(206, { "content-range": "bytes 0-9/10", "content-encoding": "gzip" }).end(),
      /compressed/,
    ],
    ["404", (_q, r) => r.writeHead(404).end(), /does not exist \(404\)/],
    ["403", (_q, r) => r.writeHead(403).end(), /permissions/],
    ["a redirect to a file", (_q, r) => r.writeHead(302, { location: "file:///etc/passwd" }).end(), /not an http/],
    ["redirects without end", (_q, r) => r.writeHead(302, { location: "/again" }).end(), /more than 5 times/],
  ])("that answers with %s is unreadable", async (_name, answer, sentence) => {
    use(answer);
    const error = await openUrl(url).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(SourceUnreadable);
    expect(error).toHaveProperty("message", expect.stringMatching(sentence));
  });

  it("that redirects is followed, and the new place is remembered", async () => {
    use((request, response, range) =>
      request.url === "/disk.raw"
        ? response.writeHead(307, { location: "/moved" }).end()
        : proper()(request, response, range),
    );
    const reader = await openUrl(url);
    await reader.readRange(5000, 10);
    expect(requests.map((request) => request.url)).toEqual(["/disk.raw", "/moved", "/moved"]);
    expect(reader.opening?.requests).toBe(2);
    await reader.close?.();
  });

  it.each([
    ["with If-Match", '"v1"', '"v2"'],
    ["with a weak ETag", 'W/"v1"', 'W/"v2"'],
  ])("whose object is replaced has changed (%s)", async (_name, before, after) => {
    use(proper(before));
    const reader = await openUrl(url);
    use(proper(after));
    await expect(reader.readRange(5000, 10)).rejects.toThrow(SourceChanged);
    await reader.close?.();
  });

  it.each<[string, Handler]>([
    ["416", (_q, r) => r.writeHead(416, { "content-range": "bytes */0" }).end()],
    ["an empty 200", (_q, r) => r.writeHead(200, { "content-length": "0" }).end()],
  ])("of an empty object is an empty source (%s)", async (_name, answer) => {
    use(answer);
    const reader = await openUrl(url);
    expect(reader.size).toBe(0);
    const report = await inspectImage(reader, { depth: "full" });
    expect(report.findings.map((found) => found.code)).toEqual(["image.empty"]);
    await reader.close?.();
  });

  it("that breaks off or is busy is tried again", async () => {
    use(proper());
    const reader = await openUrl(url);
    const troubles: Handler[] = [(_q, response) => response.destroy(), (_q, response) => response.writeHead(503).end()];
    use((request, response, range) => (troubles.shift() ?? proper())(request, response, range));
    expect((await reader.readRange(5000, 10)).equals(bytes.subarray(5000, 5010))).toBe(true);
    expect(requests.length).toBe(4);
    await reader.close?.();
  });

  it("that sends fewer bytes than it says is unreadable in the end", async () => {
    use(proper());
    const reader = await openUrl(url);
    use((_q, response, [first, last]) => {
      response.writeHead(206, { etag: '"v1"', "content-range": `bytes ${first}-${last}/${bytes.length}` });
      response.end(bytes.subarray(first, last));
    });
    await expect(reader.readRange(5000, 10)).rejects.toThrow("broke off");
    await reader.close?.();
  });

  it("that gives no answer is unreadable after the timeout", async () => {
    use(() => undefined);
    await expect(openUrl(url, { timeoutInSeconds: 0.05 })).rejects.toThrow("gave no answer in 0.05 seconds");
  });

  it("is described without its password and signature", async () => {
    use(proper());
    const reader = await openUrl(`${url.replace("//", "//user:secret@")}?Signature=abc`);
    expect(reader.describe()).toBe(url);
    await reader.close?.();
  });

  it("does not give its password to the place that it redirects to", async () => {
    const elsewhere = url.replace("127.0.0.1", "localhost");
    use((request, response, range) =>
      request.headers.host?.startsWith("127.") === true
        ? response.writeHead(302, { location: elsewhere }).end()
        : proper()(request, response, range),
    );
    const reader = await openUrl(url.replace("//", "//user:secret@"));
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([expect.stringMatching(/^Basic /), undefined]);
    await reader.close?.();
  });

  it.each([
    ["https://user:pass@host/a/b?Signature=s#f", "https://host/a/b"],
    ["https://user:p@ss@bad host/x", "https://bad host/x"],
    ["http://host/a@b?x", "http://host/a@b"],
    ["file:///etc/passwd", "file:///etc/passwd"],
    ["http://h/\u001b[31m", "http://h/?[31m"],
  ])("%j is shown as %j", (text, shown) => {
    expect(addressWithoutSecrets(text)).toBe(shown);
  });

  it.each(["ftp://host/disk", "disk.qcow2", "http://"])("%s is no address", async (text) => {
    await expect(openUrl(text)).rejects.toThrow("not an http or https address");
  });
});
