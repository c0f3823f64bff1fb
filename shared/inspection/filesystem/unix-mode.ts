import type { NodeKind } from "./filesystem.ts";

/** What an inode is by its mode, as stat(2) has it; ext, XFS and btrfs keep the same bits. */
export function kindOfMode(mode: number): NodeKind {
  const format = mode & 0o170000;
  if (format === 0o100000) return "file";
  if (format === 0o040000) return "directory";
  return format === 0o120000 ? "symlink" : "other";
}
