import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { lstat, open, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { Filesystem, FsNode } from "../../../shared/inspection/filesystem/filesystem.ts";
import { type ByteSource, MalformedImage } from "../../../shared/inspection/source/byte-source.ts";

/** A file of this machine as a source, with a count of what was read. */
export async function fileSource(
  path: string,
): Promise<ByteSource & AsyncDisposable & { readonly cost: { reads: number; bytes: number } }> {
  const handle = await open(path);
  const { size } = await handle.stat();
  const cost = { reads: 0, bytes: 0 };
  return {
    size,
    cost,
    read: async (offset, length) => {
      if (offset < 0 || offset + length > size) throw new MalformedImage(`${length} bytes at ${offset} of ${size}`);
      cost.reads++;
      cost.bytes += length;
      const bytes = Buffer.alloc(length);
      await handle.read(bytes, 0, length, offset);
      return bytes;
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** Makes a file of so many MiB of zeros, without holding them, for a mkfs to fill. */
export function blankImage(path: string, sizeInMiB: number): void {
  rmSync(path, { force: true });
  writeFileSync(path, "");
  truncateSync(path, sizeInMiB * 2 ** 20);
}

/**
 * Compares a directory of this machine with one of an image, entry by entry and byte by byte, and says what differs.
 * Every entry is looked up by its name as well as listed.
 */
export async function compareTree(
  fs: Filesystem,
  directory: FsNode,
  path: string,
): Promise<{ entries: number; bytes: number; differences: string[] }> {
  const total = { entries: 0, bytes: 0, differences: [] as string[] };
  const pending = [{ directory, path }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const wanted = (await readdir(next.path)).sort();
    const found = (await fs.list(next.directory)).map((entry) => entry.name).sort();
    if (wanted.join("/") !== found.join("/")) total.differences.push(`${next.path}: other names`);
    for (const name of wanted) {
      const at = join(next.path, name);
      const node = await fs.lookup(next.directory, name);
      total.entries++;
      if (node === undefined) total.differences.push(`${at}: not found`);
      else if (node.kind === "directory") pending.push({ directory: node, path: at });
      else if (node.kind === "symlink") {
        if ((await fs.readLink(node)) !== (await readlink(at))) total.differences.push(`${at}: another target`);
      } else if (node.kind === "file") {
        const content = await readFile(at);
        total.bytes += content.length;
        if (node.size !== content.length || !content.equals(await readWhole(fs, node))) {
          total.differences.push(`${at}: other contents`);
        }
      } else if ((await lstat(at)).isFile()) total.differences.push(`${at}: not a file`);
    }
  }
  return total;
}

/** Every file of a directory of this machine is in the filesystem, and nothing else; there are more than `least` of them. */
export async function expectSameTree(fs: Filesystem, path: string, least: number): Promise<void> {
  const { entries, differences } = await compareTree(fs, await fs.root(), path);
  expect(differences).toEqual([]);
  expect(entries).toBeGreaterThan(least);
}

/** In pieces of an odd size, so that piece borders fall anywhere. */
export async function readWhole(fs: Filesystem, file: FsNode): Promise<Buffer> {
  const piece = 1_000_003;
  const parts: Buffer[] = [];
  for (let at = 0; at < file.size; at += piece) parts.push(await fs.read(file, at, piece));
  return Buffer.concat(parts);
}
