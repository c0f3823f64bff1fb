/** Which kernel modules an initramfs holds. */
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { GuestFile } from "../guest-tree.ts";
import { moduleName } from "../linux/kernel-config.ts";
import { CpioNames } from "./cpio-names.ts";
import { chunkBytes, FileCursor } from "./file-cursor.ts";
import { unpackAt } from "./unpack.ts";

/** No distribution's initramfs unpacks to more; a bomb does. */
const maximumUnpackedBytes = 256 * 2 ** 20;
const maximumParts = 16;

/** What dracut packs the better part of an initramfs into when asked to (its modules squash-squashfs, squash-erofs). */
const packedWithin = /(?:squash|erofs)[^/]*\.img$|\.(?:squashfs|sqfs|erofs)$/;

/** Names may have 64 KiB, and the patterns take more than linear time; all that matters stands at the end. */
const maximumNameEnd = 256;

export interface ModulesFound {
  /** Those of the sought modules that were seen. */
  readonly found: ReadonlySet<string>;
  /** True when the initramfs was read to its end, so that what is not among `found` is not in it. */
  readonly complete: boolean;
  /** Why it is not complete. */
  readonly why?: string;
}

/**
 * Looks for modules by name (`virtio_blk`, with underscores) and stops as soon as all were seen. An initramfs is a
 * row of cpio archives, each as it is (microcode, and in newer Ubuntu the modules) or compressed. What cannot be read
 * does not throw but makes the answer incomplete; only errors of the source itself are thrown.
 */
export async function findModulesInInitramfs(file: GuestFile, sought: readonly string[]): Promise<ModulesFound> {
  const wanted = new Set(sought);
  const found = new Set<string>();
  let holdsMore = false;
  const onName = (name: string): void => {
    const end = name.slice(-maximumNameEnd);
    holdsMore ||= packedWithin.test(end);
    const module = moduleName(end);
    if (module !== undefined && wanted.has(module)) found.add(module);
  };
  const isDone = (): boolean => found.size === wanted.size;
  try {
    const isRead = await readParts(new FileCursor(file), onName, isDone);
    if (isRead && holdsMore && !isDone()) return { found, complete: false, why: "it holds a filesystem of its own" };
    return isRead
      ? { found, complete: true }
      : { found, complete: false, why: "it ends early, or holds something unknown" };
  } catch (error) {
    if (error instanceof CannotTell || error instanceof MalformedImage) {
      return { found, complete: false, why: error.message };
    }
    throw error;
  }
}

/** True when everything was read, or when nothing more is sought. */
async function readParts(cursor: FileCursor, onName: (name: string) => void, isDone: () => boolean): Promise<boolean> {
  for (let part = 0; part < maximumParts; part += 1) {
    await skipZeros(cursor);
    if (cursor.atEnd) return part > 0;
    const isPlain = (await cursor.peek(5)).toString("latin1") === "07070";
    const ended = isPlain ? await readPlain(cursor, onName, isDone) : await readPacked(cursor, onName, isDone);
    if (isDone()) return true;
    if (!ended) return false;
  }
  return false;
}

const zeros = Buffer.alloc(chunkBytes);

async function skipZeros(cursor: FileCursor): Promise<void> {
  while (!cursor.atEnd) {
    const chunk = await cursor.peekChunk();
    const start = chunk.equals(zeros.subarray(0, chunk.length)) ? -1 : chunk.findIndex((byte) => byte !== 0);
    cursor.skip(start < 0 ? chunk.length : start);
    if (start >= 0) return;
  }
}

/** Walks archives that are not compressed: contents are passed over without being read. */
async function readPlain(cursor: FileCursor, onName: (name: string) => void, isDone: () => boolean): Promise<boolean> {
  const names = new CpioNames(onName);
  while (!cursor.atEnd && !isDone()) {
    const passed = names.skippable;
    if (passed > 0) {
      cursor.skip(passed);
      names.skipped(passed);
    }
    const chunk = await cursor.peekChunk();
    const used = names.push(chunk);
    cursor.skip(used);
    if (used < chunk.length) return true;
  }
  return names.ended;
}

async function readPacked(cursor: FileCursor, onName: (name: string) => void, isDone: () => boolean): Promise<boolean> {
  const names = new CpioNames(onName);
  let unpackedBytes = 0;
  for await (const chunk of await unpackAt(cursor)) {
    unpackedBytes += chunk.length;
    if (unpackedBytes > maximumUnpackedBytes) throw new CannotTell("the initramfs unpacks to more than 256 MiB");
    if (names.push(chunk) < chunk.length) return false;
    if (isDone()) return true;
  }
  return names.ended;
}
