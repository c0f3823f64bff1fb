import http from "node:http";
import https from "node:https";
import { printable } from "../printable-text.ts";
import { SourceChanged, SourceUnreadable } from "./byte-source.ts";
import type { RangeReader } from "./range-reader.ts";

/** Enough for the head of every container; the answer also tells size and ETag, so no HEAD is needed. */
const openingLengthInBytes = 4096;
const maximumRedirects = 5;
const maximumAttempts = 3;
const retryDelayInMilliseconds = 200;
const maximumSockets = 16;

/**
 * Ranges of an object behind `http:` or `https:`. Only an exact 206 is believed: OSS, as other servers, answers some
 * invalid ranges with 200 and the whole object, which may be very large (OSS: GetObject, x-oss-range-behavior).
 * Every later range must come from the same version: If-Match, and the same ETag and total size in the answer.
 */
export async function openUrl(url: string, options: { timeoutInSeconds?: number } = {}): Promise<RangeReader> {
  const connection = new Connection(parseUrl(url), (options.timeoutInSeconds ?? 20) * 1000);
  try {
    const first = await connection.get(0, openingLengthInBytes, {});
    const { etag } = first;
    const unchanged: Expected = { total: first.total, ...(etag === undefined ? {} : { etag }) };
    return {
      size: first.total,
      ...(etag === undefined ? {} : { etag }),
      opening: { bytes: first.bytes, requests: connection.requestsToOpen },
      describe: () => connection.name,
      readRange: async (offset, length) => (await connection.get(offset, length, unchanged)).bytes,
      close: async () => connection.close(),
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}

interface Expected {
  readonly total?: number;
  readonly etag?: string;
}

interface Answer {
  readonly bytes: Buffer;
  readonly total: number;
  readonly etag?: string;
}

/** Worth another try: the connection broke, or the server was busy. */
class PassingTrouble extends SourceUnreadable {}

class Connection {
  readonly name: string;
  requestsToOpen = 0;
  #url: URL;
  readonly #timeoutInMilliseconds: number;
  readonly #agents = {
    "http:": new http.Agent({ keepAlive: true, maxSockets: maximumSockets }),
    "https:": new https.Agent({ keepAlive: true, maxSockets: maximumSockets }),
  };

  constructor(url: URL, timeoutInMilliseconds: number) {
    this.#url = url;
    this.name = addressWithoutSecrets(url.href);
    this.#timeoutInMilliseconds = timeoutInMilliseconds;
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async get(offset: number, length: number, expected: Expected): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#follow(offset, length, expected);
      } catch (error) {
        if (!(error instanceof PassingTrouble) || attempt === maximumAttempts) throw error;
        await new Promise((resolve) => setTimeout(resolve, attempt * retryDelayInMilliseconds));
      }
    }
  }

  async #follow(offset: number, length: number, expected: Expected): Promise<Answer> {
    for (let redirects = 0; redirects <= maximumRedirects; redirects++) {
      if (expected.total === undefined) this.requestsToOpen += 1;
      const answer = await this.#request(offset, length, expected);
      if (!(answer instanceof URL)) return answer;
      this.#url = answer;
    }
    throw new SourceUnreadable(`${this.name} redirects more than ${maximumRedirects} times.`);
  }

  #request(offset: number, length: number, expected: Expected): Promise<Answer | URL> {
    const { protocol } = this.#url;
    const secure = protocol === "https:";
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).get(
        this.#url,
        {
          agent: this.#agents[secure ? "https:" : "http:"],
          timeout: this.#timeoutInMilliseconds,
          headers: {
            range: `bytes=${offset}-${offset + length - 1}`,
            "accept-encoding": "identity",
            "x-oss-range-behavior": "standard",
            // A weak ETag never matches If-Match (RFC 9110, 13.1.1); it is compared in the answer instead.
            ...(expected.etag === undefined || expected.etag.startsWith("W/") ? {} : { "if-match": expected.etag }),
          },
        },
        (response) => {
          const settle = (result: Answer | URL) => {
            response.resume();
            resolve(result);
          };
          const refuse = (error: Error) => {
            // Nothing more is read: the body may be the whole object.
            request.destroy();
            reject(error);
          };
          try {
            const verdict = this.#judge(response, offset, length, expected);
            if (verdict instanceof URL) return settle(verdict);
            if (verdict.length === 0) return settle({ ...verdict, bytes: Buffer.alloc(0) });
            readBody(response, verdict.length).then(
              (bytes) => resolve({ ...verdict, bytes }),
              (cause: unknown) =>
                refuse(new PassingTrouble(`${this.name} broke off in the middle of a range.`, { cause })),
            );
          } catch (error) {
            refuse(error instanceof Error ? error : new Error(String(error)));
          }
        },
      );
      request.on("timeout", () => {
        const seconds = this.#timeoutInMilliseconds / 1000;
        request.destroy(new SourceUnreadable(`${this.name} gave no answer in ${seconds} seconds.`));
      });
      request.on("error", (cause) => {
        const passing = new PassingTrouble(`${this.name} could not be reached: ${printable(cause.message)}.`, {
          cause,
        });
        reject(cause instanceof SourceUnreadable ? cause : passing);
      });
    });
  }

  /** What the status and headers say: where to go, or which bytes follow. */
  #judge(response: http.IncomingMessage, offset: number, length: number, expected: Expected): BodyExpected | URL {
    const { statusCode = 0, headers } = response;
    if ([301, 302, 303, 307, 308].includes(statusCode) && headers.location !== undefined) {
      return parseUrl(headers.location, this.#url);
    }
    const etag = headers.etag;
    const known = etag === undefined ? {} : { etag };
    const opening = expected.total === undefined;
    if (statusCode === 412) throw new SourceChanged(`${this.name} was replaced while it was being read.`);
    if (opening && (statusCode === 416 || (statusCode === 200 && headers["content-length"] === "0"))) {
      if (statusCode === 200 || headers["content-range"] === "bytes */0") return { length: 0, total: 0, ...known };
    }
    if (statusCode !== 206) throw this.#unexpectedStatus(statusCode);
    if (headers["content-encoding"] !== undefined && headers["content-encoding"] !== "identity") {
      throw new SourceUnreadable(`${this.name} is sent compressed on the way; its own bytes cannot be read.`);
    }
    const range = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(headers["content-range"] ?? "");
    const [first, last, total] = [Number(range?.[1]), Number(range?.[2]), Number(range?.[3])];
    if (range === null || first !== offset || last !== Math.min(offset + length, total) - 1) {
      const got = printable(headers["content-range"] ?? "none");
      throw new SourceUnreadable(
        `${this.name} answered the range ${offset}-${offset + length - 1} with the Content-Range ${got}.`,
      );
    }
    if (!opening && (total !== expected.total || etag !== expected.etag)) {
      throw new SourceChanged(`${this.name} was replaced while it was being read.`);
    }
    return { length: last - first + 1, total, ...known };
  }

  #unexpectedStatus(status: number): SourceUnreadable {
    const sentences = new Map([
      [200, "does not serve ranges (it answered with the whole object); download it and inspect the file"],
      [401, "asks for a login (401)"],
      [403, "may not be read with these permissions, or the signed URL has expired (403)"],
      [404, "does not exist (404)"],
    ]);
    const sentence = `${this.name} ${sentences.get(status) ?? `answered with status ${status}`}.`;
    return status >= 500 || status === 429 ? new PassingTrouble(sentence) : new SourceUnreadable(sentence);
  }
}

type BodyExpected = Omit<Answer, "bytes"> & { readonly length: number };

/** Exactly `length` bytes; fewer or more are an error. */
async function readBody(response: http.IncomingMessage, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    received += chunk.length;
    if (received > length) throw new Error(`more than ${length} bytes came`);
  }
  if (received !== length) throw new Error(`${received} of ${length} bytes came`);
  return Buffer.concat(chunks, length);
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new SourceUnreadable(`${addressWithoutSecrets(text)} is not an http or https address.`);
  }
  return url;
}

/** What of an address can be shown: a query may hold a signature, and the part before the host a password. */
export function addressWithoutSecrets(text: string): string {
  return printable(text.replace(/[?#].*$/s, "").replace(/^([a-z]+:\/*)[^/]*@/i, "$1"), 1024);
}
