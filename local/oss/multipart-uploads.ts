import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import type { ObjectAttributes } from "./stored-object.ts";

export interface UploadedPart {
  readonly number: number;
  readonly path: string;
  readonly size: number;
  readonly md5: Buffer;
  readonly crc64: bigint;
  readonly lastModified: string;
}

export interface MultipartUpload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly attributes: ObjectAttributes;
  readonly initiated: string;
  readonly parts: Map<number, UploadedPart>;
}

/** Uploads under way. They are held in memory, with their parts as temporary files: a restart forgets both. */
export interface MultipartUploads {
  readonly all: ReadonlyMap<string, MultipartUpload>;
  start(upload: Omit<MultipartUpload, "id" | "parts">): MultipartUpload;
  /** The upload of that id, if it is of this bucket and key. */
  find(id: string, bucket: string, key: string): MultipartUpload | undefined;
  /** Takes an upload out: no further part or second completion can reach it. */
  take(upload: MultipartUpload): void;
}

export const createMultipartUploads = (): MultipartUploads => {
  const all = new Map<string, MultipartUpload>();
  return {
    all,
    start: (upload) => {
      const started = { ...upload, id: randomBytes(16).toString("hex").toUpperCase(), parts: new Map() };
      all.set(started.id, started);
      return started;
    },
    find: (id, bucket, key) => {
      const upload = all.get(id);
      return upload?.bucket === bucket && upload.key === key ? upload : undefined;
    },
    take: (upload) => {
      all.delete(upload.id);
    },
  };
};

export const removeParts = async (upload: MultipartUpload): Promise<void> => {
  for (const part of upload.parts.values()) await rm(part.path, { force: true });
};
