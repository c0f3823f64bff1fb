import type { ByteSource } from "../source/byte-source.ts";
import { hasPartitionTable } from "./partitions-end.ts";
import { type FileEnds, type KnownContainer, knownContainers, type Signature, signatures } from "./signatures.ts";

/** What a file is by its two ends. */
export type Probe =
  | { readonly kind: "raw"; readonly ends: FileEnds }
  | { readonly kind: KnownContainer; readonly ends: FileEnds }
  /** Recognised, but nothing that ECS imports. */
  | { readonly kind: "refused"; readonly format: string }
  /** Two places of the file speak of different formats. */
  | { readonly kind: "polyglot"; readonly formats: readonly string[] };

const headLength = 4096;
const sectorSize = 512;
const volumeDescriptorOffset = 0x8000;

/**
 * Tells the container from both ends of a file; at most 5632 bytes in 3 requests. What lies inside a raw disk is
 * never probed again: whoever writes to the disk of a virtual machine could choose the format it is read as.
 */
export async function probeContainer(source: ByteSource): Promise<Probe> {
  const { size } = source;
  const part = (offset: number, length: number) => source.read(offset, Math.max(0, Math.min(length, size - offset)));
  const [head, tail, volumeDescriptor] = await Promise.all([
    part(0, headLength),
    part(Math.max(0, size - sectorSize), sectorSize),
    size > volumeDescriptorOffset ? part(volumeDescriptorOffset, sectorSize) : Buffer.alloc(0),
  ]);
  return judge({ head, tail, volumeDescriptor });
}

function judge(ends: FileEnds): Probe {
  const { head, tail, iso } = signatures(ends);
  const formats = new Set<string>();
  // A compressed Apple image begins with compressed data, which is no format of its own.
  if (head !== undefined && !(tail === "dmg" && !isKnown(head))) formats.add(head);
  // Whole-disk encryption begins at the first byte of a disk, so also of one in a fixed VHD.
  if (head === "luks" && tail === "vhd") formats.delete(head);
  if (tail !== undefined) formats.add(tail);
  if (iso) formats.add("iso");
  if ((head === "qcow2" || head === "vmdk" || head === "vhd") && hasPartitionTable(ends.head)) formats.add("raw");
  const [format, ...others] = formats;
  if (others.length > 0) return { kind: "polyglot", formats: [...formats] };
  if (format === undefined) return { kind: "raw", ends };
  return isKnown(format) ? { kind: format, ends } : { kind: "refused", format };
}

function isKnown(signature: Signature): signature is KnownContainer {
  return knownContainers.some((known) => known === signature);
}
