/** What the collectors of facts need of a guest's files: the whole of its mounted tree, links followed, read-only. */
import type { NodeKind } from "../filesystem/filesystem.ts";
import type { MountedTree } from "../filesystem/path-walk.ts";
import { CannotTell, MalformedImage, SourceChanged, SourceUnreadable } from "../source/byte-source.ts";

export interface GuestFile {
  readonly kind: NodeKind;
  /** Bytes of content. */
  readonly size: number;
  /** `length` bytes from `offset`, cut short at the end of the file. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** Paths are absolute, with `/`. Links are followed, also across mounted filesystems, and never out of the image. */
export interface GuestTree {
  /** The file or directory at `path`; undefined when there is none. */
  open(path: string): Promise<GuestFile | undefined>;
  /** Names in the directory at `path`; undefined when there is no such directory. */
  list(path: string): Promise<readonly string[] | undefined>;
}

/** No configuration file of a guest comes near; several are in memory at once. */
const maximumTextBytes = 2 ** 20;
/** For what packages and people drop into a directory: many are read together. */
const maximumFragmentBytes = 2 ** 16;
/** For databases of installed packages. */
export const maximumDatabaseBytes = 8 * 2 ** 20;

/** The text of a file; undefined when absent or no file. One over `maximumBytes` (default 1 MiB) is a CannotTell. */
export async function readText(
  tree: GuestTree,
  path: string,
  maximumBytes = maximumTextBytes,
): Promise<string | undefined> {
  const file = await tree.open(path);
  if (file?.kind !== "file") return undefined;
  if (file.size > maximumBytes) throw new CannotTell(`${path} has ${file.size} bytes, more than is read of a text`);
  return (await file.read(0, file.size)).toString("utf8");
}

/** The first bytes of a file, at most `length`; undefined when absent or no file. */
export async function readHead(tree: GuestTree, path: string, length: number): Promise<Buffer | undefined> {
  const file = await tree.open(path);
  return file?.kind === "file" ? file.read(0, Math.min(length, file.size)) : undefined;
}

/** The text of the first of `paths` that exists. They are looked up together, as each look-up waits for the network. */
export async function readFirstText(tree: GuestTree, paths: readonly string[]): Promise<string | undefined> {
  const texts = await Promise.all(paths.map((path) => readText(tree, path)));
  return texts.find((text) => text !== undefined);
}

/** The texts of those of `paths` that exist. */
export async function readTexts(
  tree: GuestTree,
  paths: readonly string[],
  maximumBytes = maximumTextBytes,
): Promise<string[]> {
  const texts = await Promise.all(paths.map((path) => readText(tree, path, maximumBytes)));
  return texts.filter((text) => text !== undefined);
}

const maximumFragments = 16;

/** The texts of the files in `directory` whose names pass, in order of their names; 16 of 64 KiB at most. */
export async function readDirectoryTexts(tree: GuestTree, directory: string, pattern: RegExp): Promise<string[]> {
  const names = ((await tree.list(directory)) ?? []).filter((name) => pattern.test(name)).sort();
  const paths = names.slice(0, maximumFragments).map((name) => `${directory}/${name}`);
  return readTexts(tree, paths, maximumFragmentBytes);
}

export async function isFile(tree: GuestTree, path: string): Promise<boolean> {
  return (await tree.open(path))?.kind === "file";
}

export async function isDirectory(tree: GuestTree, path: string): Promise<boolean> {
  return (await tree.open(path))?.kind === "directory";
}

const programDirectories = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

/** Whether a program of this name is where programs are. */
export async function hasProgram(tree: GuestTree, name: string): Promise<boolean> {
  const found = await Promise.all(programDirectories.map((directory) => isFile(tree, `${directory}/${name}`)));
  return found.includes(true);
}

/** Something that could not be told, and why. */
export interface Unread {
  readonly what: string;
  readonly why: string;
}

/**
 * Runs one collector. What it cannot tell, or finds malformed, is noted in `unread` and leaves its fact open: the other
 * facts stand. So they do where the collector itself has a mistake. Trouble with the source is thrown on.
 */
export async function attempt<T>(what: string, unread: Unread[], collect: () => Promise<T>): Promise<T | undefined> {
  try {
    return await collect();
  } catch (error) {
    if (error instanceof SourceUnreadable || error instanceof SourceChanged) throw error;
    const isKnown = error instanceof CannotTell || error instanceof MalformedImage;
    unread.push({ what, why: isKnown ? error.message : `the reader failed on it: ${String(error)}` });
    return undefined;
  }
}

/** A mounted tree as the collectors see it. */
export function guestTreeOf(tree: MountedTree): GuestTree {
  return {
    async open(path) {
      const found = await tree.open(path);
      if (found === undefined) return undefined;
      const { fs, node } = found;
      return { kind: node.kind, size: node.size, read: (offset, length) => fs.read(node, offset, length) };
    },
    list: (path) => tree.list(path),
  };
}
