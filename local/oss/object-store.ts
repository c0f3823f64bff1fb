import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, lstat, mkdir, open, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { IncomingFile } from "./incoming-file.ts";
import { createSortedKeys, type SortedKeys } from "./listing.ts";
import { readRecords, removeRecord, writeRecord } from "./metadata-records.ts";
import { visiblePath } from "./object-key.ts";
import type { Bucket, Location, ObjectAttributes, ObjectContent, ObjectVersion } from "./stored-object.ts";

/** One bucket as the store holds it: its settings, and the versions of every key, newest first. */
export interface StoredBucket {
  settings: Bucket;
  readonly versions: Map<string, readonly ObjectVersion[]>;
  /** Keys whose newest version is an object. */
  readonly keys: SortedKeys;
  /** The folder that the user sees. */
  readonly folder: string;
}

type NewVersion = ObjectAttributes & ObjectContent & { readonly lastModified: string };

/**
 * Objects on disk. `directory/<bucket>/<key>` holds an object's bytes as a plain file that a person can see, wherever
 * the key can be such a path; bytes of other keys and of older versions, and all metadata, are in `directory/.oss`.
 *
 * Changes belong inside `exclusively`, which runs one at a time for a bucket: a condition that was checked there still
 * holds when the change is made.
 */
export interface ObjectStore {
  readonly buckets: ReadonlyMap<string, StoredBucket>;
  saveBucket(settings: Bucket): Promise<StoredBucket>;
  removeBucket(name: string): Promise<void>;
  /** A new path for bytes on their way in, on the same file system as the objects. */
  temporaryPath(): string;
  exclusively<T>(bucket: StoredBucket, work: () => Promise<T>): Promise<T>;
  /** The newest version, unless that is a delete marker or there is none. */
  current(bucket: StoredBucket, key: string): ObjectVersion | undefined;
  /** Makes received bytes the newest version; without a file, an object that has none (a symlink). */
  put(bucket: StoredBucket, key: string, version: NewVersion, file: IncomingFile | undefined): Promise<ObjectVersion>;
  /** Takes a file that the user put into the folder as the newest version, where it lies. */
  adopt(bucket: StoredBucket, key: string, version: NewVersion, location: Location): Promise<ObjectVersion>;
  /** Deletes as the bucket's versioning says: for good, or by a marker, which is returned. */
  remove(bucket: StoredBucket, key: string, lastModified: string): Promise<ObjectVersion | undefined>;
  /** Deletes one version for good and returns it. */
  removeVersion(bucket: StoredBucket, key: string, versionId: string): Promise<ObjectVersion | undefined>;
  /** Replaces a version's record in place: tags, ACL, restore, appended bytes. */
  amend(bucket: StoredBucket, key: string, version: ObjectVersion): Promise<void>;
  /** The path of a version's bytes; `undefined` when it has none. */
  pathOf(bucket: StoredBucket, key: string, version: ObjectVersion): string | undefined;
  /** Opens a version's bytes; `undefined` when they are gone. */
  openForReading(bucket: StoredBucket, key: string, version: ObjectVersion): Promise<FileHandle | undefined>;
}

