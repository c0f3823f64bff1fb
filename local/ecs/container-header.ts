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
  const first = await object.read(0, Math.min(sectorInBytes, object.size));
  if (startsWith(first, "QFI\xfb")) return { format: "QCOW2", virtualSizeInBytes: sizeAt(first, 24) };
  if (startsWith(first, "KDMV")) {
    const sectors = first.length >= 20 ? Number(first.readBigUInt64LE(12)) : undefined;
    return { format: "VMDK", virtualSizeInBytes: sectors === undefined ? undefined : sectors * sectorInBytes };
  }
  if (startsWith(first, "# Disk DescriptorFile")) return { format: "VMDK", virtualSizeInBytes: undefined };
  if (object.size >= sectorInBytes) {
    const last = await object.read(object.size - sectorInBytes, sectorInBytes);
    if (startsWith(last, "conectix")) return readVhd(object, last);
  }
  return { format: "RAW", virtualSizeInBytes: object.size };
};

const readVhd = async (object: StoredObjectFacts, footer: Buffer): Promise<ContainerHeader> => {
  const container = { format: "VHD", virtualSizeInBytes: sizeAt(footer, 48) } as const;
  const headerOffset = sizeAt(footer, 16) ?? Number.POSITIVE_INFINITY;
  if (footer.readUInt32BE(60) !== dynamicVhd || headerOffset + sectorInBytes > object.size) return container;
  const header = await object.read(headerOffset, sectorInBytes);
  if (!startsWith(header, "cxsparse")) return container;
  const vhdTable = { maxTableEntries: header.readUInt32BE(28), blockSizeInBytes: header.readUInt32BE(32) };
  return { ...container, vhdTable };
};

const startsWith = (bytes: Buffer, magic: string): boolean =>
  bytes.subarray(0, magic.length).equals(Buffer.from(magic, "latin1"));

const sizeAt = (bytes: Buffer, offset: number): number | undefined =>
  bytes.length >= offset + 8 ? Number(bytes.readBigUInt64BE(offset)) : undefined;
