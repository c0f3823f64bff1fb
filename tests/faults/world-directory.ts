import { constants, rmSync } from "node:fs";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Linux's folder in memory: a schedule writes some hundred small files and deletes them all. */
const inMemory = "/dev/shm";

/** What is still there when the process is ended early, as by Ctrl-C: it would stay in memory until the next start. */
const open = new Set<string>();
process.once("exit", () => {
  for (const path of open) rmSync(path, { recursive: true, force: true });
});

/** A new folder for the buckets of one world, in memory where the system has such a place. */
export async function newDirectory(
  prefix: string,
): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  const parent = await access(inMemory, constants.W_OK).then(
    () => inMemory,
    () => tmpdir(),
  );
  const path = await mkdtemp(join(parent, prefix));
  open.add(path);
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      open.delete(path);
    },
  };
}
