/** Requests that the official clients cannot say: skewed, replayed, forged, by GET, or malformed. */
import { createHash, createHmac, randomUUID } from "node:crypto";
import { systemClock } from "../../../shared/clock.ts";
import type { Credentials } from "./generic-client.ts";

export interface HandMade {
  readonly action?: string;
  readonly version?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** How far the caller's clock is ahead of the machine's. */
  readonly minutesOff?: number;
  readonly timestamp?: string;
  readonly nonce?: string;
  readonly method?: "GET" | "POST";
  readonly path?: string;
  /** Taken in place of the right signature. */
  readonly signature?: string;
  readonly body?: string;
  /** RPC v1: send the parameters as a form body. */
  readonly form?: boolean;
  /** RPC v1: the answer's format. */
  readonly format?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

const strict = (value: string): string =>
  encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const query = (parameters: Readonly<Record<string, string>>): string =>
  Object.keys(parameters)
    .sort()
    .map((name) => `${strict(name)}=${strict(parameters[name] ?? "")}`)
    .join("&");

const timestamp = ({ minutesOff = 0, timestamp }: HandMade): string =>
  timestamp ?? new Date(systemClock.now().getTime() + minutesOff * 60_000).toISOString().replace(/\.\d+Z$/, "Z");
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const answer = async (response: Response): Promise<RawAnswer> => {
  const text = await response.text();
  const json = text.startsWith("{") ? JSON.parse(text) : {};
  return { status: response.status, headers: response.headers, text, json };
};

export const sendAcs3 = async (
  endpoint: string,
  credentials: Credentials,
  request: HandMade = {},
): Promise<RawAnswer> => {
  const { method = "POST", path = "/", parameters = { RegionId: "cn-hangzhou" }, body = "" } = request;
  const headers: Record<string, string> = {
    host: endpoint,
    "x-acs-action": request.action ?? "DescribeTasks",
    "x-acs-version": request.version ?? "2014-05-26",
    "x-acs-date": timestamp(request),
    "x-acs-signature-nonce": request.nonce ?? randomUUID(),
    "x-acs-content-sha256": sha256(body),
    ...(credentials.securityToken === undefined ? {} : { "x-acs-security-token": credentials.securityToken }),
  };
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}`);
  const canonical = [method, path, query(parameters), ...lines, "", names.join(";"), sha256(body)].join("\n");
  const signature = createHmac("sha256", credentials.accessKeySecret)
    .update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`)
    .digest("hex");
  const authorization = `ACS3-HMAC-SHA256 Credential=${credentials.accessKeyId},SignedHeaders=${names.join(";")},Signature=${request.signature ?? signature}`;
  const url = `http://${endpoint}${path}?${query(parameters)}`;
  return answer(await fetch(url, { method, headers: { ...headers, authorization }, ...(body === "" ? {} : { body }) }));
};

export const sendRpcV1 = async (
  endpoint: string,
  credentials: Credentials,
  request: HandMade = {},
): Promise<RawAnswer> => {
  const { method = "GET", form = false } = request;
  const unsigned: Record<string, string> = {
    Action: request.action ?? "DescribeTasks",
    Version: request.version ?? "2014-05-26",
    ...(request.format === undefined ? {} : { Format: request.format }),
    AccessKeyId: credentials.accessKeyId,
    ...(credentials.securityToken === undefined ? {} : { SecurityToken: credentials.securityToken }),
    SignatureMethod: "HMAC-SHA1",
    SignatureVersion: "1.0",
    SignatureNonce: request.nonce ?? randomUUID(),
    Timestamp: timestamp(request),
    ...(request.parameters ?? { RegionId: "cn-hangzhou" }),
  };
  const stringToSign = `${method}&%2F&${strict(query(unsigned))}`;
  const right = createHmac("sha1", `${credentials.accessKeySecret}&`).update(stringToSign).digest("base64");
  const signed = query({ ...unsigned, Signature: request.signature ?? right });
  if (!form) return answer(await fetch(`http://${endpoint}/?${signed}`, { method }));
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return answer(await fetch(`http://${endpoint}/`, { method: "POST", headers, body: signed }));
};
