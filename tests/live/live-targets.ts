import { randomBytes } from "node:crypto";
import OSS from "ali-oss";
import type { EcsTarget } from "../contract/ecs/ecs-contract.ts";
import type { OssTarget } from "../contract/oss/contract-client.ts";
import type { LiveSettings } from "./live-settings.ts";

/** A new, empty bucket of the real OSS, which is removed at the end with everything in it. */
export async function liveOss(settings: LiveSettings): Promise<OssTarget> {
  const { ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId, ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret } = settings;
  const bucket = `oss-image-import-live-${randomBytes(8).toString("hex")}`;
  const where = { region: `oss-${settings.LIVE_REGION}`, bucket, secure: true };
  const keys = { ...where, accessKeyId, accessKeySecret };
  const sts = new OSS.STS({ accessKeyId, accessKeySecret });
  const { credentials } = await sts.assumeRole(settings.LIVE_ROLE_ARN, undefined, 3600, "oss-image-import-live");
  const session = {
    ...where,
    accessKeyId: credentials.AccessKeyId,
    accessKeySecret: credentials.AccessKeySecret,
    stsToken: credentials.SecurityToken,
    // Without these two ali-oss prints a warning.
    refreshSTSToken: () => Promise.reject(new Error("The session outlives the test.")),
    refreshSTSTokenInterval: 3_600_000,
  };
  const client = new OSS({ ...keys, authorizationV4: true });
  await client.putBucket(bucket);
  return { keys, session, dispose: () => removeBucket(client, bucket) };
}

/** Empties and deletes a bucket that this process made. */
export async function removeBucket(client: OSS, bucket: string): Promise<void> {
  for (let page = 0; page < 100; page += 1) {
    const { uploads = [] } = await client.listUploads({ "max-uploads": 100 });
    for (const { name, uploadId } of uploads) await client.abortMultipartUpload(name, uploadId);
    const { objects = [] } = await client.listV2({ "max-keys": "100" });
    if (objects.length === 0 && uploads.length === 0) break;
    if (objects.length > 0) await client.deleteMulti(objects.map(({ name }) => name));
  }
  await client.deleteBucket(bucket);
}

/** The real ECS. */
export const liveEcs = (settings: LiveSettings): EcsTarget => ({
  endpoint: `ecs.${settings.LIVE_REGION}.aliyuncs.com`,
  protocol: "https",
  region: settings.LIVE_REGION,
  credentials: {
    accessKeyId: settings.ALIBABA_CLOUD_ACCESS_KEY_ID,
    accessKeySecret: settings.ALIBABA_CLOUD_ACCESS_KEY_SECRET,
  },
  image: { bucket: settings.LIVE_BUCKET, key: settings.LIVE_IMAGE },
});
