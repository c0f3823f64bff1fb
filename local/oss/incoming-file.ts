import { createHash } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { createCrc64 } from "./crc64.ts";

export interface Hashes {
  readonly size: number;
  readonly md5: Buffer;
  readonly crc64: bigint;
}

/** Bytes that were received into a temporary file. */
export interface IncomingFile extends Hashes {
  readonly path: string;
}

export const hashBytes = async (source: AsyncIterable<Buffer>): Promise<Hashes> => {
  const hashes = createHashes();
  for await (const chunk of source) hashes.update(chunk);
  return hashes.finish();
};

const createHashes = () => {
  const md5 = createHash("md5");
  const crc64 = createCrc64();
  let size = 0;
  return {
    update: (chunk: Buffer): void => {
      md5.update(chunk);
      crc64.update(chunk);
      size += chunk.length;
    },
    finish: (): Hashes => ({ size, md5: md5.digest(), crc64: crc64.value() }),
  };
};

/**
 * Streams bytes into a new file, hashing on the way. Resolves to `undefined`, with the file removed, once there are
 * more than `limitInBytes`; rejects, with the file removed, when the stream fails.
 */
export const receiveFile = async (
  source: AsyncIterable<Buffer>,
  path: string,
  limitInBytes: number,
): Promise<IncomingFile | undefined> => {
  const hashes = createHashes();
  const file = await open(path, "wx");
  let size = 0;
  let isComplete = false;
  try {
    for await (const chunk of source) {
      if (size + chunk.length > limitInBytes) return undefined;
      hashes.update(chunk);
      await writeSparsely(file, chunk, size);
      size += chunk.length;
    }
    await file.truncate(size);
    isComplete = true;
  } finally {
    await file.close();
    if (!isComplete) await rm(path, { force: true });
  }
  return { path, ...hashes.finish() };
};

/** Appends a file's bytes to another, from `position` on. */
export const appendFile = async (from: string, to: FileHandle, position: number): Promise<number> => {
  const source = await open(from, "r");
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  let end = position;
  try {
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, buffer.length, end - position);
      if (bytesRead === 0) break;
      await writeSparsely(to, buffer.subarray(0, bytesRead), end);
      end += bytesRead;
    }
  } finally {
    await source.close();
  }
  await to.truncate(end);
  return end;
};

/** Disk images are mostly zeros: a chunk of nothing else becomes a hole. The caller sets the length at the end. */
const writeSparsely = async (file: FileHandle, chunk: Buffer, position: number): Promise<void> => {
  if (isZero(chunk)) return;
  let written = 0;
  while (written < chunk.length) {
    const { bytesWritten } = await file.write(chunk, written, chunk.length - written, position + written);
    written += bytesWritten;
  }
};

const zeros = Buffer.alloc(1024 * 1024);

const isZero = (chunk: Buffer): boolean =>
  chunk.length > 0 && chunk[0] === 0 && chunk.length <= zeros.length && chunk.equals(zeros.subarray(0, chunk.length));
