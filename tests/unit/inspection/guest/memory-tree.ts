import type { GuestTree } from "../../../../shared/inspection/guest/guest-tree.ts";

/** A guest's files in memory: contents by absolute path. A content of `{ link }` is a symlink to an absolute path. */
export type MemoryFiles = Readonly<Record<string, string | Buffer | { readonly link: string }>>;

export function memoryTree(files: MemoryFiles): GuestTree {
  const byPath = new Map(Object.entries(files));

  function resolve(path: string): string {
    let current = path;
    for (let links = 0; links < 8; links += 1) {
      const link = [...byPath].find(
        ([from, content]) =>
          typeof content === "object" && "link" in content && (current === from || current.startsWith(`${from}/`)),
      );
      if (link === undefined) return current;
      const [from, content] = link;
      current = (content as { link: string }).link + current.slice(from.length);
    }
    return current;
  }

  return {
    async open(path) {
      const place = resolve(path);
      const content = byPath.get(place);
      if (typeof content === "string" || Buffer.isBuffer(content)) {
        const bytes = Buffer.from(content as string);
        return {
          kind: "file",
          size: bytes.length,
          read: async (offset, length) => bytes.subarray(offset, offset + length),
        };
      }
      const isDirectory = [...byPath.keys()].some((name) => name.startsWith(`${place}/`));
      return isDirectory ? { kind: "directory", size: 0, read: async () => Buffer.alloc(0) } : undefined;
    },
    async list(path) {
      const prefix = `${resolve(path)}/`;
      const names = [...byPath.keys()].filter((name) => name.startsWith(prefix));
      if (names.length === 0) return undefined;
      return [...new Set(names.map((name) => name.slice(prefix.length).split("/", 1)[0] ?? ""))];
    },
  };
}
