import { isIP } from "node:net";
import { type Refusal, refuse } from "./errors.ts";

/** Where a request points: the bucket and key, decoded, and the query. */
export interface RequestTarget {
  /** Empty for the service itself. */
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** Host name without port, as the client wrote it. */
  readonly host: string;
  /** The region that the host name speaks for, when it is one of OSS's own. */
  readonly hostRegion: string | undefined;
}

/**
 * Finds bucket, key and query. A host name's first label is the bucket (`<bucket>.<anything>`), unless the host is an
 * OSS endpoint itself; an IP address or `localhost` means path style. ali-oss with an IP endpoint connects to the
 * address but sends `Host: <bucket>.oss-<region>.aliyuncs.com`, with an empty first label when there is no bucket.
 */
export const resolveTarget = (hostHeader: string | undefined, url: string): RequestTarget | Refusal => {
  const host = hostName(hostHeader ?? "");
  const hostRegion = /(?:^|\.)oss-([a-z]+(?:-[a-z0-9]+)*?)(?:-internal)?\.aliyuncs\.com$/.exec(host)?.[1];
  const [rawPath = "", rawQuery = ""] = splitOnce(url, "?");
  if (!rawPath.startsWith("/")) return refuse("InvalidURI");
  const path = decode(rawPath.slice(1));
  const query = parseQuery(rawQuery);
  if (path === undefined) return refuse("InvalidObjectName", { message: "The object name is not valid UTF-8." });
  if (query === undefined) return refuse("InvalidURI");
  if (isIP(host) !== 0 || host === "localhost" || host === "") {
    const [bucket = "", key = ""] = splitOnce(path, "/");
    return { bucket, key, query, host, hostRegion };
  }
  const isEndpoint = /^(?:oss|s3\.oss)-[a-z0-9-]+\.aliyuncs\.com$/.test(host);
  return { bucket: isEndpoint ? "" : (host.split(".")[0] ?? ""), key: path, query, host, hostRegion };
};

const hostName = (header: string): string => {
  if (header.startsWith("[")) return header.slice(1).split("]")[0] ?? "";
  return (header.split(":")[0] ?? "").toLowerCase();
};

const splitOnce = (text: string, separator: string): string[] => {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
};

/** `+` means a space, in OSS's paths too. `undefined` when the text is not percent-coded UTF-8. */
const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.replaceAll("+", "%20"));
  } catch {
    return undefined;
  }
};

const parseQuery = (raw: string): Map<string, string> | undefined => {
  const query = new Map<string, string>();
  for (const pair of raw.split("&")) {
    const [name, value] = splitOnce(pair, "=").map(decode);
    if (pair === "") continue;
    if (name === undefined || (value === undefined && pair.includes("="))) return undefined;
    if (!query.has(name)) query.set(name, value ?? "");
  }
  return query;
};
