import { slice, uint8, uint16le, uint32le } from "../../source/byte-fields.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { NodeKind } from "../filesystem.ts";
import { kindOfMode } from "../unix-mode.ts";
import type { ExtGeometry } from "./superblock.ts";
import { joinHalves } from "./two-halves.ts";

const flagExtents = 0x80000;
const flagEncrypted = 0x800;
const flagCompressed = 0x4;
const flagInlineData = 0x10000000;
const flagCaseFolded = 0x40000000;

const attributesMagic = 0xea020000;
/** Name index of the `system.` namespace. */
const systemNamespace = 7;

export interface ExtInode {
  readonly number: number;
  readonly kind: NodeKind;
  readonly mode: number;
  readonly size: number;
  /** The 60 bytes that hold block pointers, the root of an extent tree, a short link or the first inline bytes. */
  readonly core: Buffer;
  readonly hasExtents: boolean;
  readonly foldsCase: boolean;
  readonly encrypted: boolean;
  /** The two pieces of inline data; undefined when the content lies in blocks. */
  readonly inline: readonly Buffer[] | undefined;
}

/** An inode from its bytes in the inode table. */
export function parseInode(bytes: Buffer, number: number, geometry: ExtGeometry): ExtInode {
  const mode = uint16le(bytes, 0);
  const flags = uint32le(bytes, 32);
  const kind = kindOfMode(mode);
  if (mode === 0) throw new MalformedImage(`Inode ${number} is named by a directory but not in use.`);
  if (flags & flagCompressed) throw new CannotTell(`Inode ${number} has compressed content.`);
  const sizeHasHighHalf = kind === "file" || (kind === "directory" && geometry.largeDirectories);
  const core = slice(bytes, 40, 60);
  return {
    number,
    kind,
    mode: mode & 0o7777,
    size: joinHalves(uint32le(bytes, 4), sizeHasHighHalf ? uint32le(bytes, 108) : 0),
    core,
    hasExtents: (flags & flagExtents) !== 0,
    foldsCase: (flags & flagCaseFolded) !== 0,
    encrypted: (flags & flagEncrypted) !== 0,
    inline: flags & flagInlineData ? [core, inlineTail(bytes)] : undefined,
  };
}

/** Inline content beyond 60 bytes: the attribute `system.data` in the rest of the inode. */
function inlineTail(bytes: Buffer): Buffer {
  const nothing = Buffer.alloc(0);
  if (bytes.length <= 128) return nothing;
  const header = 128 + uint16le(bytes, 128);
  if (header + 4 > bytes.length || uint32le(bytes, header) !== attributesMagic) return nothing;
  const first = header + 4;
  let at = first;
  while (at + 16 <= bytes.length && uint32le(bytes, at) !== 0) {
    const nameLength = uint8(bytes, at);
    const isData =
      uint8(bytes, at + 1) === systemNamespace && slice(bytes, at + 16, nameLength).toString("latin1") === "data";
    if (isData) {
      if (uint32le(bytes, at + 4) !== 0) throw new MalformedImage("Inline data cannot lie in another inode.");
      return slice(bytes, first + uint16le(bytes, at + 2), uint32le(bytes, at + 8));
    }
    at += 16 + Math.ceil(nameLength / 4) * 4;
  }
  return nothing;
}
