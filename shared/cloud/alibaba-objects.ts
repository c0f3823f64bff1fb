import OSS from "ali-oss";
import { SourceChanged } from "../inspection/source/byte-source.ts";
import { type OssOptions, ossClientOptions } from "./alibaba-oss-client.ts";
import { CloudError, isCloudError, noAnswer, withoutRequest } from "./cloud-error.ts";
import { crc64Text } from "./crc64.ts";
import type { BucketSummary, ListedObject, ObjectFacts, ObjectRef, ObjectStore } from "./ports.ts";

/** OSS through the official client, with V4 signatures. */
export function alibabaObjects(options: OssOptions): ObjectStore {
  const clients = new Map<string, OSS>();
  const clientOf = (bucket: string): OSS => {
    const known = clients.get(bucket);
    if (known) return known;
    const client = new OSS(ossClientOptions(options, bucket));
    clients.set(bucket, client);
    return client;
  };

  const stat: ObjectStore["stat"] = async ({ bucket, key }) => {
    const answer = await absentIs(undefined, clientOf(bucket).head(key), objectIsAbsent);
    return answer && objectFacts(answer.res.headers);
  };

  /** The client does not read why a GET was refused. Where HEAD is allowed, the reason is in the object itself. */
  const refusalOfRead = async (error: unknown, object: ObjectRef): Promise<unknown> => {
    if (!isCloudError(error) || error.code !== "Http403") return error;
    const facts = await stat(object).catch(() => undefined);
    if (!facts) return error;
    const { key } = object;
    if (facts.type === "Symlink") return symlink(key);
    const { status, requestId } = error;
    const refused = { service: "oss", status, requestId, cause: error } as const;
    return facts.storageClass.includes("Archive") && !facts.restored
      ? new CloudError({
          ...refused,
          code: "InvalidObjectState",
          message: `${key} lies in ${facts.storageClass} storage`,
        })
      : new CloudError({ ...refused, code: "AccessDenied", message: `OSS refuses to hand out ${key}` });
  };

  return {
    stat,

    async read(object, maximumBytes) {
      const { bucket, key } = object;
      const answer = await absentIs(undefined, clientOf(bucket).getStream(key), objectIsAbsent).catch(async (error) => {
        throw await refusalOfRead(error, object);
      });
      if (!answer) return undefined;
      const headers = headersOf(answer.res);
      // GetObject follows links, with the target's bytes and length and the link's own other headers.
      if (headers["x-oss-object-type"] === "Symlink") {
        (answer.stream as { destroy?: () => void }).destroy?.();
        throw symlink(key);
      }
      const body = await collect(answer.stream, maximumBytes, key);
      // The beginning of a manifest can be a good manifest too: half an answer must not pass for the whole.
      const checksum = headers["x-oss-hash-crc64ecma"];
      if (checksum !== undefined && checksum !== crc64Text(body))
        throw unread(`OSS sent ${body.length} bytes of ${key} that do not have its checksum`);
      return { body, etag: bareEtag(headers["etag"]) };
    },

    async readRange({ bucket, key }, { offset, length, etag }) {
      const end = offset + length - 1;
      // An invalid range answers 200 with the whole object unless the standard behaviour is asked for.
      const headers = { Range: `bytes=${offset}-${end}`, "If-Match": `"${etag}"`, "x-oss-range-behavior": "standard" };
      const answer = await translated(clientOf(bucket).getStream(key, { headers } as OSS.GetStreamOptions), (error) => {
        if (error.status === 412 || error.code === "PreconditionFailed")
          throw new SourceChanged(`${key} was replaced while it was read`);
        return false;
      });
      const { status } = answer.res as { status?: number };
      const range = headersOf(answer.res)["content-range"];
      if (status !== 206 || !range?.startsWith(`bytes ${offset}-${end}/`)) {
        (answer.stream as { destroy?: () => void }).destroy?.();
        throw new CloudError({
          service: "oss",
          code: "RangeNotHonoured",
          status,
          message: `OSS answered ${status} with Content-Range ${range} to bytes ${offset}-${end}`,
        });
      }
      const body = await collect(answer.stream, length, key);
      if (body.length !== length) throw unread(`OSS sent ${body.length} of ${length} bytes`);
      return body;
    },

    async create({ bucket, key }, body) {
      const headers = { "x-oss-forbid-overwrite": "true" };
      const put = clientOf(bucket).put(key, Buffer.from(body), {
        headers,
        mime: "application/json",
      } as OSS.PutObjectOptions);
      return (await absentIs(undefined, put, (error) => error.code === "FileAlreadyExists")) !== undefined;
    },

    async put({ bucket, key }, body, contentType) {
      await translated(clientOf(bucket).put(key, Buffer.from(body), { mime: contentType } as OSS.PutObjectOptions));
    },

    async delete({ bucket, key }) {
      await translated(clientOf(bucket).delete(key));
    },

    async list(bucket, { prefix, delimiter, startAfter, limit }) {
      // An empty prefix is left out: clients and service differ in how they sign an empty parameter.
      const query = {
        // XML 1.0 cannot carry most control characters, so a key that has one would come back as another key.
        "encoding-type": "url",
        "max-keys": String(limit ?? 1000),
        ...(prefix === "" ? {} : { prefix }),
        ...(delimiter ? { delimiter } : {}),
        ...(startAfter ? { "start-after": startAfter } : {}),
      };
      const answer = await translated(clientOf(bucket).listV2(query as OSS.ListV2ObjectsQuery));
      const objects = (answer.objects ?? []).map(listedObject);
      return { objects, more: answer.isTruncated === true };
    },

    async bucket(name) {
      const info = await absentIs(
        undefined,
        clientOf(name).getBucketInfo(name),
        (error) => error.code === "NoSuchBucket",
      );
      return info && bucketSummary(info.bucket);
    },
  };
}

