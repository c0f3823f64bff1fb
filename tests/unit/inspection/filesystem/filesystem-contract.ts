import * as fc from "fast-check";
import type { Filesystem, OpenFilesystem } from "../../../../shared/inspection/filesystem/filesystem.ts";
import { MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { fixtureContent, osRelease } from "../../../fixtures/images/fixture-tree.ts";
import { sourceOf } from "../../../fixtures/images/open-image.ts";
import { processorTime } from "../../../fixtures/images/processor-time.ts";
import { digest, walkVolume } from "../../../fixtures/images/xfs-btrfs-ntfs-tree.ts";
import { openPath, readFile } from "./by-path.ts";
import { walkDamaged } from "./walk-damaged.ts";

export interface FilesystemUnderTest {
  readonly open: OpenFilesystem;
  /** A copy of the image for a test to damage. */
  readonly image: () => Buffer;
  /** What the volume says of itself. */
  readonly facts: object;
  /** All that is in the image, by path: among it `usr/lib/os-release`, a directory `many`, and `large`. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Targets by path, among them `etc/os-release`; undefined where the format has no links. */
  readonly links?: ReadonlyMap<string, string>;
  readonly ignoresCase?: boolean;
  /** Gives the link `etc/os-release` another target, no longer than its own; the text in place unless told otherwise. */
  readonly retarget?: (image: Buffer, target: string) => void;
}

/** The filesystem in these bytes; throws when it is not recognised. */
export async function openBytes(open: OpenFilesystem, bytes: Buffer): Promise<Filesystem> {
  const fs = await open(sourceOf(bytes));
  if (fs === undefined) throw new Error("not recognised");
  return fs;
}

/** Finds a file of one filesystem; throws when it is not there. */
export async function nodeAt(fs: Filesystem, path: string) {
  const found = await openPath(fs, path);
  if (found === undefined) throw new Error(`no ${path}`);
  return found.node;
}

export const linkTarget = "../usr/lib/os-release";

const retargetText = (image: Buffer, target: string) => {
  image.write(target, image.indexOf(linkTarget));
};

/** What holds for every filesystem that is read, whatever its format. */
export function filesystemContract(subject: FilesystemUnderTest): void {
  const { open, files, links = new Map<string, string>() } = subject;
  // No test that changes bytes works on these, or else puts them back.
  const bytes = subject.image();
  const opened = () => openBytes(open, bytes);

  it("says what the volume knows of itself", async () => {
    expect(await opened()).toMatchObject(subject.facts);
  });

  it("finds every file and link with its contents, and nothing else", async () => {
    const whole = new Map([...files].map(([path, content]) => [path, digest(content)]));
    for (const [path, target] of links) whole.set(path, `-> ${target}`);
    expect(await walkVolume(await opened())).toEqual(whole);
  });

  it("looks up every name, whatever its case where case does not matter", async () => {
    const fs = await opened();
    const shouted = (path: string) => path.replaceAll(/[a-zü]/g, (letter) => letter.toUpperCase());
    for (const [path, content] of files) {
      const node = await nodeAt(fs, subject.ignoresCase ? shouted(path) : path);
      expect(node).toMatchObject({ kind: "file", size: content.length });
      const third = Math.floor(content.length / 3);
      expect(content.subarray(third, third + 5000).equals(await fs.read(node, third, 5000))).toBe(true);
    }
    if (!subject.ignoresCase) expect(await openPath(fs, "LARGE")).toBeUndefined();
  });

  it("has nothing where nothing is", async () => {
    const fs = await opened();
    for (const path of ["nowhere", "usr/nowhere/file", "many/a-long-name-131", "constructor", "large/below"]) {
      expect(await openPath(fs, path)).toBeUndefined();
    }
  });

  it("reads any range of a file, cut at its end", async () => {
    const fs = await opened();
    const whole = fixtureContent(300_000);
    const node = await nodeAt(fs, "large");
    await fc.assert(
      fc.asyncProperty(fc.nat(310_000), fc.nat(20_000), async (offset, length) => {
        expect(whole.subarray(offset, offset + length).equals(await fs.read(node, offset, length))).toBe(true);
      }),
    );
  });

  it("reads little of the volume for a little of a file", async () => {
    const source = sourceOf(bytes);
    const fs = await open(source);
    if (fs === undefined) throw new Error("not recognised");
    const node = await nodeAt(fs, "large");
    const before = source.reads.length;
    await fs.read(node, 150_000, 100);
    const read = source.reads.slice(before).reduce((sum, { length }) => sum + length, 0);
    expect(read).toBeLessThanOrEqual(64 * 1024);
  });

  if (links.size > 0) {
    // A path's repeated slashes mean nothing, so every target is as long as the link's own.
    const targets: [string, string, Buffer | undefined][] = [
      ["out of the volume, which ends at its root,", "../../../../../large", fixtureContent(300_000)],
      ["from the root", "/usr/lib/os-release", Buffer.from(osRelease)],
      ["to nothing", "../usr/lib/nowhere", undefined],
      ["to itself", "os-release", undefined],
      ["below itself", "os-release/down", undefined],
    ];
    it.each(targets)("follows a link %s", async (_where, target, content) => {
      const image = subject.image();
      (subject.retarget ?? retargetText)(image, target.padEnd(linkTarget.length, "/"));
      const found = await readFile(await openBytes(open, image), "etc/os-release");
      expect(found?.length).toBe(content?.length);
      expect(found === undefined || content?.equals(found)).toBe(true);
    });
  }

  it("does not take a file, a directory or a link for another", async () => {
    const fs = await opened();
    const file = await nodeAt(fs, "large");
    const root = await fs.root();
    await expect(fs.list(file)).rejects.toThrow(MalformedImage);
    await expect(fs.lookup(file, "large")).rejects.toThrow(MalformedImage);
    await expect(fs.read(root, 0, 1)).rejects.toThrow(MalformedImage);
    await expect(fs.readLink(file)).rejects.toThrow(MalformedImage);
    if (links.size === 0) return;
    const link = await openPath(fs, "etc/os-release", { followLinks: false });
    if (link?.node.kind !== "symlink") throw new Error("no link");
    await expect(fs.list(link.node)).rejects.toThrow(MalformedImage);
    await expect(fs.read(link.node, 0, 1)).rejects.toThrow(MalformedImage);
  });

  it("claims neither zeros nor next to nothing", async () => {
    for (const size of [0, 100, 4096, 8192, 100_000]) expect(await open(sourceOf(Buffer.alloc(size)))).toBeUndefined();
  });

  it("ends in a walk or in a plain verdict, soon, however its structures are damaged", async () => {
    // Flips where they matter: in whatever the walk of the sound image reads but the contents of files.
    const source = sourceOf(bytes);
    await walkDamaged(() => open(source), 300, 1);
    const structures = source.reads;
    const flip = fc.tuple(fc.nat(structures.length - 1), fc.nat(2 ** 20), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 6 }), async (flips) => {
        const undo: [number, number][] = [];
        for (const [which, within, mask] of flips) {
          const { offset = 0, length = 1 } = structures[which] ?? {};
          const at = offset + (within % length);
          undo.push([at, bytes[at] ?? 0]);
          bytes[at] = (bytes[at] ?? 0) ^ mask;
        }
        const start = processorTime();
        try {
          await walkDamaged(() => open(sourceOf(bytes)));
          expect(processorTime() - start).toBeLessThan(2000);
        } finally {
          for (const [at, byte] of undo.reverse()) bytes[at] = byte;
        }
      }),
    );
  });
}
