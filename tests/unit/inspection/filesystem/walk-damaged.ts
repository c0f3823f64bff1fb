import type { Filesystem } from "../../../../shared/inspection/filesystem/filesystem.ts";
import { CannotTell, MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { openPath } from "./by-path.ts";

/**
 * Opens and walks a filesystem that may be damaged anywhere; the damage must show as one of the two errors that the
 * inspection knows. Anything else is thrown on. Of each file it reads so many bytes.
 */
export async function walkDamaged(
  open: () => Promise<Filesystem | undefined>,
  maximumNodes = 300,
  bytesOfEachFile = 65_536,
): Promise<void> {
  const fs = await tolerate(open);
  const root = fs && (await tolerate(() => fs.root()));
  if (!fs || !root) return;
  const queue = [root];
  let left = maximumNodes;
  while (queue.length > 0 && left > 0) {
    const directory = queue.pop() ?? root;
    for (const { name, node } of (await tolerate(() => fs.list(directory))) ?? []) {
      left -= 1;
      if (left <= 0) break;
      const found = await tolerate(node);
      if (found?.kind === "directory") queue.push(found);
      if (found?.kind === "file") await tolerate(() => fs.read(found, 0, bytesOfEachFile));
      if (found?.kind === "symlink") await tolerate(() => fs.readLink(found));
      if (left % 16 === 0) await tolerate(() => fs.lookup(directory, name));
    }
  }
  await tolerate(() => openPath(fs, "/links/circle/../up/os-release"));
}

async function tolerate<Result>(action: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof MalformedImage || error instanceof CannotTell) return undefined;
    throw error;
  }
}
