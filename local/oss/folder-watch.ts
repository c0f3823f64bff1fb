import { createHash } from "node:crypto";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { EventFacts } from "./events.ts";
import { fileBody } from "./file-body.ts";
import { hashBytes } from "./incoming-file.ts";
import { isValidKey, visiblePath } from "./object-key.ts";
import type { ObjectStore, StoredBucket } from "./object-store.ts";
import { createdFacts, normalContent, removedFacts } from "./object-writing.ts";
import { type ObjectContent, plainAttributes } from "./stored-object.ts";

interface FolderWatchOptions {
  readonly store: ObjectStore;
  readonly bucket: StoredBucket;
  /** The time that objects made of dropped files get, ISO 8601. */
  readonly lastModified: () => string;
  readonly emit: (facts: EventFacts) => void;
  /** Between two looks at the folder; a file that did not change for two of them is complete. Default 250. */
  readonly pollMilliseconds?: number;
}

export interface FolderWatch {
  /** Resolves when no file is being read any more. */
  close(): Promise<void>;
}

/** Above this a dropped file is not read: its ETag is made of what the file system knows of it. */
const largestHashedFileInBytes = 64 * 1024 * 1024;

const looksUntilComplete = 2;

interface Fingerprint {
  readonly size: number;
  readonly modifiedInMilliseconds: number;
  readonly inode: number;
}

/** Also when it came to be as it is here: a copy or a move may keep the time of its content. */
interface SeenFile extends Fingerprint {
  readonly changedInMilliseconds: number;
}

interface CompleteFile {
  readonly key: string;
  readonly path: string;
  readonly fingerprint: SeenFile;
}

interface Candidate {
  readonly fingerprint: Fingerprint;
  readonly unchangedLooks: number;
}

/**
 * Makes a bucket's folder a bucket: a file dropped there, or changed, is an upload, and one taken away is a delete.
 * It looks again and again, as `fs.watch` misses changes on network and container mounts and sees no end of a copy.
 */
export const watchFolder = (options: FolderWatchOptions): FolderWatch => {
  const interval = options.pollMilliseconds ?? 250;
  const candidates = new Map<string, Candidate>();
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    const started = performance.now();
    // A folder that cannot be read now may be readable at the next look.
    await scan(options, candidates, () => isClosed).catch(() => {});
    // A folder with very many files must not keep the process busy all the time.
    const pause = Math.max(interval, 4 * (performance.now() - started));
    if (!isClosed) timer = setTimeout(() => (looking = look()), pause);
  };
  looking = look();
  return {
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await looking;
    },
  };
};

const scan = async (
  options: FolderWatchOptions,
  candidates: Map<string, Candidate>,
  isClosed: () => boolean,
): Promise<void> => {
  const { store, bucket } = options;
  const seen = new Set<string>();
  const complete: CompleteFile[] = [];
  for await (const { key, path } of filesIn(bucket.folder, "")) {
    if (isClosed()) return;
    seen.add(key);
    const fingerprint = await fingerprintOf(path);
    if (fingerprint === undefined || isKnown(store, bucket, key, fingerprint)) {
      candidates.delete(key);
      continue;
    }
    const earlier = candidates.get(key);
    const isUnchanged = earlier !== undefined && isSame(earlier.fingerprint, fingerprint);
    const unchangedLooks = isUnchanged ? earlier.unchangedLooks + 1 : 0;
    candidates.set(key, { fingerprint, unchangedLooks });
    if (unchangedLooks >= looksUntilComplete) complete.push({ key, path, fingerprint });
  }
  // One whose copy ended earlier is announced earlier, as uploads are; a folder is read in an order of its own.
  complete.sort((a, b) => byTime(a.fingerprint, b.fingerprint));
  for (const file of complete) {
    if (isClosed()) return;
    await takeIn(options, file);
  }
  for (const key of candidates.keys()) if (!seen.has(key)) candidates.delete(key);
  for (const key of [...bucket.keys.all]) if (!seen.has(key)) await takeOut(options, key);
};

