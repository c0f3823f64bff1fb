/** Reads what triggered the function: OSS's native trigger, or EventBridge's CloudEvents. No byte of it is trusted. */
import { hasDotPart } from "../../shared/importing/object-kind.ts";

/** One object event, reduced to what we use. */
export interface ObjectEvent {
  readonly region: string;
  readonly bucket: string;
  /** As delivered: raw UTF-8 by all samples; see `decodedKey` for the other reading. */
  readonly key: string;
  /** Upper-case, without quotes; empty when the event has none. */
  readonly etag: string;
  /** e.g. `ObjectCreated:PutObject`. */
  readonly name: string;
  /** The bucket's owner, where the event names it. */
  readonly ownerAccountId: string | undefined;
  /** What the bucket's ARN says of it, where the event has one of the usual form; either may be empty. */
  readonly arn: { readonly region: string; readonly accountId: string } | undefined;
}

export interface ParsedEvents {
  readonly events: readonly ObjectEvent[];
  /** One sentence for each thing that is not an object event. */
  readonly malformed: readonly string[];
}

const maximumEventInBytes = 1024 * 1024;
const maximumRecords = 1000;

/** All object events in an FC event: `{events: […]}`, one CloudEvent, or an array of either. Never throws. */
export function parseObjectEvents(payload: Uint8Array): ParsedEvents {
  if (payload.length > maximumEventInBytes)
    return malformed(`the event has ${payload.length} bytes, more than ${maximumEventInBytes}`);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(payload).toString("utf8"));
  } catch (error) {
    return malformed(`the event is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const records = recordsIn(json);
  if (!records) return malformed("the event has neither `events` nor the `data` of a CloudEvent");
  if (records.length > maximumRecords)
    return malformed(`the event has ${records.length} records, more than ${maximumRecords}`);
  const events: ObjectEvent[] = [];
  const problems: string[] = [];
  for (const [index, record] of records.entries()) {
    const parsed = objectEvent(record);
    if (typeof parsed === "string") problems.push(`record ${index} ${parsed}`);
    else events.push(parsed);
  }
  return { events, malformed: problems };
}

/** The other reading of a key, for events whose keys are URL-encoded: undefined when there is none that can be asked for. */
export function decodedKey(key: string): string | undefined {
  if (!key.includes("%")) return undefined;
  try {
    const decoded = decodeURIComponent(key);
    return decoded === key || hasDotPart(decoded) ? undefined : decoded;
  } catch {
    return undefined;
  }
}

const malformed = (problem: string): ParsedEvents => ({ events: [], malformed: [problem] });

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function recordsIn(json: unknown): readonly unknown[] | undefined {
  if (Array.isArray(json)) return json.flatMap((item) => recordsIn1(item) ?? [item]);
  return recordsIn1(json);
}

function recordsIn1(json: unknown): readonly unknown[] | undefined {
  if (!isObject(json)) return undefined;
  if (Array.isArray(json["events"])) return json["events"];
  if ("data" in json) return [dataOf(json["data"])];
  return undefined;
}

/** `data` is one record of the native form; some transports carry it as JSON text. */
function dataOf(data: unknown): unknown {
  if (typeof data !== "string") return data;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function objectEvent(record: unknown): ObjectEvent | string {
  if (!isObject(record)) return "is not an object";
  const oss = record["oss"];
  if (!isObject(oss)) return "has no `oss`";
  const { bucket, object } = oss;
  if (!isObject(bucket) || !isObject(object)) return "has no `oss.bucket` or `oss.object`";
  const bucketName = text(bucket["name"], 63);
  if (!bucketName) return "has no `oss.bucket.name`";
  const key = deliveredKey(object["key"]);
  if (key === undefined) return "has no `oss.object.key` of 1 to 1023 bytes";
  const name = text(record["eventName"], 100);
  if (!name) return "has no `eventName`";
  // One documented sample nests `region` inside `oss`.
  const region = text(record["region"] ?? oss["region"], 50);
  if (!region) return "has no `region`";
  return {
    region: plainRegion(region),
    bucket: bucketName,
    key,
    etag: (text(object["eTag"], 100) ?? "").replaceAll('"', "").toUpperCase(),
    name: name.replace(/^oss:/, ""),
    ownerAccountId: text(bucket["ownerIdentity"], 50),
    arn: bucketArn(bucket["arn"]),
  };
}

/** `acs:oss:REGION:ACCOUNT:BUCKET`. Its bucket is not compared: a documented sample has one that differs from `name`. */
function bucketArn(value: unknown): ObjectEvent["arn"] {
  const [acs, oss, region, accountId, bucket, ...more] = (text(value, 200) ?? "").split(":");
  if (acs !== "acs" || oss !== "oss" || region === undefined || accountId === undefined) return undefined;
  return bucket === undefined || more.length > 0 ? undefined : { region: plainRegion(region), accountId };
}

/** OSS's own names of regions begin with `oss-`. */
const plainRegion = (region: string): string => region.replace(/^oss-/, "");

const maximumKeyInBytes = 1023;

/** A key of an object, which may be longer than objects' keys only where it is encoded. */
function deliveredKey(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  if (Buffer.byteLength(value) <= maximumKeyInBytes) return value;
  const decoded = value.length <= 3 * maximumKeyInBytes ? decodedKey(value) : undefined;
  return decoded !== undefined && Buffer.byteLength(decoded) <= maximumKeyInBytes ? decoded : undefined;
}

const text = (value: unknown, maximumLength: number): string | undefined =>
  typeof value === "string" && value !== "" && value.length <= maximumLength ? value : undefined;
