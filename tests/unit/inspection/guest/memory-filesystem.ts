import type { Filesystem, FsNode } from "../../../../shared/inspection/filesystem/filesystem.ts";
import type { MemoryFiles } from "./memory-tree.ts";

interface Node extends FsNode {
  readonly children: Map<string, Node>;
  readonly bytes: Buffer;
}

function nodeOf(id: number, content: MemoryFiles[string] | undefined): Node {
  const isLink = typeof content === "object" && "link" in content;
  const bytes = Buffer.from(isLink ? content.link : ((content ?? "") as string));
  const kind = content === undefined ? "directory" : isLink ? "symlink" : "file";
  return { id, kind, size: bytes.length, bytes, children: new Map() };
}

/** A filesystem in memory, with what a reader of a real one tells of it. A path that ends in a slash is an empty directory. */
export function memoryFilesystem(
  files: MemoryFiles,
  {
    kind = "ext4",
    uuid,
    label,
    unclean = false,
  }: { kind?: string; uuid?: string; label?: string; unclean?: boolean } = {},
): Filesystem {
  let count = 1;
  const root = nodeOf(count, undefined);
  for (const [path, content] of Object.entries(files)) {
    const names = path.split("/").filter((name) => name !== "");
    const last = names.pop() ?? "";
    let directory = root;
    for (const name of names) {
      count += 1;
      const child = directory.children.get(name) ?? nodeOf(count, undefined);
      directory.children.set(name, child);
      directory = child;
    }
    count += 1;
    directory.children.set(last, nodeOf(count, path.endsWith("/") ? undefined : content));
  }
  return {
    kind,
    ...(uuid === undefined ? {} : { uuid }),
    ...(label === undefined ? {} : { label }),
    unclean,
    root: async () => root,
    lookup: async (directory, name) => (directory as Node).children.get(name),
    list: async (directory) =>
      [...(directory as Node).children].map(([name, node]) => ({ name, node: async () => node })),
    read: async (file, offset, length) => (file as Node).bytes.subarray(offset, offset + length),
    readLink: async (link) => (link as Node).bytes.toString(),
  };
}
