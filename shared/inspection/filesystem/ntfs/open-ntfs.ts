import { ByteRecord } from "../../source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../source/byte-source.ts";
import type { FsNode, NodeKind, OpenFilesystem } from "../filesystem.ts";
import { DATA, REPARSE_POINT, utf16, VOLUME_INFORMATION, VOLUME_NAME } from "./attribute.ts";
import { findEntry, listEntries } from "./directory.ts";
import { type FileRecord, type NtfsVolume, openVolume, readFileRecord, streamOf } from "./file-record.ts";
import { parseReparsePoint, type ReparsePoint, refuseFiltered } from "./reparse-point.ts";
import type { Stream } from "./stream.ts";

const VOLUME_RECORD = 3;
const ROOT_RECORD = 5;
const maxReparseInBytes = 16 * 1024;

class NtfsNode implements FsNode {
  readonly id: number;
  readonly kind: NodeKind;
  readonly size: number;
  readonly file: FileRecord;
  readonly data: Stream | undefined;
  readonly reparsePoint: ReparsePoint | undefined;

  constructor(file: FileRecord, data: Stream | undefined, reparsePoint: ReparsePoint | undefined) {
    this.id = file.number;
    this.file = file;
    this.data = data;
    this.reparsePoint = reparsePoint;
    const isLink = reparsePoint?.kind === "link";
    this.kind = isLink ? "symlink" : file.isDirectory ? "directory" : "file";
    this.size = isLink ? Buffer.byteLength(reparsePoint.target) : (data?.size ?? 0);
  }
}

function nodeOf(node: FsNode, kind: NodeKind): NtfsNode {
  if (node instanceof NtfsNode && node.kind === kind) return node;
  throw new MalformedImage(`NTFS: file record ${node.id} is a ${node.kind}, not a ${kind}`);
}

async function readNode(volume: NtfsVolume, number: number): Promise<NtfsNode> {
  const file = await readFileRecord(volume, number);
  const stream = streamOf(volume, file, REPARSE_POINT);
  const bytes = await stream?.read(0, Math.min(stream.size, maxReparseInBytes));
  const reparsePoint = bytes && parseReparsePoint(new ByteRecord(bytes, "little", `NTFS reparse point of ${number}`));
  return new NtfsNode(file, streamOf(volume, file, DATA), reparsePoint);
}

async function readLabel(volume: NtfsVolume): Promise<{ label: string; isDirty: boolean }> {
  const file = await readFileRecord(volume, VOLUME_RECORD);
  const attribute = (type: number) => file.attributes.find((candidate) => candidate.type === type)?.resident;
  const name = attribute(VOLUME_NAME);
  const information = attribute(VOLUME_INFORMATION);
  return { label: name === undefined ? "" : utf16(name.bytes), isDirty: ((information?.u16(10) ?? 0) & 1) === 1 };
}

/** A hibernated Windows (also one shut down by "fast startup") keeps changes in memory that the disk does not have. */
async function isHibernated(volume: NtfsVolume): Promise<boolean> {
  try {
    const entry = await findEntry(volume, await readFileRecord(volume, ROOT_RECORD), "hiberfil.sys");
    const file = entry && (await readFileRecord(volume, entry.record));
    const bytes = file && (await streamOf(volume, file, DATA)?.read(0, 4));
    return bytes?.toString("latin1").toLowerCase() === "hibr";
  } catch (error) {
    // A broken root directory shows when it is walked: it must not keep the volume's other facts from being told.
    if (error instanceof MalformedImage || error instanceof CannotTell) return false;
    throw error;
  }
}

/** NTFS 3. Names are looked up without regard to case. Not read: files encrypted by EFS or compressed by WOF. */
export const openNtfs: OpenFilesystem = async (source) => {
  const volume = await openVolume(source);
  if (volume === undefined) return undefined;
  const [{ label, isDirty }, hibernated] = await Promise.all([readLabel(volume), isHibernated(volume)]);
  const node = (number: number): Promise<FsNode> => readNode(volume, number);
  return {
    kind: "ntfs",
    ...(label === "" ? {} : { label }),
    uuid: volume.geometry.serialNumber,
    unclean: isDirty || hibernated,
    root: () => node(ROOT_RECORD),
    lookup: async (directory, name) => {
      const entry = await findEntry(volume, nodeOf(directory, "directory").file, name);
      return entry && node(entry.record);
    },
    list: async (directory) => {
      const entries = await listEntries(volume, nodeOf(directory, "directory").file);
      return entries.map(({ name, record }) => ({ name, node: () => node(record) }));
    },
    read: async (file, offset, length) => {
      const { data, reparsePoint } = nodeOf(file, "file");
      if (reparsePoint?.kind === "filtered") refuseFiltered(reparsePoint.tag);
      return (await data?.read(offset, length)) ?? Buffer.alloc(0);
    },
    readLink: async (link) => {
      const { reparsePoint } = nodeOf(link, "symlink");
      if (reparsePoint?.kind !== "link") throw new MalformedImage(`NTFS: file record ${link.id} is no link`);
      return reparsePoint.target;
    },
  };
};