export const openObjectStore = async (directory: string): Promise<ObjectStore> => {
  const hidden = join(directory, ".oss");
  const temporary = join(hidden, "temporary");
  const settingsFolder = join(hidden, "buckets");
  const contents = join(hidden, "contents");
  const recordsOf = (bucket: string) => join(contents, bucket, "objects");
  const dataOf = (bucket: string) => join(contents, bucket, "data");
  const buckets = new Map<string, StoredBucket>();
  const queues = new Map<string, Promise<unknown>>();

  await rm(temporary, { recursive: true, force: true });
  for (const folder of [temporary, settingsFolder]) await mkdir(folder, { recursive: true });

  const remember = (bucket: StoredBucket, key: string, versions: readonly ObjectVersion[]): void => {
    if (versions.length === 0) bucket.versions.delete(key);
    else bucket.versions.set(key, versions);
    if (versions[0] === undefined || versions[0].isDeleteMarker) bucket.keys.remove(key);
    else bucket.keys.add(key);
  };

  const addBucket = async (settings: Bucket): Promise<StoredBucket> => {
    const { name } = settings;
    const bucket: StoredBucket = {
      settings,
      versions: new Map(),
      keys: createSortedKeys(),
      folder: join(directory, name),
    };
    for (const folder of [bucket.folder, recordsOf(name), dataOf(name)]) await mkdir(folder, { recursive: true });
    buckets.set(name, bucket);
    return bucket;
  };

  const save = async (bucket: StoredBucket, key: string, versions: readonly ObjectVersion[]): Promise<void> => {
    const folder = recordsOf(bucket.settings.name);
    if (versions.length === 0) await removeRecord(folder, recordName(key));
    else await writeRecord(folder, recordName(key), { key, versions }, temporary);
    remember(bucket, key, versions);
  };

  const pathOf: ObjectStore["pathOf"] = (bucket, key, { location }) => {
    if (location.kind === "visible") return visiblePath(bucket.folder, key);
    return location.kind === "hidden" ? join(dataOf(bucket.settings.name), location.name) : undefined;
  };

  const hiddenLocation = (): Extract<Location, { kind: "hidden" }> => ({
    kind: "hidden",
    name: randomBytes(16).toString("hex"),
  });

  const hide = async (bucket: StoredBucket, from: string): Promise<Location> => {
    const location = hiddenLocation();
    await rename(from, join(dataOf(bucket.settings.name), location.name));
    return location;
  };

  const discardBytes = async (bucket: StoredBucket, key: string, version: ObjectVersion): Promise<void> => {
    const path = pathOf(bucket, key, version);
    if (path === undefined) return;
    await rm(path, { force: true });
    if (version.location.kind === "visible") await removeEmptyFolders(dirname(path), bucket.folder);
  };

  /** Puts bytes where the user sees them if the key allows it and nothing else is there; else hides them. */
  const settle = async (bucket: StoredBucket, key: string, from: string, isOwn: boolean): Promise<Location> => {
    const path = visiblePath(bucket.folder, key);
    if (path === undefined || (!isOwn && (await exists(path)))) return hide(bucket, from);
    try {
      await mkdir(dirname(path), { recursive: true });
      await rename(from, path);
    } catch {
      return hide(bucket, from); // A file stands where a folder should be, or the other way round.
    }
    return visibleLocation(path);
  };

  /** Only the newest version may be visible. One whose file the user took away is gone. */
  const hideVersion = async (bucket: StoredBucket, key: string, version: ObjectVersion): Promise<ObjectVersion[]> => {
    const path = pathOf(bucket, key, version);
    if (path === undefined || !(await exists(path))) return [];
    return [{ ...version, location: await hide(bucket, path) }];
  };

  /** Adds the newest version. `isInPlace`: its file already lies where the one before it was visible. */
  const stack = async (
    bucket: StoredBucket,
    key: string,
    version: Omit<ObjectVersion, "location" | "versionId">,
    isInPlace: boolean,
    place: (isOwn: boolean) => Promise<Location>,
  ): Promise<ObjectVersion> => {
    const { versioning } = bucket.settings;
    const versionId = versioning === "Enabled" ? newVersionId() : "null";
    const kept: ObjectVersion[] = [];
    let replaced: ObjectVersion | undefined;
    for (const old of bucket.versions.get(key) ?? []) {
      if (old.versionId === versionId) replaced = old;
      else if (old.location.kind !== "visible") kept.push(old);
      else if (!isInPlace) kept.push(...(await hideVersion(bucket, key, old)));
    }
    const location = await place(replaced?.location.kind === "visible");
    const added: ObjectVersion = { ...version, versionId, location };
    await save(bucket, key, [added, ...kept]);
    const isOverwritten = replaced?.location.kind === "visible" && location.kind === "visible";
    if (replaced !== undefined && !isOverwritten) await discardBytes(bucket, key, replaced);
    return added;
  };

  const store: ObjectStore = {
    buckets,
    saveBucket: async (settings) => {
      const bucket = buckets.get(settings.name) ?? (await addBucket(settings));
      bucket.settings = settings;
      await writeRecord(settingsFolder, `${settings.name}.json`, settings, temporary);
      return bucket;
    },
    removeBucket: async (name) => {
      const bucket = buckets.get(name);
      buckets.delete(name);
      await removeRecord(settingsFolder, `${name}.json`);
      await rm(join(contents, name), { recursive: true, force: true });
      if (bucket !== undefined) await rmdir(bucket.folder).catch(() => {}); // What the user put there stays.
    },
    temporaryPath: () => join(temporary, randomBytes(16).toString("hex")),
    exclusively: (bucket, work) => {
      const { name } = bucket.settings;
      const result = (queues.get(name) ?? Promise.resolve()).then(work);
      queues.set(
        name,
        result.catch(() => {}),
      );
      return result;
    },
    current: (bucket, key) => {
      const newest = bucket.versions.get(key)?.[0];
      return newest?.isDeleteMarker ? undefined : newest;
    },
    put: (bucket, key, version, file) =>
      stack(bucket, key, { ...version, isDeleteMarker: false }, false, async (isOwn) =>
        file === undefined ? { kind: "none" } : settle(bucket, key, file.path, isOwn),
      ),
    adopt: (bucket, key, version, location) =>
      stack(bucket, key, { ...version, isDeleteMarker: false }, true, async () => location),
    remove: async (bucket, key, lastModified) => {
      const versions = bucket.versions.get(key) ?? [];
      if (bucket.settings.versioning !== undefined) {
        const marker = { ...markerContent, lastModified };
        return stack(bucket, key, marker, false, async () => ({ kind: "none" }));
      }
      await save(bucket, key, []);
      for (const version of versions) await discardBytes(bucket, key, version);
      return undefined;
    },
    removeVersion: async (bucket, key, versionId) => {
      const versions = bucket.versions.get(key) ?? [];
      const removed = versions.find((version) => version.versionId === versionId);
      if (removed === undefined) return undefined;
      const [newest, ...older] = versions.filter((version) => version !== removed);
      await discardBytes(bucket, key, removed);
      // What was hidden by a newer version comes to light again.
      const path = newest?.location.kind === "hidden" ? pathOf(bucket, key, newest) : undefined;
      const location = path === undefined ? newest?.location : await settle(bucket, key, path, false);
      await save(
        bucket,
        key,
        newest === undefined || location === undefined ? [] : [{ ...newest, location }, ...older],
      );
      return removed;
    },
    amend: async (bucket, key, version) => {
      const versions = bucket.versions.get(key) ?? [];
      await save(
        bucket,
        key,
        versions.map((old) => (old.versionId === version.versionId ? version : old)),
      );
    },
    pathOf,
    openForReading: async (bucket, key, version) => {
      const path = pathOf(bucket, key, version);
      return path === undefined ? undefined : open(path, "r").catch(() => undefined);
    },
  };

  for (const settings of await readRecords<Bucket>(settingsFolder)) {
    const bucket = await addBucket(settings);
    const records = await readRecords<{ key: string; versions: ObjectVersion[] }>(recordsOf(settings.name));
    for (const { key, versions } of records) remember(bucket, key, versions);
  }
  return store;
};

const recordName = (key: string): string => `${createHash("sha256").update(key).digest("hex")}.json`;

const newVersionId = (): string => randomBytes(24).toString("base64url");

const markerContent: Omit<ObjectVersion, "location" | "versionId" | "lastModified"> = {
  isDeleteMarker: true,
  type: "Normal",
  size: 0,
  etag: "",
  headers: {},
  metadata: {},
  tags: [],
  storageClass: "Standard",
  acl: "default",
};

const exists = async (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** How a visible file is recognised later: another time or inode means that the user has changed it. */
export const visibleLocation = async (path: string): Promise<Location> => {
  const { mtimeMs, ino } = await lstat(path);
  return { kind: "visible", modifiedInMilliseconds: mtimeMs, inode: ino };
};

/** Folders exist only for the objects in them, as there are none in OSS; the bucket's own folder stays. */
const removeEmptyFolders = async (from: string, top: string): Promise<void> => {
  for (let folder = from; folder.length > top.length; folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch {
      return; // Not empty.
    }
  }
};
