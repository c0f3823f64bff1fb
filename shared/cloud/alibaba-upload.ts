import OSS from "ali-oss";
import type { AlibabaObjectsOptions } from "./alibaba-objects.ts";
import type { ObjectRef } from "./ports.ts";

/** PutObject takes 5 GB at most; larger files go up in parts. */
const largestPutInBytes = 5_000_000_000;
const partInBytes = 64 * 2 ** 20;

/** Uploads a file from disk as a stream, as an operator's tool would; `onProgress` gets a fraction of 1. */
export async function uploadFile(
  options: AlibabaObjectsOptions,
  { bucket, key }: ObjectRef,
  file: { readonly path: string; readonly size: number },
  onProgress?: (fraction: number) => void,
): Promise<void> {
  const { credentials, endpoint, region } = options;
  const client = new OSS({
    region: `oss-${region}`,
    bucket,
    accessKeyId: credentials.accessKeyId,
    accessKeySecret: credentials.accessKeySecret,
    ...(endpoint ? { endpoint, secure: !endpoint.startsWith("http:") } : { secure: true }),
    authorizationV4: true,
    timeout: 30 * 60_000,
  });
  if (file.size <= largestPutInBytes) await client.put(key, file.path);
  else
    await client.multipartUpload(key, file.path, {
      partSize: partInBytes,
      parallel: 2,
      progress: (fraction: number) => onProgress?.(fraction),
    });
  onProgress?.(1);
}
