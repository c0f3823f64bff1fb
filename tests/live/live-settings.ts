/** What the live tests must be told: an account, and a few things in it. Nothing that was there before is changed. */
const needed = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: "an access key that may create and delete buckets and call ECS",
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: "its secret",
  LIVE_REGION: "where to run, e.g. cn-hangzhou",
  LIVE_ROLE_ARN: "a RAM role with full access to OSS that the key may assume, for session tokens",
  LIVE_BUCKET: "a bucket in the region with a disk image; the role AliyunECSImageImportDefaultRole may read it",
  LIVE_IMAGE: "the image's key",
} as const;

export type LiveSettings = Readonly<Record<keyof typeof needed, string>>;

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings, or the sentence that says why the real cloud is not asked. */
export function liveSettings(environment: Environment): LiveSettings | string {
  const names = Object.keys(needed) as (keyof typeof needed)[];
  const missing = names.filter((name) => !environment[name]);
  if (missing.length === 0) return environment as LiveSettings;
  const list = missing.map((name) => `  ${name}: ${needed[name]}`);
  return `live: not run, set these in the environment:\n${list.join("\n")}\n`;
}