/** Regular files that stand for objects; symbolic links are left alone, as they may lead out of the folder. */
async function* filesIn(folder: string, prefix: string): AsyncGenerator<{ key: string; path: string }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const key = `${prefix}${entry.name}`;
    const path = join(folder, entry.name);
    if (isPassingName(entry.name)) continue;
    if (entry.isDirectory()) yield* filesIn(path, `${key}/`);
    else if (entry.isFile() && isValidKey(key) && visiblePath(folder, entry.name) === path) yield { key, path };
  }
}

/** Hidden files, and the names that browsers, editors and copy programs give to what is not finished. */
const isPassingName = (name: string): boolean =>
  name.startsWith(".") || /(?:~|\.(?:part|partial|crdownload|download|filepart|tmp|temp|sw[opx]))$/i.test(name);

const fingerprintOf = async (path: string): Promise<SeenFile | undefined> => {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined || !stats.isFile()) return undefined;
  const { size, mtimeMs: modifiedInMilliseconds, ctimeMs: changedInMilliseconds, ino: inode } = stats;
  return { size, modifiedInMilliseconds, changedInMilliseconds, inode };
};

/** The kernel's clock has ticks of up to 10 ms; within one, a newer file mostly has the greater inode. */
const byTime = (a: SeenFile, b: SeenFile): number =>
  a.changedInMilliseconds - b.changedInMilliseconds || a.inode - b.inode;

const isSame = (a: Fingerprint, b: Fingerprint): boolean =>
  a.size === b.size && a.modifiedInMilliseconds === b.modifiedInMilliseconds && a.inode === b.inode;

const isKnown = (store: ObjectStore, bucket: StoredBucket, key: string, fingerprint: Fingerprint): boolean => {
  const current = store.current(bucket, key);
  return current?.location.kind === "visible" && isSame({ ...current.location, size: current.size }, fingerprint);
};

const takeIn = async (options: FolderWatchOptions, { key, path, fingerprint: seen }: CompleteFile): Promise<void> => {
  const { store, bucket } = options;
  const content = await describe(path, seen);
  await store.exclusively(bucket, async () => {
    const now = await fingerprintOf(path);
    // It changed, or a client overwrote it, while it was read.
    if (content === undefined || now === undefined || !isSame(now, seen) || isKnown(store, bucket, key, now)) return;
    const previous = store.current(bucket, key);
    const { modifiedInMilliseconds, inode } = now;
    const version = { ...plainAttributes, ...content, ...encryptionOf(bucket), lastModified: options.lastModified() };
    const stored = await store.adopt(bucket, key, version, {
      kind: "visible",
      modifiedInMilliseconds,
      inode,
    });
    options.emit(createdFacts("ObjectCreated:PutObject", key, stored, previous));
  });
};

const encryptionOf = ({ settings: { encryption } }: StoredBucket) => (encryption === undefined ? {} : { encryption });

const describe = async (path: string, { size, ...file }: Fingerprint): Promise<ObjectContent | undefined> => {
  if (size > largestHashedFileInBytes) {
    const mark = createHash("md5").update(`${size} ${file.modifiedInMilliseconds} ${file.inode}`).digest("hex");
    return { type: "Multipart", size, etag: `${mark.toUpperCase()}-${Math.ceil(size / largestHashedFileInBytes)}` };
  }
  const handle = await open(path, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  const hashes = await hashBytes(fileBody(handle, 0, size)).catch(() => undefined);
  return hashes && normalContent(hashes);
};

const takeOut = async ({ store, bucket, ...options }: FolderWatchOptions, key: string): Promise<void> => {
  const current = store.current(bucket, key);
  if (current?.location.kind !== "visible" || key.split("/").some(isPassingName)) return;
  await store.exclusively(bucket, async () => {
    const path = store.pathOf(bucket, key, current);
    // A client may have written it since the look began.
    if (path === undefined || store.current(bucket, key) !== current || (await fingerprintOf(path))) return;
    await store.remove(bucket, key, options.lastModified());
    options.emit(removedFacts("ObjectRemoved:DeleteObject", key, current));
  });
};
