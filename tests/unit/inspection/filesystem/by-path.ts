import type { Filesystem } from "../../../../shared/inspection/filesystem/filesystem.ts";
import { createTree, type FoundNode, type OpenOptions } from "../../../../shared/inspection/filesystem/path-walk.ts";

const treeOf = (fs: Filesystem) => createTree([{ at: "/", fs }]);

/** A node of one filesystem by its path. */
export function openPath(fs: Filesystem, path: string, options?: OpenOptions): Promise<FoundNode | undefined> {
  return treeOf(fs).open(path, options);
}

/** A file of one filesystem by its path, as `MountedTree.read` gives it. */
export function readFile(
  fs: Filesystem,
  path: string,
  options?: { readonly maximumBytes?: number },
): Promise<Buffer | undefined> {
  return treeOf(fs).read(path, options);
}

/** The names in a directory of one filesystem. */
export function listNames(fs: Filesystem, path: string): Promise<readonly string[] | undefined> {
  return treeOf(fs).list(path);
}
