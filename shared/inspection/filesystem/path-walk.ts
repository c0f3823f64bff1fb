import { CannotTell } from "../source/byte-source.ts";
import type { Filesystem, FsNode } from "./filesystem.ts";

const maximumLinks = 16;
const maximumComponents = 64;
const defaultMaximumBytes = 8 * 2 ** 20;
const maximumRemembered = 8192;

/** A filesystem and where it is mounted; `root` is another root than its own, e.g. a btrfs subvolume. */
export interface Mount {
  readonly at: string;
  readonly fs: Filesystem;
  readonly root?: FsNode;
}

/** A node with the filesystem that it belongs to and its path with all links resolved. */
export interface FoundNode {
  readonly path: string;
  readonly fs: Filesystem;
  readonly node: FsNode;
}

export interface OpenOptions {
  /** Whether a link at the very end of the path is followed too. Default true. */
  readonly followLinks?: boolean;
}

/**
 * The guest's own view of its files: filesystems mounted into each other. Links are resolved inside this tree, absolute
 * ones from its root. What does not exist, or lies behind too many links, is `undefined`; filesystem errors are thrown.
 */
export interface MountedTree {
  readonly mounts: readonly Mount[];
  open(path: string, options?: OpenOptions): Promise<FoundNode | undefined>;
  stat(path: string, options?: OpenOptions): Promise<FsNode | undefined>;
  /** The whole content of a file; CannotTell when it has more than `maximumBytes` (default 8 MiB). */
  read(path: string, options?: { readonly maximumBytes?: number }): Promise<Buffer | undefined>;
  /** Names in a directory, without `.` and `..`. */
  list(path: string): Promise<readonly string[] | undefined>;
}

export function createTree(mounts: readonly Mount[]): MountedTree {
  const mountsByPath = new Map(mounts.map((mount) => [joinPath(splitPath(mount.at)), mount]));
  const remembered = new Map<string, Promise<FoundNode | undefined>>();

  /** The entry of a directory, looked up once: parallel walks share their first steps. */
  function enter(directory: FoundNode | undefined, path: string, name: string): Promise<FoundNode | undefined> {
    const known = remembered.get(path);
    if (known) return known;
    if (remembered.size >= maximumRemembered) remembered.clear();
    const found = find(directory, path, name);
    remembered.set(path, found);
    found.catch(() => remembered.delete(path));
    return found;
  }

  async function find(directory: FoundNode | undefined, path: string, name: string): Promise<FoundNode | undefined> {
    const mount = mountsByPath.get(path);
    if (mount) return { path, fs: mount.fs, node: mount.root ?? (await mount.fs.root()) };
    if (directory?.node.kind !== "directory") return undefined;
    const node = await directory.fs.lookup(directory.node, name);
    return node && { path, fs: directory.fs, node };
  }

  async function open(path: string, { followLinks = true }: OpenOptions = {}): Promise<FoundNode | undefined> {
    const root = await enter(undefined, "/", "");
    if (!root) return undefined;
    /** The directories from the root down to where the walk is. */
    const trail = [root];
    /** What remains to be walked, last part first. */
    const pending = splitPath(path).reverse();
    let links = 0;
    while (pending.length > 0) {
      const name = pending.pop() ?? "";
      const here = trail.at(-1) ?? root;
      if (name === "..") {
        if (trail.length > 1) trail.pop();
        continue;
      }
      if (trail.length > maximumComponents) return undefined;
      const found = await enter(here, `${here.path === "/" ? "" : here.path}/${name}`, name);
      if (!found) return undefined;
      if (found.node.kind === "symlink" && (followLinks || pending.length > 0)) {
        links += 1;
        if (links > maximumLinks) return undefined;
        const target = await found.fs.readLink(found.node);
        if (target.startsWith("/")) trail.length = 1;
        pending.push(...splitPath(target).reverse());
        continue;
      }
      if (pending.length > 0 && found.node.kind !== "directory") return undefined;
      trail.push(found);
    }
    return trail.at(-1);
  }

  return {
    mounts,
    open,
    stat: async (path, options) => (await open(path, options))?.node,
    async read(path, { maximumBytes = defaultMaximumBytes } = {}) {
      const found = await open(path);
      if (found?.node.kind !== "file") return undefined;
      if (found.node.size > maximumBytes) {
        throw new CannotTell(`A file of ${found.node.size} bytes is over the limit of ${maximumBytes}.`);
      }
      return found.fs.read(found.node, 0, found.node.size);
    },
    async list(path) {
      const found = await open(path);
      if (found?.node.kind !== "directory") return undefined;
      return (await found.fs.list(found.node)).map(({ name }) => name);
    },
  };
}

/** Parts of a path; `..` is kept, as it may follow a link. */
function splitPath(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function joinPath(parts: readonly string[]): string {
  return `/${parts.join("/")}`;
}
