import * as fc from "fast-check";
import type { Filesystem, FsNode } from "../../../../shared/inspection/filesystem/filesystem.ts";
import { createTree } from "../../../../shared/inspection/filesystem/path-walk.ts";
import { CannotTell, MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { listNames, openPath, readFile } from "./by-path.ts";

/** A filesystem in memory: text is a file, `→ target` a link, an object a directory. */
interface Folder {
  readonly [name: string]: string | Folder;
}

function memoryFs(root: Folder): Filesystem & { lookups: () => number } {
  const nodes = new Map<FsNode["id"], { node: FsNode; content: string | Folder }>();
  let lookups = 0;
  function nodeOf(content: string | Folder): FsNode {
    const kind = typeof content !== "string" ? "directory" : content.startsWith("→ ") ? "symlink" : "file";
    const node: FsNode = { id: nodes.size, kind, size: typeof content === "string" ? content.length : 0 };
    nodes.set(node.id, { node, content });
    return node;
  }
  const contentOf = (node: FsNode) => nodes.get(node.id)?.content ?? "";
  const folderOf = (node: FsNode): Folder => {
    const content = contentOf(node);
    if (typeof content === "string") throw new MalformedImage("no directory");
    return content;
  };
  return {
    kind: "memory",
    unclean: false,
    lookups: () => lookups,
    root: async () => nodeOf(root),
    async lookup(directory, name) {
      lookups += 1;
      const folder = folderOf(directory);
      const content = Object.hasOwn(folder, name) ? folder[name] : undefined;
      return content === undefined ? undefined : nodeOf(content);
    },
    async list(directory) {
      return Object.entries(folderOf(directory)).map(([name, content]) => ({
        name,
        node: async () => nodeOf(content),
      }));
    },
    async read(file, offset, length) {
      return Buffer.from(String(contentOf(file))).subarray(offset, offset + length);
    },
    readLink: async (link) => String(contentOf(link)).slice(2),
  };
}

const root = memoryFs({
  etc: { "os-release": "→ ../usr/lib/os-release", mtab: "→ /proc/self/mounts", alias: "→ /etc" },
  usr: { lib: { "os-release": "ID=test" }, share: {} },
  lib: "→ usr/lib",
  boot: {},
  deep: "→ /deep/deep",
  one: "→ two",
  two: "→ one",
  file: "content",
  kernel: "→ boot/vmlinuz",
});

describe("walking a path", () => {
  it.each([
    ["/file", "content"],
    ["file", "content"],
    ["//usr/./lib/os-release", "ID=test"],
    ["/usr/share/../lib/os-release", "ID=test"],
    ["/../../file", "content"],
    ["/etc/os-release", "ID=test"],
    ["/lib/os-release", "ID=test"],
    ["/etc/alias/alias/os-release", "ID=test"],
  ])("%s is found", async (path, content) => {
    expect((await readFile(root, path))?.toString()).toBe(content);
  });

  it.each([
    ["nothing there", "/nowhere"],
    ["nothing there in a directory", "/usr/nowhere/file"],
    ["a file used as a directory", "/file/below"],
    ["a link to nothing", "/etc/mtab"],
    ["two links in a circle", "/one"],
    ["a link to what is below itself", "/deep"],
    ["a directory", "/usr"],
    ["a name of every object", "/constructor"],
  ])("reading %s is undefined", async (_, path) => {
    expect(await readFile(root, path)).toBeUndefined();
  });

  it("stops at a link at the end of the path when asked to", async () => {
    expect((await openPath(root, "/lib", { followLinks: false }))?.node.kind).toBe("symlink");
    expect((await openPath(root, "/lib"))?.path).toBe("/usr/lib");
  });

  it("lists directories only", async () => {
    expect(await listNames(root, "/lib")).toEqual(["os-release"]);
    expect(await listNames(root, "/file")).toBeUndefined();
    expect(await listNames(root, "/nowhere")).toBeUndefined();
  });

  it("cannot tell the content of a file over the limit", async () => {
    await expect(readFile(root, "/file", { maximumBytes: 6 })).rejects.toThrow(CannotTell);
    expect(await readFile(root, "/file", { maximumBytes: 7 })).toHaveLength(7);
  });

  it("looks each step up once, even when paths are walked at the same time", async () => {
    const fs = memoryFs({ a: { b: { c: "1", d: "2" } } });
    const tree = createTree([{ at: "/", fs }]);
    await Promise.all([tree.read("/a/b/c"), tree.read("/a/b/d"), tree.stat("/a/b/c"), tree.list("/a/b")]);
    expect(fs.lookups()).toBe(4);
  });

  it("does not walk deeper than any real path", async () => {
    let folder: Folder = {};
    for (let depth = 0; depth < 200; depth += 1) folder = { d: folder };
    expect(await openPath(memoryFs(folder), "d/".repeat(60))).toBeDefined();
    expect(await openPath(memoryFs(folder), "d/".repeat(100))).toBeUndefined();
  });

  it("never throws for a path, whatever it is", async () => {
    const part = fc.constantFrom("etc", "usr", "lib", "deep", "one", "alias", "os-release", "..", ".", "", "kernel");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(part, fc.string()), { maxLength: 80 }), async (parts) => {
        const found = await openPath(root, parts.join("/"));
        expect(found === undefined || found.path.startsWith("/")).toBe(true);
      }),
    );
  });
});

describe("a tree of several filesystems", () => {
  const boot = memoryFs({ vmlinuz: "kernel", back: "→ /etc/os-release", up: "→ ../file" });
  const usr = memoryFs({ lib: { "os-release": "ID=mounted" } });
  const subvolumes = memoryFs({ snapshots: { first: { name: "inside" } } });
  const esp = memoryFs({ EFI: { BOOT: { "BOOTX64.EFI": "loader" } } });

  const tree = createTree([
    { at: "/", fs: root },
    { at: "/boot/", fs: boot },
    { at: "/boot/efi", fs: esp },
    { at: "/usr", fs: usr },
  ]);

  it.each([
    ["/boot/vmlinuz", "kernel"],
    ["/kernel", "kernel"],
    ["/boot/back", "ID=mounted"],
    ["/boot/up", "content"],
    ["/lib/os-release", "ID=mounted"],
    ["/boot/efi/EFI/BOOT/BOOTX64.EFI", "loader"],
    ["/boot/efi/../vmlinuz", "kernel"],
  ])("finds %s where it is mounted", async (path, content) => {
    expect((await tree.read(path))?.toString()).toBe(content);
  });

  it("tells which filesystem a node belongs to", async () => {
    expect((await tree.open("/boot/vmlinuz"))?.fs).toBe(boot);
    expect((await tree.open("/boot/efi"))?.fs).toBe(esp);
    expect((await tree.open("/boot/efi"))?.path).toBe("/boot/efi");
  });

  it("can begin at another root than the filesystem's own", async () => {
    const first = await openPath(subvolumes, "/snapshots/first");
    if (!first) throw new Error("not found");
    const view = createTree([{ at: "/", fs: subvolumes, root: first.node }]);
    expect((await view.read("/name"))?.toString()).toBe("inside");
    expect((await view.read("/../../name"))?.toString()).toBe("inside");
    expect(await view.read("/snapshots/first/name")).toBeUndefined();
  });

  it("is empty without a root", async () => {
    expect(await createTree([{ at: "/boot", fs: boot }]).open("/boot")).toBeUndefined();
  });
});
