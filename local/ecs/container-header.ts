import type { StoredObjectFacts } from "../wire/object-lookup.ts";

/** What the container of a disk image says about itself. */
export interface ContainerHeader {
  readonly format: "RAW" | "VHD" | "QCOW2" | "VMDK";
  /** Of the disk inside; `undefined` when the container does not say. */
  readonly virtualSizeInBytes: number | undefined;
  /** Of a dynamic VHD only. */
  readonly vhdTable?: { readonly maxTableEntries: number; readonly blockSizeInBytes: number };
}

const sectorInBytes = 512;
const dynamicVhd = 3;

/**
 * Looks at the first and the last sector of an object, and at the header of a dynamic VHD. What has no known magic is
 * RAW. Fields: the public specifications of QCOW2, VHD and VMDK.
 */
export const readContainerHeader = async (object: StoredObjectFacts): Promise<ContainerHeader> => {
  const first = await readSector(object, 0);
  if (startsWith(first, "QFI\xfb")) return { format: "QCOW2", virtualSizeInBytes: Number(first.readBigUInt64BE(24)) };
  if (startsWith(first, "KDMV"))
    return { format: "VMDK", virtualSizeInBytes: Number(first.readBigUInt64LE(12)) * sectorInBytes };
  if (startsWith(first, "# Disk DescriptorFile")) return { format: "VMDK", virtualSizeInBytes: undefined };
  const last = await readSector(object, Math.max(0, object.size - sectorInBytes));
  return startsWith(last, "conectix") ? readVhd(object, last) : { format: "RAW", virtualSizeInBytes: object.size };
};

const readVhd = async (object: StoredObjectFacts, footer: Buffer): Promise<ContainerHeader> => {
  const container = { format: "VHD", virtualSizeInBytes: Number(footer.readBigUInt64BE(48)) } as const;
  const headerOffset = Number(footer.readBigUInt64BE(16));
  if (footer.readUInt32BE(60) !== dynamicVhd || headerOffset + sectorInBytes > object.size) return container;
  const header = await readSector(object, headerOffset);
  if (!startsWith(header, "cxsparse")) return container;
  const vhdTable = { maxTableEntries: header.readUInt32BE(28), blockSizeInBytes: header.readUInt32BE(32) };
  return { ...container, vhdTable };
};

/** Always a whole sector: what the object does not have is zero. */
const readSector = async (object: StoredObjectFacts, offset: number): Promise<Buffer> => {
  const sector = Buffer.alloc(sectorInBytes);
  (await object.read(offset, Math.min(sectorInBytes, object.size - offset))).copy(sector);
  return sector;
};

const startsWith = (bytes: Buffer, magic: string): boolean =>
  bytes.subarray(0, magic.length).equals(Buffer.from(magic, "latin1"));
