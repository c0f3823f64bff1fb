import { openBtrfs } from "../../../../../shared/inspection/filesystem/btrfs/open-btrfs.ts";
import { MalformedImage } from "../../../../../shared/inspection/source/byte-source.ts";
import { sourceOf } from "../../../../fixtures/images/open-image.ts";
import { digest, walkVolume } from "../../../../fixtures/images/xfs-btrfs-ntfs-tree.ts";
import {
  type BuiltItem,
  buildBtrfs,
  directoryMode,
  fileMode,
  inlineItem,
  inodeItem,
  key,
  nameItems,
  rootRef,
} from "./built-btrfs.ts";

const asInode = (inode: number) => key(inode, 1, 0);
const asSubvolume = (id: number) => key(id, 132, 0xffff_ffff_ffff_ffffn);

function file(directory: number, index: number, inode: number, name: string): BuiltItem[] {
  const content = inlineItem(inode, Buffer.from(name), 0, name.length);
  return [inodeItem(inode, name.length, fileMode), ...nameItems(directory, index, name, asInode(inode)), content];
}

/** Laid out as openSUSE does: `@` with `@/.snapshots/1/snapshot`, which is what gets mounted, and `@/var`. */
function likeOpenSuse(defaultSubvolume?: number): Buffer {
  const root = inodeItem(256, 0, directoryMode);
  const at = [
    root,
    inodeItem(257, 0, directoryMode),
    ...nameItems(256, 2, ".snapshots", asInode(257)),
    inodeItem(258, 0, directoryMode),
    ...nameItems(257, 2, "1", asInode(258)),
    ...nameItems(258, 2, "snapshot", asSubvolume(258)),
    ...nameItems(256, 3, "var", asSubvolume(257)),
  ];
  const snapshot = [root, ...file(256, 2, 260, "os-release"), ...nameItems(256, 3, "var", asSubvolume(257))];
  return buildBtrfs({
    trees: new Map([
      [5, [root, ...nameItems(256, 2, "@", asSubvolume(256)), ...file(256, 3, 300, "top")]],
      [256, at],
      [257, [root, ...file(256, 2, 257, "log")]],
      [258, snapshot],
    ]),
    rootItems: [rootRef(5, 256, 256, "@"), rootRef(256, 257, 256, "var"), rootRef(256, 258, 258, "snapshot")],
    ...(defaultSubvolume === undefined ? {} : { defaultSubvolume }),
  });
}

async function openBytes(bytes: Buffer) {
  const fs = await openBtrfs(sourceOf(bytes));
  if (fs === undefined) throw new Error("not recognised");
  return fs;
}

describe("subvolumes of btrfs", () => {
  it("are listed with their paths from the top of the volume", async () => {
    const found = await (await openBytes(likeOpenSuse(258))).listSubvolumes();
    expect(found.map(({ id, parentId, path, isDefault }) => [id, parentId, path, isDefault])).toEqual([
      [256, 5, "@", false],
      [257, 256, "@/var", false],
      [258, 256, "@/.snapshots/1/snapshot", true],
    ]);
  });

  it("open at the default one; what a snapshot shows of others is an empty directory", async () => {
    expect(await walkVolume(await openBytes(likeOpenSuse(258)))).toEqual(
      new Map([["os-release", digest(Buffer.from("os-release"))]]),
    );
  });

  it("are directories of the tree that they hang in when no default is set", async () => {
    const found = await walkVolume(await openBytes(likeOpenSuse()));
    expect([...found.keys()].sort()).toEqual(["@/.snapshots/1/snapshot/os-release", "@/var/log", "top"]);
  });

  it.each([
    [257, ["log"]],
    ["@/var", ["log"]],
    ["/@/.snapshots/1/snapshot/", ["os-release"]],
    [258, ["os-release"]],
  ])("open by id or path: %s", async (idOrPath, names) => {
    const fs = await openBytes(likeOpenSuse(258));
    expect([...(await walkVolume(fs, await fs.subvolumeRoot(idOrPath))).keys()]).toEqual(names);
  });

  it.each([["@/nowhere"], ["@/.snapshots"], ["top"], [9999], [-1], [0.5], [Number.NaN]])(
    "are not to be found at %s",
    async (idOrPath) => {
      expect(await (await openBytes(likeOpenSuse())).subvolumeRoot(idOrPath)).toBeUndefined();
    },
  );

  it("that contain each other are refused", async () => {
    const root = inodeItem(256, 0, directoryMode);
    const bytes = buildBtrfs({
      trees: new Map([
        [5, [root]],
        [256, [root, ...nameItems(256, 2, "b", asSubvolume(257))]],
        [257, [root, ...nameItems(256, 2, "a", asSubvolume(256))]],
      ]),
      rootItems: [rootRef(256, 257, 256, "b"), rootRef(257, 256, 256, "a")],
    });
    await expect((await openBytes(bytes)).listSubvolumes()).rejects.toThrow(MalformedImage);
  });
});
