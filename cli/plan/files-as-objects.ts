import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { CloudError } from "../../shared/cloud/cloud-error.ts";
import type { ObjectFacts, ObjectStore } from "../../shared/cloud/ports.ts";

/** Files that stand for objects: by key, the path on disk. */
export type FilesByKey = ReadonlyMap<string, string>;

/**
 * An object store in which some keys are files on this disk, so that a plan can be made before anything is uploaded. Keys
 * that are no files are asked of `beneath`, the real bucket, where there is one. Nothing can be written.
 */
export function filesAsObjects(files: FilesByKey, beneath?: ObjectStore): ObjectStore {
  const refuse = (): never => {
    throw new CloudError({ service: "oss", code: "ReadOnly", message: "a plan writes nothing" });
  };
  return {
    async stat(object) {
      const path = files.get(object.key);
      return path === undefined ? beneath?.stat(object) : fileFacts(path);
    },
    async read(object, maximumBytes) {
      const path = files.get(object.key);
      if (path === undefined) return beneath?.read(object, maximumBytes);
      const { size, etag } = await fileFacts(path);
      if (size > maximumBytes)
        throw new CloudError({
          service: "oss",
          code: "TooLarge",
          message: `${path} is larger than ${maximumBytes} bytes`,
        });
      return { body: await readBytes(path, 0, size), etag };
    },
    async readRange(object, range) {
      const path = files.get(object.key);
      if (path !== undefined) return readBytes(path, range.offset, range.length);
      return beneath ? beneath.readRange(object, range) : refuse();
    },
    create: async () => refuse(),
    put: async () => refuse(),
    delete: async () => refuse(),
    async list(bucket, page) {
      const own = [...files.keys()]
        .filter((key) => key.startsWith(page.prefix))
        .map((key) => ({ key, size: 0, etag: "", lastModified: new Date(0) }));
      const rest = beneath ? await beneath.list(bucket, page) : { objects: [], more: false };
      // A manifest given as a file takes the place of the bucket's own, whatever its ending.
      return own.length > 0 ? { objects: own, more: false } : rest;
    },
    bucket: async (name) => beneath?.bucket(name),
  };
}

async function fileFacts(path: string): Promise<ObjectFacts> {
  const { size, mtime } = await stat(path);
  // OSS's ETag would be the MD5 of the content; reading a whole image for that is not worth it for a plan.
  const etag = createHash("md5").update(`${path} ${size} ${mtime.getTime()}`).digest("hex").toUpperCase();
  return {
    size,
    etag,
    crc64: undefined,
    lastModified: mtime,
    storageClass: "Standard",
    restored: false,
    encryption: undefined,
    type: "Normal",
    metadata: {},
  };
}

async function readBytes(path: string, offset: number, length: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
