import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import OSS from "ali-oss";
import { type OssOptions, ossClientOptions } from "./alibaba-oss-client.ts";
import type { ObjectRef } from "./ports.ts";

/** PutObject takes 5 GB at most; larger files go up in parts. */
const largestPutInBytes = 5_000_000_000;
const partInBytes = 64 * 2 ** 20;

/** Else ali-oss would go by the key's ending, for which a disk image has no type that anybody agrees on. */
const mime = "application/octet-stream";

/** Uploads a file from disk as a stream, as an operator's tool would; `onProgress` gets a fraction of 1. */
export async function uploadFile(
  options: OssOptions,
  { bucket, key }: ObjectRef,
  file: { readonly path: string; readonly size: number },
  onProgress?: (fraction: number) => void,
): Promise<void> {
  const client = new OSS(ossClientOptions({ timeoutInMilliseconds: 30 * 60_000, ...options }, bucket));
  if (file.size <= largestPutInBytes)
    await client.putStream(key, counted(file, onProgress), { contentLength: file.size, mime } as OSS.PutStreamOptions);
  else
    await client.multipartUpload(key, file.path, {
      mime,
      partSize: partInBytes,
      parallel: 2,
      progress: (fraction: number) => onProgress?.(fraction),
    });
  onProgress?.(1);
}

/** The file's bytes, telling each time how many of them were asked for. */
function counted(
  { path, size }: { readonly path: string; readonly size: number },
  onProgress?: (fraction: number) => void,
): Readable {
  let sent = 0;
  const count = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      yield chunk;
      sent += chunk.length;
      onProgress?.(Math.min(1, sent / size));
    }
  };
  return Readable.from(count(createReadStream(path, { highWaterMark: 2 ** 20 })), { objectMode: false });
}
