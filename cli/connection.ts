import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud, Credentials, FunctionService } from "../shared/cloud/ports.ts";
import { dotPart, hasDotPart } from "../shared/importing/object-kind.ts";
import { Unasked } from "./outcome.ts";

/** Where a command finds the cloud: the real one, or an embedded one that runs. */
export interface Connection {
  readonly region: string;
  readonly credentials: Credentials;
  readonly ossEndpoint?: string;
  readonly ecsEndpoint?: string;
  readonly fcEndpoint?: string;
  readonly imageBucket?: string;
  readonly stateBucket?: string;
  /** Only objects whose keys begin so are looked at by the functions. */
  readonly imagePrefix?: string;
}

/** What can be said on the command line; each wins over the environment. */
export interface ConnectionOptions {
  readonly region?: string;
  readonly ossEndpoint?: string;
  readonly ecsEndpoint?: string;
  readonly fcEndpoint?: string;
  readonly stateBucket?: string;
  readonly imagePrefix?: string;
  /** Data folder of a running `oss-image-import local`. */
  readonly local?: string;
}

const connectionFile = "connection.json";

/** Where `local` leaves word of itself for the other commands. */
export const connectionFileIn = (dataDirectory: string): string => join(dataDirectory, connectionFile);

/**
 * Finds the cloud: the flags first, then the variables that Alibaba Cloud's tools know, then a running embedded cloud in
 * `.local`. Throws Unasked with the way out when nothing names one.
 */
export function connectionFrom(
  options: ConnectionOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Connection {
  // Pipelines set variables that have no value to nothing.
  const { ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId = "", ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret = "" } =
    environment;
  const isReal = accessKeyId !== "" && accessKeySecret !== "" && options.local === undefined;
  const base = isReal ? fromEnvironment(accessKeyId, accessKeySecret, environment) : fromLocal(options.local);
  const { region, ossEndpoint, ecsEndpoint, fcEndpoint, stateBucket, imagePrefix } = options;
  return wellFormed({
    ...base,
    ...(region ? { region } : {}),
    ...(ossEndpoint ? { ossEndpoint } : {}),
    ...(ecsEndpoint ? { ecsEndpoint } : {}),
    ...(fcEndpoint ? { fcEndpoint } : {}),
    ...(stateBucket ? { stateBucket } : {}),
    ...(imagePrefix !== undefined ? { imagePrefix } : {}),
  });
}

/** The SDKs put these into addresses as they are, and say nothing useful of those that make none. */
function wellFormed(connection: Connection): Connection {
  const { region, ossEndpoint, ecsEndpoint, fcEndpoint } = connection;
  if (!/^[a-z0-9-]+$/.test(region)) throw new Unasked(`No region is called ${region}: cn-hangzhou is one.`);
  for (const endpoint of [ossEndpoint, ecsEndpoint, fcEndpoint])
    if (endpoint && !/^(https?:\/\/)?[A-Za-z0-9.-]+(:\d{1,5})?\/?$/.test(endpoint))
      throw new Unasked(`${endpoint} is no endpoint: a host is, or http(s)://HOST, with :PORT where one is needed.`);
  return connection;
}

function fromEnvironment(
  accessKeyId: string,
  accessKeySecret: string,
  environment: Readonly<Record<string, string | undefined>>,
): Connection {
  const securityToken = environment["ALIBABA_CLOUD_SECURITY_TOKEN"];
  const optional = <K extends string>(name: K, ...variables: readonly string[]): { [P in K]?: string } => {
    const value = variables.map((variable) => environment[variable]).find((text) => text !== undefined && text !== "");
    return (value === undefined ? {} : { [name]: value }) as { [P in K]?: string };
  };
  return {
    region:
      optional("region", "ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_REGION", "IMPORT_REGION").region ?? "cn-hangzhou",
    credentials: { accessKeyId, accessKeySecret, ...(securityToken ? { securityToken } : {}) },
    ...optional("ossEndpoint", "OSS_ENDPOINT", "IMPORT_OSS_ENDPOINT"),
    ...optional("ecsEndpoint", "ECS_ENDPOINT", "IMPORT_ECS_ENDPOINT"),
    ...optional("fcEndpoint", "FC_ENDPOINT"),
    ...optional("imageBucket", "IMAGE_BUCKET", "IMPORT_BUCKET"),
    ...optional("stateBucket", "STATE_BUCKET", "IMPORT_STATE_BUCKET"),
    ...optional("imagePrefix", "IMAGE_PREFIX", "IMPORT_PREFIX"),
  };
}

function fromLocal(named: string | undefined): Connection {
  const file = connectionFileIn(named ?? ".local");
  if (!existsSync(file)) {
    if (named !== undefined)
      throw new Unasked(
        `No embedded cloud runs with the folder ${named}: start one with \`oss-image-import local --data ${named}\`.`,
      );
    throw new Unasked(
      `No cloud is named: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run \`oss-image-import local\` and point to its folder with --local DIR.`,
    );
  }
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Connection;
  } catch {
    throw new Unasked(`${file} cannot be read: end the embedded cloud that wrote it, and start it again.`);
  }
}

