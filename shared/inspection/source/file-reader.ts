import { type FileHandle, open } from "node:fs/promises";
import { printable } from "../printable-text.ts";
import { SourceChanged, SourceUnreadable } from "./byte-source.ts";
import type { RangeReader } from "./range-reader.ts";

/** Ranges of a regular file. Throws SourceUnreadable for what is missing, forbidden, or no regular file. */
export async function openFile(path: string): Promise<RangeReader> {
  const name = printable(path, 1024);
  const file = await open(path, "r").catch((cause: unknown) => {
    throw new SourceUnreadable(explainOpen(name, cause), { cause });
  });
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) throw new SourceUnreadable(`${name} is a directory, not an image file.`);
    if (!stat.isFile()) {
      throw new SourceUnreadable(`${name} is a device, pipe or socket; copy it into a file first, e.g. with dd.`);
    }
    return fileReader(file, name, stat.size);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function fileReader(file: FileHandle, name: string, size: number): RangeReader {
  return {
    size,
    describe: () => name,
    close: () => file.close(),
    async readRange(offset, length) {
      const bytes = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + done).catch((cause: unknown) => {
          throw new SourceUnreadable(`${name} could not be read: ${reason(cause)}.`, { cause });
        });
        if (bytesRead === 0) throw new SourceChanged(`${name} became shorter while it was being read.`);
        done += bytesRead;
      }
      return bytes;
    },
  };
}

const openProblems = new Map([
  ["ENOENT", "does not exist"],
  ["ENOTDIR", "does not exist"],
  ["EACCES", "may not be read with your permissions"],
  ["EPERM", "may not be read with your permissions"],
  ["ELOOP", "is a link that leads back to itself"],
  ["ENXIO", "is a device or socket, not an image file"],
]);

function explainOpen(name: string, cause: unknown): string {
  const known = openProblems.get(String(fieldOf(cause, "code")));
  return known === undefined ? `${name} could not be opened: ${reason(cause)}.` : `${name} ${known}.`;
}

function reason(cause: unknown): string {
  return printable(String(fieldOf(cause, "message") ?? "unknown reason"));
}

function fieldOf(cause: unknown, field: string): unknown {
  return typeof cause === "object" && cause !== null ? Reflect.get(cause, field) : undefined;
}
