import type { IncomingHttpHeaders } from "node:http";
import { type Refusal, refuse } from "./errors.ts";
import type { Parameters } from "./parameters.ts";
import { decodeForm } from "./percent-encoding.ts";

/** A request as the wire gives it. */
export interface WireRequest {
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request whose parameters are read; nothing in it is trusted yet. */
export interface ParsedRequest extends WireRequest {
  readonly path: string;
  /** Names and values of the query alone: what ACS3 signs beside headers and body. */
  readonly query: readonly (readonly [string, string])[];
  /** Query and form body together. */
  readonly parameters: Parameters;
  /** ACS3 signs in headers; RPC v1, the older scheme, in parameters. */
  readonly scheme: "acs3" | "rpc-v1";
}

const mostParameters = 1000;

export const parseRequest = (request: WireRequest): ParsedRequest | Refusal => {
  const mark = request.url.indexOf("?");
  const path = mark < 0 ? request.url : request.url.slice(0, mark);
  const query = decodeForm(mark < 0 ? "" : request.url.slice(mark + 1));
  const isForm = header(request, "content-type")?.startsWith("application/x-www-form-urlencoded") === true;
  const form = decodeForm(isForm ? request.body.toString("utf8") : "");
  if (query === undefined || form === undefined) return refuse("InvalidParameter", "(malformed percent-encoding)");
  if (query.length + form.length > mostParameters) return refuse("RequestTooLarge");
  const scheme = header(request, "authorization") === undefined ? "rpc-v1" : "acs3";
  return { ...request, path, query, parameters: new Map([...query, ...form]), scheme };
};

export const header = (request: WireRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === "string" ? value : value?.join(",");
};

/** The operation and version asked for; each scheme signs them in its own place, and only that place counts. */
export const askedFor = (request: ParsedRequest): { action: string; version: string } =>
  request.scheme === "acs3"
    ? { action: header(request, "x-acs-action") ?? "", version: header(request, "x-acs-version") ?? "" }
    : { action: request.parameters.get("Action") ?? "", version: request.parameters.get("Version") ?? "" };

/** ACS3 clients ask for JSON in `accept`; RPC v1 answers XML unless `Format=JSON` is given. */
export const wantsXml = (request: ParsedRequest): boolean =>
  (request.parameters.get("Format") ?? (request.scheme === "acs3" ? "JSON" : "XML")).toUpperCase() === "XML";