/** For whoever has credentials of a real account at hand, and means the embedded cloud that runs here; else empty. */
export const embeddedInstead = (): string =>
  existsSync(connectionFileIn(".local")) ? " To ask the embedded cloud that runs here: --local .local" : "";

/** Opens the cloud; the SDKs load only here. */
export async function openCloud({ region, credentials, ossEndpoint, ecsEndpoint }: Connection): Promise<Cloud> {
  const { alibabaCloud } = await import("../shared/cloud/alibaba-cloud.ts");
  const endpoint = ecsEndpoint && withScheme(ecsEndpoint);
  return alibabaCloud({
    region,
    credentials,
    ...(ossEndpoint ? { ossEndpoint } : {}),
    ...(endpoint ? { ecsEndpoint: endpoint } : {}),
  });
}

/**
 * Opens Function Compute. Undefined when nobody says where that of an embedded cloud is: what is on this machine is never
 * asked for on the internet.
 */
export async function openFunctions(connection: Connection): Promise<FunctionService | undefined> {
  const { region, credentials, ossEndpoint = "", ecsEndpoint = "", fcEndpoint } = connection;
  if (!fcEndpoint && [ossEndpoint, ecsEndpoint].some((endpoint) => isLoopback(endpoint))) return undefined;
  const { alibabaFunctions } = await import("../shared/cloud/alibaba-functions.ts");
  const { withoutSecrets } = await import("../shared/cloud/without-secrets.ts");
  const endpoint = fcEndpoint ? { endpoint: withScheme(fcEndpoint) } : {};
  return withoutSecrets(alibabaFunctions({ region, credentials, ...endpoint }), credentials);
}

const isLoopback = (endpoint: string): boolean => /^(https?:\/\/)?(127\.|localhost)/.test(endpoint);

/** Embedded services speak HTTP, and ECS's endpoint is often written without a scheme. */
const withScheme = (endpoint: string): string =>
  !endpoint.includes("://") && isLoopback(endpoint) ? `http://${endpoint}` : endpoint;

/** Throws Unasked for what no bucket can be called. */
export function refuseBucketName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name))
    throw new Unasked(`No bucket can be called ${name}: a name has 3 to 63 small letters, digits and hyphens.`);
}

/** Throws Unasked for a key that no SDK asks for. */
export function refuseDotPart(target: string, key: string): void {
  if (hasDotPart(key)) throw new Unasked(`${target} cannot be asked about: ${dotPart.reason}. ${dotPart.advice}`);
}

/** `oss://bucket/key` in its parts; undefined for anything else. Throws Unasked for what no bucket can be called. */
export function parseOssUrl(target: string): { readonly bucket: string; readonly key: string } | undefined {
  const match = /^oss:\/\/([^/]+)\/(.+)$/s.exec(target);
  if (!match) return undefined;
  const [, bucket = "", key = ""] = match;
  refuseBucketName(bucket);
  refuseDotPart(target, key);
  return { bucket, key };
}
