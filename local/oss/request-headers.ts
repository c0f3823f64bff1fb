import type { IncomingMessage } from "node:http";
import { type Refusal, refuse } from "./errors.ts";

/** Headers of a request by lower-case name, repeated ones joined by a comma. */
export type RequestHeaders = ReadonlyMap<string, string>;

/**
 * Node reads header bytes as Latin-1. OSS clients send UTF-8 and sign it, so bytes that are UTF-8 are read as such.
 */
export const readHeaders = (request: IncomingMessage): RequestHeaders => {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? "").toLowerCase();
    const value = decodeHeader(request.rawHeaders[index + 1] ?? "");
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return headers;
};

const utf8 = new TextDecoder("utf-8", { fatal: true });

const decodeHeader = (value: string): string => {
  try {
    return utf8.decode(Buffer.from(value, "latin1"));
  } catch {
    return value;
  }
};

/** The way back: the bytes of UTF-8 as the Latin-1 text that Node wants. */
export const encodeHeader = (value: string): string => Buffer.from(value).toString("latin1");

/** Header prefixes that would change what is stored or answered, and are not honoured here. */
const unsupportedPrefixes = [
  "x-oss-server-side-encryption-customer-",
  "x-oss-copy-source-server-side-encryption-customer-",
  "x-oss-server-side-data-encryption",
  "x-oss-callback",
  "x-oss-process",
  "x-oss-object-worm",
];

const writeConditions = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

/** Refuses what changes a request's meaning and is not supported; to ignore it would be to lie to the caller. */
export const screenHeaders = (method: string, headers: RequestHeaders): Refusal | undefined => {
  for (const name of headers.keys()) {
    if (unsupportedPrefixes.some((prefix) => name.startsWith(prefix))) {
      return refuse("NotImplemented", { message: `The header ${name} is not implemented.` });
    }
    // PutObject has no write conditions in the reference or in any official SDK: x-oss-forbid-overwrite is the only one.
    if (writeConditions.includes(name) && method !== "GET" && method !== "HEAD") {
      return refuse("NotImplemented", { message: `OSS has no ${name} on a ${method} request.` });
    }
  }
  const payload = headers.get("x-oss-content-sha256") ?? "UNSIGNED-PAYLOAD";
  if (payload !== "UNSIGNED-PAYLOAD") {
    return refuse("NotImplemented", { message: "Only x-oss-content-sha256: UNSIGNED-PAYLOAD is implemented." });
  }
  return undefined;
};
