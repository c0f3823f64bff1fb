import { resolveRange } from "./byte-range.ts";
import { conditionsOf, evaluateConditions } from "./conditional-headers.ts";
import { isRefusal, type Refusal, refuse } from "./errors.ts";
import { fileBody } from "./file-body.ts";
import { objectHeaders, validatorHeaders } from "./object-headers.ts";
import { type BucketContext, emptyReply, type Outcome } from "./operation-context.ts";
import { encodeHeader } from "./request-headers.ts";
import { isReadable, type ObjectVersion } from "./stored-object.ts";
import { findVersion, findVersionOf } from "./version-lookup.ts";

export const headObject = async (context: BucketContext): Outcome => {
  const target = findTarget(context);
  if (isRefusal(target)) return target;
  const { version } = target;
  return (
    checkConditions(context, version) ??
    emptyReply(200, {
      ...objectHeaders(version, context.now),
      ...target.headers,
      "Content-Length": String(version.size),
    })
  );
};

/** GetObjectMeta: ETag, length and time only. */
export const getObjectMeta = async (context: BucketContext): Outcome => {
  const version = findVersion(context);
  if (isRefusal(version)) return version;
  const length = context.request.method === "HEAD" ? { "Content-Length": String(version.size) } : {};
  return emptyReply(200, { ...validatorHeaders(version), ...length });
};

export const getObject = (context: BucketContext): Outcome =>
  // Opened while nothing can be put in its place: bytes and headers belong together.
  context.store.exclusively(context.bucket, async () => {
    const target = findTarget(context);
    if (isRefusal(target)) return target;
    const { version, key } = target;
    const unmet = checkConditions(context, version);
    if (unmet !== undefined) return unmet;
    if (!isReadable(version, context.now)) return refuse("InvalidObjectState", { details: { ObjectName: key } });
    const isStandard = context.headers.get("x-oss-range-behavior") === "standard";
    const range = resolveRange(context.headers.get("range"), version.size, isStandard);
    if (range.kind === "unsatisfiable") {
      return refuse("InvalidRange", {
        details: { ActualObjectSize: String(version.size), RangeRequested: context.headers.get("range") ?? "" },
        headers: { "Content-Range": `bytes */${version.size}` },
      });
    }
    const [start, end] = range.kind === "part" ? [range.start, range.end] : [0, version.size - 1];
    const length = end - start + 1;
    const headers = {
      ...objectHeaders(version, context.now),
      ...target.headers,
      ...overriddenHeaders(context),
      "Content-Length": String(length),
      ...(range.kind === "part" ? { "Content-Range": `bytes ${start}-${end}/${version.size}` } : {}),
    };
    const status = range.kind === "part" ? 206 : 200;
    if (length === 0) return { status, headers, body: Buffer.alloc(0) };
    const file = await context.store.openForReading(context.bucket, key, version);
    if (file === undefined) return refuse("NoSuchKey", { details: { Key: key } });
    return { status, headers, body: fileBody(file, start, length) };
  });

interface Target {
  readonly version: ObjectVersion;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The object itself, or what a symlink leads to: one step, as OSS does. */
const findTarget = (context: BucketContext): Target | Refusal => {
  const version = findVersion(context);
  if (isRefusal(version)) return version;
  if (version.symlinkTarget === undefined) return { version, key: context.key, headers: {} };
  const key = version.symlinkTarget;
  const target = findVersionOf(context, key, undefined);
  if (isRefusal(target)) return refuse("SymlinkTargetNotExist", { details: { Key: context.key, TargetKey: key } });
  if (target.symlinkTarget !== undefined) return refuse("InvalidTargetType", { details: { Key: context.key } });
  return {
    version: target,
    key,
    headers: {
      "x-oss-object-type": "Symlink",
      "x-oss-symlink-target": encodeURIComponent(key),
    },
  };
};

const checkConditions = (context: BucketContext, version: ObjectVersion) => {
  const conditions = conditionsOf((name) => context.headers.get(name));
  const validators = { etag: version.etag, lastModified: new Date(version.lastModified) };
  const result = evaluateConditions(conditions, validators);
  if (result.kind === "met") return undefined;
  if (result.kind === "failed") return refuse("PreconditionFailed", { details: { Condition: result.condition } });
  return emptyReply(304, validatorHeaders(version));
};

/** `response-content-type` and its like replace the object's own headers, as pre-signed download links ask. */
const overriddenHeaders = (context: BucketContext): Record<string, string> =>
  Object.fromEntries(
    ["Content-Type", "Content-Language", "Expires", "Cache-Control", "Content-Disposition", "Content-Encoding"].flatMap(
      (name) => {
        const value = context.query.get(`response-${name.toLowerCase()}`);
        return value === undefined || context.identity === undefined ? [] : [[name, printable(encodeHeader(value))]];
      },
    ),
  );

/** A decoded query can hold what must not stand in a header. */
const printable = (value: string): string => value.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, "");
