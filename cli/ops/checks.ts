import type { FunctionDefinition } from "../../local/fc/s-yaml.ts";
import { systemClock } from "../../shared/clock.ts";
import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import type { BucketSummary } from "../../shared/cloud/ports.ts";
import { shellQuoted } from "../../shared/importing/shell-quoted.ts";
import { isAboutCredentials, troubleOf } from "./operator.ts";

/** One thing that `doctor` looked at. `unknown`: it could not be looked at; that alone is no problem. */
export interface Check {
  readonly name: string;
  readonly outcome: "ok" | "warning" | "problem" | "unknown";
  readonly message: string;
  /** A command to run or the step to take. */
  readonly fix?: string;
}

export const ok = (name: string, message: string): Check => ({ name, outcome: "ok", message });
export const problem = (name: string, message: string, fix: string): Check => ({
  name,
  outcome: "problem",
  message,
  fix,
});
export const warning = (name: string, message: string, fix: string): Check => ({
  name,
  outcome: "warning",
  message,
  fix,
});
export const unknown = (name: string, message: string, fix: string): Check => ({
  name,
  outcome: "unknown",
  message,
  fix,
});

/** The answer, or the check that says why there is none; `isGeneral` when nothing at all can be asked that way. */
export async function asked<T>(
  name: string,
  ask: () => Promise<T>,
): Promise<{ readonly answer: T } | { readonly check: Check; readonly isGeneral: boolean }> {
  try {
    return { answer: await ask() };
  } catch (error) {
    return {
      isGeneral: isCloudError(error) && (error.outcomeUnknown || isAboutCredentials(error.code)),
      check: problem(
        name,
        troubleOf(error),
        "Correct the credentials, the region or the endpoint; then run doctor again.",
      ),
    };
  }
}

/** The image bucket: there, in the region, not encrypted. */
export function bucketChecks(name: string, bucket: BucketSummary | undefined, region: string): readonly Check[] {
  const url = shellQuoted(`oss://${name}`);
  if (!bucket)
    return [
      problem("bucket", `The bucket ${name} does not exist.`, `aliyun oss mb ${url} --region ${region} --acl private`),
    ];
  const place =
    bucket.region === region
      ? ok("bucket", `${name} is in ${region}.`)
      : problem(
          "bucket",
          `${name} is in ${bucket.region}, but everything is set up for ${region}: ImportImage reads buckets of its own region only.`,
          `IMPORT_REGION=${bucket.region} npm run deploy`,
        );
  const encryption = bucket.encryption
    ? problem(
        "encryption",
        `${name} encrypts new objects (${bucket.encryption}), and ECS refuses encrypted ones: InvalidOSSBucket.EncryptUnsupported.`,
        `aliyun oss bucket-encryption --method delete ${url}   # and upload the images anew`,
      )
    : ok("encryption", `${name} does not encrypt.`);
  const versioning =
    bucket.versioning === "Off"
      ? ok("versioning", `${name} keeps one version of each object.`)
      : warning(
          "versioning",
          `${name} has versioning ${bucket.versioning}: ECS imports the latest version, and old ones are stored and billed.`,
          "Nothing, unless that is not meant.",
        );
  return [place, encryption, versioning];
}

/** The state bucket: there, without versioning. */
export function stateBucketChecks(name: string, bucket: BucketSummary | undefined, region: string): readonly Check[] {
  if (!bucket)
    return [
      problem(
        "state bucket",
        `The state bucket ${name} does not exist.`,
        `aliyun oss mb ${shellQuoted(`oss://${name}`)} --region ${region} --acl private`,
      ),
    ];
  if (bucket.versioning !== "Off")
    return [
      problem(
        "state bucket",
        `${name} has versioning ${bucket.versioning}: create-only writes are not honoured there, so the functions refuse to run.`,
        `aliyun oss mb oss://ANOTHER-NAME --region ${region} --acl private && IMPORT_STATE_BUCKET=ANOTHER-NAME npm run deploy`,
      ),
    ];
  if (bucket.region !== region)
    return [
      warning(
        "state bucket",
        `${name} is in ${bucket.region}, the functions in ${region}: slower, and traffic is billed.`,
        `aliyun oss mb oss://ANOTHER-NAME --region ${region} --acl private && IMPORT_STATE_BUCKET=ANOTHER-NAME npm run deploy`,
      ),
    ];
  return [ok("state bucket", `${name} is in ${region} and has no versioning.`)];
}

/** OSS and ECS refuse requests whose time is off by more than 15 minutes. */
const refusedSkewInSeconds = 15 * 60;
const notableSkewInSeconds = 60;

