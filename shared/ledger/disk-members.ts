import { createHash } from "node:crypto";
import type { ObjectRef, ObjectStore } from "../cloud/ports.ts";

/**
 * Which sidecars name an object as one of their disks, so that the arrival of a data disk finds the set it belongs to:
 * `members/<disk>/<image>`, one object each, whose content is the key of the image that the sidecar is named after.
 */
export interface DiskMembers {
  remember(disk: ObjectRef, imageKey: string): Promise<void>;
  /** The images whose sidecars once named this object as a disk; they may have changed since. */
  setsOf(disk: ObjectRef): Promise<readonly string[]>;
  forget(disk: ObjectRef, imageKey: string): Promise<void>;
}

const maximumSets = 10;

export function ossDiskMembers(objects: ObjectStore, stateBucket: string): DiskMembers {
  const folder = ({ bucket, key }: ObjectRef): string => `members/${digest(`${bucket}/${key}`)}/`;
  const place = (disk: ObjectRef, imageKey: string): ObjectRef => ({
    bucket: stateBucket,
    key: `${folder(disk)}${digest(imageKey)}`,
  });
  return {
    async remember(disk, imageKey) {
      await objects.put(place(disk, imageKey), imageKey, "text/plain");
    },
    async setsOf(disk) {
      const page = await objects.list(stateBucket, { prefix: folder(disk), limit: maximumSets });
      const found = await Promise.all(page.objects.map(({ key }) => objects.read({ bucket: stateBucket, key }, 2048)));
      return found.flatMap((object) => (object ? [object.body.toString("utf8")] : []));
    },
    async forget(disk, imageKey) {
      await objects.delete(place(disk, imageKey));
    },
  };
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);
