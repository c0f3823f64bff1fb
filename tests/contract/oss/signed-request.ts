import { createHmac } from "node:crypto";
import { type IncomingHttpHeaders, request } from "node:http";
import { stringToSignV1 } from "../../../local/oss/signature-v1.ts";
import { owner } from "./embedded-target.ts";

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RawRequest {
  readonly endpoint: string;
  readonly method?: string;
  /** As it goes over the wire: already percent-coded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Sends a request exactly as it is given; `fetch` would tidy up paths and refuse to set Host. */
export const sendRaw = ({ endpoint, method = "GET", path, headers, body }: RawRequest): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(endpoint);
    const outgoing = request({ hostname, port, method, path, headers: headers ?? {}, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });

/** Signs with version 1 and sends, for what no official client says: odd paths, skewed dates, unknown sub-resources. */
export const sendSigned = (
  raw: RawRequest & { readonly bucket: string; readonly key: string; readonly date: Date },
): Promise<RawAnswer> => {
  const date = raw.date.toUTCString();
  const query = new URLSearchParams(raw.path.split("?")[1] ?? "");
  const signable = {
    method: raw.method ?? "GET",
    headers: new Map(Object.entries({ date, ...raw.headers })),
    bucket: raw.bucket,
    key: raw.key,
    query: new Map(query),
  };
  const signature = createHmac("sha1", owner.accessKeySecret).update(stringToSignV1(signable, date)).digest("base64");
  return sendRaw({ ...raw, headers: { date, ...raw.headers, authorization: `OSS ${owner.accessKeyId}:${signature}` } });
};
