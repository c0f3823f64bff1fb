import type { GuestTree } from "../guest-tree.ts";
import { upstream } from "./package-versions.ts";

/** SQLite (rpm 4.16 and later), Berkeley DB and ndb files, where the families keep them. */
const databasePaths = [
  "/var/lib/rpm/rpmdb.sqlite",
  "/usr/lib/sysimage/rpm/rpmdb.sqlite",
  "/usr/lib/sysimage/rpm/Packages.db",
  "/var/lib/rpm/Packages",
];

const pieceBytes = 2 ** 20;
const overlapBytes = 256;
const maximumScannedBytes = 32 * 2 ** 20;

/** Undefined when a piece of a database does not have the beginning of the package's header. */
export function findRpmVersion(piece: Buffer, name: string): string | undefined {
  const key = Buffer.from(`\0${name}\0`, "latin1");
  for (let at = piece.indexOf(key); at >= 0; at = piece.indexOf(key, at + 1)) {
    const text = piece.toString("latin1", at + key.length, at + key.length + 160);
    const match = /^(\d[\w.+~^]{0,63})\0\d[\w.+~^]{0,63}\0/.exec(text);
    if (match?.[1] !== undefined) return upstream(match[1]);
  }
  return undefined;
}

/**
 * The version of a package by a scan of the rpm database's raw bytes, at most 32 MiB of them. A package's header holds
 * its name, version and release as strings that follow each other (tags 1000 to 1002 in this order), so no database
 * has to be understood. Less certain than a look-up: a header cut by a page's border is missed, and one that was
 * deleted may be seen. What is missed is undefined, never a wrong version.
 */
export async function readRpmVersion(tree: GuestTree, name: string): Promise<string | undefined> {
  for (const path of databasePaths) {
    const file = await tree.open(path);
    if (file?.kind !== "file") continue;
    const end = Math.min(file.size, maximumScannedBytes);
    for (let at = 0; at < end; at += pieceBytes) {
      const version = findRpmVersion(await file.read(at, Math.min(pieceBytes + overlapBytes, file.size - at)), name);
      if (version !== undefined) return version;
    }
  }
  return undefined;
}
