import type { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell } from "../../source/byte-source.ts";
import { utf16 } from "./attribute.ts";

/** What a reparse point makes of a file: a link, or something that needs a driver of its own to be read. */
export type ReparsePoint =
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "filtered"; readonly tag: number };

/** Tags: [MS-FSCC] 2.1.2.1. */
const MOUNT_POINT = 0xa0000003;
const SYMLINK = 0xa000000c;
const WSL_SYMLINK = 0xa000001d;
const WOF = 0x80000017;

/** Paths of Windows as the rest of the inspection walks them: `\??\C:\Users` is `/Users`. */
function asPath(target: string): string {
  return target
    .replace(/^\\\?\?\\/, "")
    .replace(/^[A-Za-z]:/, "")
    .replaceAll("\\", "/");
}

export function parseReparsePoint(record: ByteRecord): ReparsePoint {
  const tag = record.u32(0);
  if (tag === WSL_SYMLINK) {
    return { kind: "link", target: record.slice(12, record.length - 12).toString("utf8") };
  }
  if (tag !== MOUNT_POINT && tag !== SYMLINK) return { kind: "filtered", tag };
  const names = tag === SYMLINK ? 20 : 16;
  const name = (at: number) => utf16(record.slice(names + record.u16(at), record.u16(at + 2)));
  return { kind: "link", target: asPath(name(12) || name(8)) };
}

/** Refuses files whose contents lie elsewhere or in a form that only a filter driver of Windows knows. */
export function refuseFiltered(tag: number): never {
  if (tag === WOF) throw new CannotTell("NTFS: a file compressed by the Windows Overlay Filter");
  throw new CannotTell(`NTFS: a file behind the reparse point 0x${tag.toString(16)}`);
}
