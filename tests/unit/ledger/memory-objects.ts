import { createHash } from "node:crypto";
import { CloudError } from "../../../shared/cloud/cloud-error.ts";
import type { ListedObject, ObjectRef, ObjectStore } from "../../../shared/cloud/ports.ts";
import { SourceChanged } from "../../../shared/inspection/source/byte-source.ts";

interface Held {
  readonly body: Buffer;
  readonly etag: string;
  readonly lastModified: Date;
}

/** OSS in memory, as far as the port goes: any bucket exists and has no versioning. */
export interface MemoryObjects extends ObjectStore {
  readonly keys: readonly string[];
}

export function memoryObjects(now = () => new Date("2026-11-23T10:00:00Z")): MemoryObjects {
  const held = new Map<string, Held>();
  const at = ({ bucket, key }: ObjectRef): string => `${bucket}/${key}`;
  const write = (object: ObjectRef, body: string): void => {
    const etag = createHash("md5").update(body).digest("hex").toUpperCase();
    held.set(at(object), { body: Buffer.from(body), etag, lastModified: now() });
  };
  return {
    get keys() {
      return [...held.keys()].sort();
    },
    stat: async (object) => {
      const found = held.get(at(object));
      return (
        found && {
          size: found.body.length,
          etag: found.etag,
          crc64: undefined,
          lastModified: found.lastModified,
          storageClass: "Standard",
          restored: false,
          encryption: undefined,
          type: "Normal",
          metadata: {},
        }
      );
    },
    read: async (object, maximumBytes) => {
      const found = held.get(at(object));
      if (found && found.body.length > maximumBytes)
        throw new CloudError({ service: "oss", code: "TooLarge", message: `${object.key} is too large` });
      return found;
    },
    readRange: async (object, { offset, length, etag }) => {
      const found = held.get(at(object));
      if (found?.etag !== etag) throw new SourceChanged(`${object.key} was replaced`);
      return found.body.subarray(offset, offset + length);
    },
    create: async (object, body) => {
      if (held.has(at(object))) return false;
      write(object, body);
      return true;
    },
    put: async (object, body) => write(object, body),
    delete: async (object) => void held.delete(at(object)),
    list: async (bucket, { prefix, delimiter, startAfter = "", limit = 1000 }) => {
      const found: ListedObject[] = [];
      for (const [place, { body, etag, lastModified }] of held) {
        const key = place.slice(bucket.length + 1);
        if (delimiter && key.slice(prefix.length).includes(delimiter)) continue;
        if (place.startsWith(`${bucket}/${prefix}`) && key > startAfter)
          found.push({ key, size: body.length, etag, lastModified });
      }
      found.sort((a, b) => (a.key < b.key ? -1 : 1));
      return { objects: found.slice(0, limit), more: found.length > limit };
    },
    bucket: async () => ({ region: "cn-hangzhou", versioning: "Off", encryption: undefined }),
  };
}