interface OssFault {
  readonly code: string;
  readonly status: number | undefined;
}

const symlink = (key: string): CloudError =>
  new CloudError({ service: "oss", code: "Symlink", message: `${key} is a symbolic link` });

const objectIsAbsent = (error: OssFault): boolean =>
  error.code === "NoSuchKey" || error.code === "SymlinkTargetNotExist";

async function absentIs<T, A>(absent: A, call: Promise<T>, isAbsent: (error: OssFault) => boolean): Promise<T | A> {
  let found = true;
  const result = await translated(call, (error) => {
    found = !isAbsent(error);
    return !found;
  });
  return found ? result : absent;
}

/** Turns the client's errors into CloudErrors; `expected` may throw its own error or swallow one by returning true. */
async function translated<T>(call: Promise<T>, expected?: (error: OssFault) => boolean): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const fault = asCloudError(error);
    if (expected?.(fault)) return undefined as T;
    throw fault;
  }
}

function asCloudError(error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  const { code, status, requestId, message } = (error ?? {}) as {
    code?: unknown;
    status?: unknown;
    requestId?: unknown;
    message?: unknown;
  };
  const answered = typeof status === "number" && status > 0;
  // Of an answer to GET or HEAD the client reads no body: such a refusal has no code.
  const own = answered && typeof code === "string" && code !== "Unknown" ? code : undefined;
  // Neither a 5xx nor an answer that is not OSS's says whether the request was processed.
  const refused = answered && status < 500 && status !== 408 && (own !== undefined || status >= 400);
  const text = typeof message === "string" ? withoutRequest(message).slice(0, 500) : String(error);
  return new CloudError({
    service: "oss",
    code: own ?? (refused ? `Http${status}` : noAnswer),
    message: own || !answered ? text : `OSS answered with status ${status} and no reason that can be read`,
    status: answered ? status : undefined,
    requestId: typeof requestId === "string" ? requestId : undefined,
    outcomeUnknown: !refused,
    cause: error,
  });
}

const unread = (message: string): CloudError =>
  new CloudError({ service: "oss", code: noAnswer, message, outcomeUnknown: true });

async function collect(stream: unknown, maximumBytes: number, key: string): Promise<Buffer> {
  const source = stream as AsyncIterable<Buffer> & { destroy?: () => void };
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    for await (const chunk of source) {
      total += chunk.length;
      if (total > maximumBytes)
        throw new CloudError({
          service: "oss",
          code: "TooLarge",
          message: `${key} is larger than ${maximumBytes} bytes`,
        });
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof CloudError
      ? error
      : unread(`the answer for ${key} broke off: ${error instanceof Error ? error.message : error}`);
  } finally {
    source.destroy?.();
  }
  return Buffer.concat(chunks);
}

const headersOf = (response: unknown): Record<string, string | undefined> =>
  (response as { headers: Record<string, string | undefined> }).headers;

const bareEtag = (etag: string | undefined): string => (etag ?? "").replaceAll('"', "").toUpperCase();

function objectFacts(rawHeaders: object): ObjectFacts {
  const headers = rawHeaders as Record<string, string | undefined>;
  const metadata: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith("x-oss-meta-") && typeof value === "string") metadata[name.slice("x-oss-meta-".length)] = value;
  }
  return {
    size: Number(headers["content-length"] ?? Number.NaN),
    etag: bareEtag(headers["etag"]),
    crc64: headers["x-oss-hash-crc64ecma"],
    lastModified: new Date(headers["last-modified"] ?? 0),
    storageClass: headers["x-oss-storage-class"] ?? "Standard",
    restored: (headers["x-oss-restore"] ?? "").includes('ongoing-request="false"'),
    encryption: headers["x-oss-server-side-encryption"],
    type: headers["x-oss-object-type"] ?? "Normal",
    metadata,
  };
}

/** A space may come as `+`, as in the form encoding; a plus sign comes as %2B. */
const decodedKey = (encoded: string): string => decodeURIComponent(encoded.replaceAll("+", "%20"));

const listedObject = (entry: OSS.ObjectMeta): ListedObject => ({
  key: decodedKey(entry.name),
  size: Number(entry.size),
  etag: bareEtag(entry.etag),
  lastModified: new Date(entry.lastModified),
});

function bucketSummary(info: unknown): BucketSummary {
  const { Location, Versioning, ServerSideEncryptionRule } = info as {
    Location?: string;
    Versioning?: string;
    ServerSideEncryptionRule?: { SSEAlgorithm?: string };
  };
  const algorithm = ServerSideEncryptionRule?.SSEAlgorithm;
  return {
    region: (Location ?? "").replace(/^oss-/, ""),
    versioning: Versioning === "Enabled" || Versioning === "Suspended" ? Versioning : "Off",
    encryption: algorithm && algorithm !== "None" ? algorithm : undefined,
  };
}
