import type { Filesystem } from "../../../../shared/inspection/filesystem/filesystem.ts";
import { createTree, openPath } from "../../../../shared/inspection/filesystem/path-walk.ts";
import { CannotTell, MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { type FixtureEntry, holedContent } from "../../../fixtures/images/fixture-tree.ts";

/** Paths whose content, link or listing is not what was put into the image. */
export async function differences(fs: Filesystem, entries: readonly FixtureEntry[]): Promise<string[]> {
  const tree = createTree([{ at: "/", fs }]);
  const wrong: string[] = [];
  const folders = new Map<string, string[]>();
  for (const entry of entries) {
    const cut = entry.path.lastIndexOf("/");
    if (cut > 0)
      folders.set(entry.path.slice(0, cut), [
        ...(folders.get(entry.path.slice(0, cut)) ?? []),
        entry.path.slice(cut + 1),
      ]);
    const found = await tree.open(entry.path, { followLinks: false });
    if (!found) {
      wrong.push(`${entry.path} is missing`);
    } else if ("target" in entry) {
      if ((await fs.readLink(found.node)) !== entry.target) wrong.push(`${entry.path} points elsewhere`);
    } else {
      const expected = "holes" in entry ? holedContent(entry.holes) : entry.content;
      const whole = await fs.read(found.node, 0, found.node.size);
      if (!whole.equals(expected)) wrong.push(`${entry.path} has other content`);
      const from = Math.floor(expected.length / 3);
      const part = await fs.read(found.node, from, 5000);
      if (!part.equals(expected.subarray(from, from + 5000)))
        wrong.push(`${entry.path} has other content in its middle`);
    }
  }
  for (const [folder, names] of folders) {
    const folderNames = [...folders.keys()].filter((path) => path.startsWith(`${folder}/`));
    const below = folderNames.map((path) => path.slice(folder.length + 1).split("/")[0] ?? "");
    const expected = [...new Set([...names, ...below])].sort();
    const listed = [...((await tree.list(folder)) ?? [])].sort();
    if (listed.join("\n") !== expected.join("\n")) wrong.push(`${folder} lists other names`);
  }
  return wrong;
}

/**
 * Opens and walks a filesystem that may be damaged anywhere; the damage must show as one of the two errors that the
 * inspection knows. Anything else is thrown on.
 */
export async function walkDamaged(open: () => Promise<Filesystem | undefined>, maximumNodes = 300): Promise<void> {
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
      if (found?.kind === "file") await tolerate(() => fs.read(found, 0, 65536));
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
