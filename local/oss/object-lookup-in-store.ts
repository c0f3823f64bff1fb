import type { Clock } from "../../shared/clock.ts";
import type { ObjectLookup } from "../wire/object-lookup.ts";
import type { ObjectStore } from "./object-store.ts";
import { isReadable } from "./stored-object.ts";

/** The store as the embedded ECS sees it. */
export const createObjectLookup = (store: ObjectStore, clock: Clock): ObjectLookup => ({
  bucket: (name) => {
    const settings = store.buckets.get(name)?.settings;
    return settings && { ...settings, encryption: settings.encryption?.algorithm };
  },
  object: async (bucketName, key) => {
    const bucket = store.buckets.get(bucketName);
    const version = bucket && store.current(bucket, key);
    if (bucket === undefined || version === undefined) return undefined;
    return {
      key,
      size: version.size,
      etag: version.etag,
      storageClass: version.storageClass,
      readable: isReadable(version, clock.now()),
      encryption: version.encryption?.algorithm,
      read: async (offset, length) => {
        const file = await store.exclusively(bucket, () => store.openForReading(bucket, key, version));
        if (file === undefined) throw new Error(`The bytes of ${bucketName}/${key} are gone.`);
        try {
          const wanted = Math.max(0, Math.min(length, version.size - offset));
          const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, offset);
          return buffer.subarray(0, bytesRead);
        } finally {
          await file.close();
        }
      },
    };
  },
});
