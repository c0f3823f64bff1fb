import type { GuestFile } from "../../../../shared/inspection/guest/guest-tree.ts";

/** A cpio archive of the "newc" format with these files. */
export function cpio(files: readonly (readonly [name: string, content: string | Buffer])[]): Buffer {
  const all = [...files, ["TRAILER!!!", ""] as const];
  return Buffer.concat(all.flatMap(([name, content]) => entry(name, Buffer.from(content as string))));
}

function entry(name: string, content: Buffer): Buffer[] {
  const fields = [1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).toUpperCase().padStart(8, "0")).join("")}${name}\0`;
  return [padded(Buffer.from(header, "latin1")), padded(content)];
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

/** The files that an initramfs with these modules has. */
export function moduleFiles(...names: readonly string[]): (readonly [string, string])[] {
  return names.map((name) => [`usr/lib/modules/6.1.0/kernel/drivers/${name}`, `module ${name}`] as const);
}

/** A file in memory that counts what is read of it. */
export function fileOf(bytes: Buffer): GuestFile & { bytesRead: number } {
  const file = {
    kind: "file" as const,
    size: bytes.length,
    bytesRead: 0,
    async read(offset: number, length: number) {
      const piece = bytes.subarray(offset, offset + length);
      file.bytesRead += piece.length;
      return piece;
    },
  };
  return file;
}
