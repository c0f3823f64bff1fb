import type OSS from "ali-oss";
import type { Credentials } from "./ports.ts";

export interface OssOptions {
  readonly region: string;
  readonly credentials: Credentials;
  /** e.g. `https://oss-cn-hangzhou-internal.aliyuncs.com`; the region's public endpoint when empty. */
  readonly endpoint?: string;
  readonly timeoutInMilliseconds?: number;
}

/** How the official client reaches one bucket: with V4 signatures, and in plain text only where an endpoint says `http:`. */
export const ossClientOptions = (
  { region, credentials, endpoint, timeoutInMilliseconds = 20_000 }: OssOptions,
  bucket: string,
): OSS.Options => ({
  region: `oss-${region}`,
  bucket,
  accessKeyId: credentials.accessKeyId,
  accessKeySecret: credentials.accessKeySecret,
  ...sessionOptions(credentials),
  ...(endpoint ? { endpoint, secure: !endpoint.startsWith("http:") } : { secure: true }),
  authorizationV4: true,
  timeout: timeoutInMilliseconds,
});

/** FC renews credentials with each invocation; the client only has to be told so, or it warns on every request. */
function sessionOptions({ accessKeyId, accessKeySecret, securityToken }: Credentials): Partial<OSS.Options> {
  if (!securityToken) return {};
  const same = { accessKeyId, accessKeySecret, stsToken: securityToken };
  return { stsToken: securityToken, refreshSTSToken: async () => same };
}
