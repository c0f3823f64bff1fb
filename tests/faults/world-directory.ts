import { constants } from "node:fs";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Linux's folder in memory: a schedule writes some hundred small files and deletes them all. */
const inMemory = "/dev/shm";

/** A new folder for the buckets of one world, in memory where the system has such a place. */
export async function newDirectory(
  prefix: string,
): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  const parent = await access(inMemory, constants.W_OK).then(
    () => inMemory,
    () => tmpdir(),
  );
  const path = await mkdtemp(join(parent, prefix));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
