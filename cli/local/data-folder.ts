import { constants } from "node:fs";
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { connectionFileIn } from "../connection.ts";
import { Unasked } from "../outcome.ts";

/** A folder that is this process's own until it is released. */
export interface DataFolder {
  readonly path: string;
  /** Leaves nothing that says that an embedded cloud runs here; takes away a folder that was made for one run. */
  release(): Promise<void>;
}

/**
 * Takes a folder for an embedded cloud: `named`, or a new one. Throws Unasked when it cannot be written to, or when another
 * process works with it. What a process that died has left behind is no hindrance.
 */
export async function takeDataFolder(named: string | undefined): Promise<DataFolder> {
  if (named === undefined) {
    const path = await mkdtemp(join(tmpdir(), "oss-image-import-"));
    return { path, release: () => rm(path, { recursive: true, force: true }) };
  }
  const path = resolve(named);
  const lock = join(path, lockFile);
  try {
    await makeFolder(path);
    await access(path, constants.W_OK);
  } catch {
    throw new Unasked(`The folder ${path} cannot be written to: choose another with --data DIR.`);
  }
  await takeLock(lock, path);
  return {
    path,
    release: async () => {
      await rm(connectionFileIn(path), { force: true });
      await rm(lock, { force: true });
    },
  };
}

/** Holds the number of the process that works with the folder. */
const lockFile = "local.pid";

async function takeLock(lock: string, folder: string): Promise<void> {
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      await writeFile(lock, `${process.pid}\n`, { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = Number.parseInt(await readFile(lock, "utf8").catch(() => ""), 10);
    if (isAlive(holder)) break;
    await rm(lock, { force: true });
  }
  throw new Unasked(
    `Another \`oss-image-import local\` works with the folder ${folder}: end it first, or choose another folder with --data DIR.`,
  );
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** mkdir's own recursion never ends where a folder's parent is there and yet takes none, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  const code = await mkdir(folder).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (code === undefined || code === "EEXIST") return;
  if (code !== "ENOENT" || dirname(folder) === folder) throw new Error(code);
  await makeFolder(dirname(folder));
  await mkdir(folder);
}
