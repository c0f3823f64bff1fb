import { randomUUID } from "node:crypto";
import { systemClock } from "../../shared/clock.ts";
import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import type { Cloud, FunctionService } from "../../shared/cloud/ports.ts";
import { failureOf } from "../../shared/importing/failure.ts";
import { type ImportDeps, isRetryLater } from "../../shared/importing/import-deps.ts";
import type { Log } from "../../shared/log/log.ts";
import { printable } from "../../shared/manifest/source-tree.ts";
import { importDepsOf } from "../../shared/runtime/import-deps-of.ts";
import {
  type Connection,
  type ConnectionOptions,
  connectionFrom,
  embeddedInstead,
  openCloud,
  openFunctions,
  refuseBucketName,
  refuseDotPart,
} from "../connection.ts";
import { type Output, Unasked } from "../outcome.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the operator's commands work with: the functions' own code, run with the operator's credentials. */
export interface Operator {
  readonly connection: Connection;
  readonly cloud: Cloud;
  readonly bucket: string;
  readonly stateBucket: string;
  /** Function Compute; undefined when nobody says where it is. */
  functions(): Promise<FunctionService | undefined>;
  /** Everything that importing depends on, with `seconds` from now to do it in. */
  deps(log?: Log, seconds?: number): Promise<ImportDeps>;
}

/** Longer than any single step takes, as for the functions (s.yaml: 120 seconds). */
const patienceInSeconds = 120;

const silent: Log = () => {};

/**
 * Finds the cloud and the two buckets. `bucket` is the one that the target names; left out, the functions' own.
 * Throws Unasked when a bucket is not known, or is another than the functions are set up for.
 */
export async function openOperator(
  options: ConnectionOptions,
  environment: Environment,
  target: string | undefined,
): Promise<Operator> {
  const connection = connectionFrom(options, environment);
  const { stateBucket, imageBucket, region } = connection;
  if (!stateBucket)
    throw new Unasked(
      `Which bucket holds the functions' state? Say --state-bucket NAME, or set STATE_BUCKET.${embeddedInstead()}`,
    );
  const bucket = target ?? imageBucket;
  if (!bucket) throw new Unasked("Which bucket? Say oss://BUCKET, or set IMAGE_BUCKET.");
  if (imageBucket && bucket !== imageBucket)
    throw new Unasked(`The functions are set up for the bucket ${imageBucket}, not for ${bucket}.`);
  if (bucket === stateBucket)
    throw new Unasked(`${bucket} is the bucket of the functions' state: no image lies there.`);
  for (const name of [bucket, stateBucket]) refuseBucketName(name);
  const cloud = await openCloud(connection);
  const claimant = `operator-${randomUUID()}`;
  let bucketIsThere: Promise<void> | undefined;
  return {
    connection,
    cloud,
    bucket,
    stateBucket,
    functions: () => openFunctions(connection),
    deps: async (log = silent, seconds = patienceInSeconds) => {
      const deadline = new Date(systemClock.now().getTime() + seconds * 1000);
      const { deps, safety } = importDepsOf({
        cloud,
        region,
        imageBucket: bucket,
        stateBucket,
        claimant,
        deadline,
        log,
      });
      bucketIsThere ??= refuseMissingBucket(cloud, bucket);
      await Promise.all([safety, bucketIsThere]);
      return deps;
    },
  };
}

/** A bucket that is not there looks like an empty one to whoever asks for objects and jobs only. */
async function refuseMissingBucket({ objects }: Cloud, bucket: string): Promise<void> {
  try {
    if (await objects.bucket(bucket)) return;
  } catch (error) {
    // Whoever may not ask that may do the rest all the same, and an OSS that is not reached is told of by the rest.
    if (isCloudError(error)) return;
    throw error;
  }
  throw new Unasked(`There is no bucket ${bucket}.`);
}

/** Runs a command's work; what only the cloud or the network can be blamed for becomes one sentence and exit code 2. */
export async function unlessUnreachable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isCloudError(error) || isRetryLater(error) || isLedgerUnsafe(error) ? new Unasked(troubleOf(error)) : error;
  }
}

const isLedgerUnsafe = (error: unknown): boolean => error instanceof Error && error.name === "LedgerUnsafe";

/** What went wrong, in a sentence for a terminal, with the way out where one is known. */
export function troubleOf(error: unknown): string {
  if (!isCloudError(error)) return printable(error instanceof Error ? error.message : String(error));
  const { service, code, requestId, deniedAction } = error;
  const request = requestId ? ` (request ${requestId})` : "";
  // What urllib adds about its sockets helps nobody, nor does the text that was signed.
  const said = error.message.split(/ -1 \(connected| server string to sign is/i)[0];
  if (error.outcomeUnknown)
    return printable(
      withWay(`${service.toUpperCase()} cannot be reached: ${said}${request}`, wayToReach(error.message)),
    );
  if (isAboutCredentials(code))
    return printable(
      `${service.toUpperCase()} does not take the credentials (${code}): ${said} Check ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN.${request}`,
    );
  const denied = deniedAction ? ` You are not allowed ${deniedAction}.` : "";
  const advice = service === "ecs" ? ` ${failureOf(error).advice}` : "";
  return printable(`${service.toUpperCase()} refused with ${code}: ${said}${denied}${advice}${request}`);
}

/** What to look at when nothing answers; empty where that is not the question. */
function wayToReach(message: string): string {
  if (/ECONNREFUSED (127\.|::1)/.test(message)) return "Nothing runs there: start the embedded cloud again.";
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED/.test(message)) return "Check the region, the endpoint and your network.";
  return "";
}

const withWay = (text: string, way: string): string => (way === "" ? text : `${text.replace(/\.$/, "")}. ${way}`);

/** Whether a code says that the caller is not known, whatever is asked. */
export const isAboutCredentials = (code: string): boolean =>
  /^(Signature|InvalidAccessKey|InvalidSecurityToken|SecurityToken|MissingSecurityToken|IncompleteSignature)/.test(
    code,
  );

/** The functions' log lines as a person reads them, on stderr. */
export const logTo =
  ({ err }: Output): Log =>
  (level, event, message) => {
    if (level !== "debug") err(printable(`${event}: ${message}`));
  };

export interface BucketTarget {
  readonly bucket: string;
  /** Empty for the whole bucket. */
  readonly prefix: string;
}

/** `oss://bucket/prefix`; throws Unasked for anything else. */
export const bucketTarget = (target: string): BucketTarget => targetOf(target, "oss://bucket/prefix");

function targetOf(target: string, form: string): BucketTarget {
  const match = /^oss:\/\/([^/]+)(?:\/(.*))?$/s.exec(target);
  if (!match) throw new Unasked(`${printable(target)} is not of the form ${form}.`);
  return { bucket: match[1] ?? "", prefix: match[2] ?? "" };
}

/** `oss://bucket/key`; throws Unasked for anything else. */
export function objectTarget(target: string): { readonly bucket: string; readonly key: string } {
  const { bucket, prefix } = targetOf(target, "oss://bucket/key");
  if (prefix === "") throw new Unasked(`${printable(target)} names no object: oss://bucket/key does.`);
  refuseDotPart(target, prefix);
  return { bucket, key: prefix };
}