/** Compares this machine's clock with the Date header of OSS; no credentials are sent. */
export async function clockCheck(endpoint: string): Promise<Check> {
  const before = systemClock.now().getTime();
  let date: string | null;
  try {
    date = (await fetch(endpoint, { method: "HEAD", signal: AbortSignal.timeout(10_000) })).headers.get("date");
  } catch {
    return unknown("clock", `${endpoint} does not answer.`, "Check the network and the endpoint.");
  }
  const after = systemClock.now().getTime();
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs))
    return unknown("clock", `${endpoint} does not tell the time.`, "Compare the clock by hand: date -u");
  return skewCheck(Math.round(((before + after) / 2 - theirs) / 1000));
}

/** `skewInSeconds`: how far this machine is ahead. */
export function skewCheck(skewInSeconds: number): Check {
  const off = Math.abs(skewInSeconds);
  const words = `This machine's clock is ${off} seconds ${skewInSeconds > 0 ? "ahead of" : "behind"} OSS's`;
  const fix = "sudo timedatectl set-ntp true";
  if (off >= refusedSkewInSeconds)
    return problem("clock", `${words}: every request is refused (RequestTimeTooSkewed, IllegalTimestamp).`, fix);
  if (off >= notableSkewInSeconds) return warning("clock", `${words}.`, fix);
  return ok("clock", "This machine's clock agrees with OSS's.");
}

const uploadEvents = ["PutObject", "PostObject", "CopyObject", "CompleteMultipartUpload", "AppendObject"].map(
  (name) => `oss:ObjectCreated:${name}`,
);
export const removalEvents = ["DeleteObject", "DeleteObjects"].map((name) => `oss:ObjectRemoved:${name}`);

export interface Setup {
  readonly bucket: string;
  readonly stateBucket: string;
  readonly region: string;
  /** The bucket manifest has `cancelOnDelete: true`. */
  readonly wantsDeletions: boolean;
}

/** What s.yaml says of the functions, against what the operator asks about. */
export function sYamlChecks(functions: readonly FunctionDefinition[], setup: Setup): readonly Check[] {
  const { bucket, stateBucket, region, wantsDeletions } = setup;
  const name = "s.yaml";
  const deploy = "Correct .env (docs/deploy.md) and: npm run deploy";
  const importer = functions.find(({ ossTriggers }) => ossTriggers.length > 0);
  const [trigger] = importer?.ossTriggers ?? [];
  if (!importer || !trigger) return [problem(name, "It has no OSS trigger: uploads go unseen.", deploy)];
  const [, , , triggerRegion, , triggerBucket] = ["", ...trigger.sourceArn.split(":")];
  const differences = [
    triggerBucket === bucket ? "" : `its trigger watches ${triggerBucket}, not ${bucket}`,
    triggerRegion === region && importer.region === region
      ? ""
      : `it is deployed in ${importer.region}, not in ${region}`,
    importer.environment["STATE_BUCKET"] === stateBucket
      ? ""
      : `its state bucket is ${importer.environment["STATE_BUCKET"]}, not ${stateBucket}`,
  ].filter((difference) => difference !== "");
  const missing = uploadEvents.filter((event) => !covers(trigger.events, event));
  const found = [
    ...(differences.length > 0
      ? [
          problem(
            name,
            `With your variables it sets up another import than this one: ${differences.join("; ")}.`,
            deploy,
          ),
        ]
      : []),
    ...(missing.length > 0
      ? [
          problem(
            name,
            `Its trigger misses uploads: it lacks ${missing.join(", ")}.`,
            "Add them to `events` in s.yaml and: npm run deploy",
          ),
        ]
      : []),
    ...(wantsDeletions && !removalEvents.every((event) => covers(trigger.events, event))
      ? [
          problem(
            name,
            "The bucket manifest says `cancelOnDelete: true`, but its trigger has no deletion events.",
            `Take the comment signs off ${removalEvents.join(" and ")} in s.yaml and: npm run deploy`,
          ),
        ]
      : []),
    ...(functions.some(({ timerTriggers }) => timerTriggers.length > 0)
      ? []
      : [
          problem(
            name,
            "It has no timer: nobody reports what becomes of imports.",
            "Restore report-tasks in s.yaml and: npm run deploy",
          ),
        ]),
  ];
  return found.length > 0 ? found : [ok(name, `It sends uploads to ${bucket}/${trigger.prefix}* to ${importer.name}.`)];
}

/** True when a trigger with these events sees this one. */
export const covers = (subscribed: readonly string[], event: string): boolean =>
  subscribed.some((one) => one === event || (one.endsWith(":*") && event.startsWith(one.slice(0, -1))));
