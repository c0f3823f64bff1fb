import type { LogLevel } from "../log/log.ts";

/** How a function was set up: by `environmentVariables` in s.yaml. */
export interface FunctionConfig {
  readonly imageBucket: string;
  readonly stateBucket: string;
  /** Only objects whose keys begin so are looked at; empty for the whole bucket. */
  readonly imagePrefix: string;
  /** Empty: the region's public endpoint. */
  readonly ossEndpoint: string;
  readonly ecsEndpoint: string;
  readonly logLevel: LogLevel;
}

/** Names every problem at once, so that one deployment mends them all. */
export class ConfigInvalid extends Error {
  override readonly name = "ConfigInvalid";
}

const bucketName = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Reads the configuration from environment variables; rejects with ConfigInvalid. */
export function readFunctionConfig(environment: Readonly<Record<string, string | undefined>>): FunctionConfig {
  const problems: string[] = [];
  const bucket = (name: string): string => {
    const value = environment[name]?.trim() ?? "";
    if (!bucketName.test(value))
      problems.push(`${name} must be a bucket name, but is ${value === "" ? "not set" : JSON.stringify(value)}`);
    return value;
  };
  const endpoint = (name: string): string => {
    const value = environment[name]?.trim() ?? "";
    if (value !== "" && !/^https?:\/\/[A-Za-z0-9.:[\]-]+$/.test(value))
      problems.push(
        `${name} must be empty or begin with https://, but is ${JSON.stringify(withoutCredentials(value))}`,
      );
    return value;
  };
  const imageBucket = bucket("IMAGE_BUCKET");
  const stateBucket = bucket("STATE_BUCKET");
  if (imageBucket !== "" && imageBucket === stateBucket)
    problems.push("STATE_BUCKET must be another bucket than IMAGE_BUCKET");
  const logLevel = levels.find((level) => level === (environment["LOG_LEVEL"]?.trim().toLowerCase() || "info"));
  if (!logLevel) problems.push(`LOG_LEVEL must be one of ${levels.join(", ")}`);
  const config = {
    imageBucket,
    stateBucket,
    imagePrefix: environment["IMAGE_PREFIX"] ?? "",
    ossEndpoint: endpoint("OSS_ENDPOINT"),
    ecsEndpoint: endpoint("ECS_ENDPOINT"),
    logLevel: logLevel ?? "info",
  };
  if (problems.length > 0)
    throw new ConfigInvalid(
      `The function is not set up: ${problems.join("; ")}. Correct environmentVariables in s.yaml.`,
    );
  return config;
}

const withoutCredentials = (url: string): string => url.replace(/[^/]*@/, "…@");
