import { finding } from "../findings.ts";
import { printable } from "../printable-text.ts";
import type { Finding } from "../report.ts";
import { hasText } from "../source/byte-fields.ts";
import { type ByteSource, MalformedImage } from "../source/byte-source.ts";
import type { Container } from "./container.ts";
import { checkLength } from "./truncation.ts";
import { checkVmdkComplete, directoryLength, vmdkDisk } from "./vmdk-disk.ts";
import {
  parseVmdkDescriptor,
  parseVmdkHeader,
  type VmdkDescriptor,
  type VmdkExtent,
  type VmdkHeader,
  vmdkSectorSize,
} from "./vmdk-header.ts";

const merge = "qemu-img convert -p -f vmdk -O qcow2 FILE disk.qcow2";
const readableTypes = ["monolithicsparse", "streamoptimized"];
const namedExtents = 8;

const invitation: Finding = finding(
  "image.no-invitation",
  "This is a VMDK; ECS imports it only for accounts that were invited to that preview.",
  `Without an invitation convert it: ${merge}, then upload disk.qcow2.`,
);

/** Opens a VMDK that is one sparse file. Throws MalformedImage when it contradicts itself. */
export async function openVmdk(source: ByteSource, head: Buffer): Promise<Container> {
  const header = parseVmdkHeader(head);
  const container = { format: "VMDK", virtualSize: header.capacity } as const;
  const truncatedText = checkLength(source.size, header.descriptorOffset + header.descriptorLength, "tables");
  if (truncatedText.length > 0) return { ...container, findings: [...truncatedText, invitation] };
  const descriptor = parseVmdkDescriptor(await source.read(header.descriptorOffset, header.descriptorLength));
  const elsewhere = externalParts(descriptor);
  if (elsewhere !== null) return { ...container, findings: [external(elsewhere)] };
  const [extent] = descriptor.extents;
  if (extent === undefined || extent.sectors * vmdkSectorSize !== header.capacity) {
    throw new MalformedImage("The VMDK header and its descriptor disagree on the size of the disk.");
  }
  return openSparse(source, header, container);
}

/** Opens the directory, which a stream-optimised VMDK may keep in a second header at its end. */
async function openSparse(
  source: ByteSource,
  header: VmdkHeader,
  container: Pick<Container, "format" | "virtualSize">,
): Promise<Container> {
  const placed = header.directoryOffset === null ? await readFooter(source, header) : header;
  if (placed === null || placed.directoryOffset === null) {
    const message = "The VMDK keeps its tables in a footer, and that is missing: the upload was cut short.";
    const truncated = finding("image.truncated", message, "Upload it again and compare its size with the original's.");
    return { ...container, findings: [truncated, invitation] };
  }
  const { directoryOffset } = placed;
  const truncated = checkLength(source.size, directoryOffset + directoryLength(placed), "tables");
  if (truncated.length > 0) return { ...container, findings: [...truncated, invitation] };
  if (directoryOffset < vmdkSectorSize) throw new MalformedImage("The grain directory overlaps the header.");
  return {
    ...container,
    findings: [invitation],
    disk: vmdkDisk(source, { ...placed, directoryOffset }),
    checkComplete: () => checkVmdkComplete(source, { ...placed, directoryOffset }),
  };
}

/** A footer marker, the footer itself and an end marker are the last three sectors. */
async function readFooter(source: ByteSource, header: VmdkHeader): Promise<VmdkHeader | null> {
  const offset = source.size - 2 * vmdkSectorSize;
  if (offset < vmdkSectorSize) return null;
  const bytes = await source.read(offset, vmdkSectorSize);
  if (!hasText(bytes, 0, "KDMV")) return null;
  const footer = parseVmdkHeader(bytes);
  const same = (["capacity", "grainSize", "entriesPerTable", "compressed"] as const).every(
    (field) => footer[field] === header[field],
  );
  if (!same) throw new MalformedImage("The header of the VMDK and its footer differ.");
  return footer;
}

/** A VMDK that is a text: its disk is in other files. */
export function openVmdkDescriptor(head: Buffer): Container {
  const { extents } = parseVmdkDescriptor(head);
  const sectors = extents.reduce((sum, extent) => sum + extent.sectors, 0);
  const message = `This is only the description of a disk; its data are in ${fileNames(extents)}.`;
  return { format: "VMDK", virtualSize: sectors * vmdkSectorSize, findings: [external(message)] };
}

/** Why the disk is more than this file; null when it is not. */
function externalParts({ createType, hasParent, extents }: VmdkDescriptor): string | null {
  const [extent] = extents;
  if (hasParent) return "Only what was changed is in this file; the rest of the disk is in a parent VMDK.";
  if (extent === undefined) return "This file is one part of a split VMDK and does not describe the disk.";
  if (extents.length > 1) {
    return `The disk consists of ${extents.length} extents: ${fileNames(extents)}.`;
  }
  if (extent.type !== "SPARSE" || !readableTypes.includes(createType.toLowerCase())) {
    return `The disk is of the kind ${printable(createType, 40)} with data in ${fileNames(extents)}.`;
  }
  // Its one extent is the file itself, by whatever name; a path leads elsewhere.
  return /[/\\]/.test(extent.fileName) ? `Its extent names a file elsewhere: ${printable(extent.fileName)}.` : null;
}

function fileNames(extents: readonly VmdkExtent[]): string {
  if (extents.length === 0) return "files that it does not name";
  const names = extents.slice(0, namedExtents).map((extent) => printable(extent.fileName || extent.type, 80));
  return names.join(", ") + (extents.length > namedExtents ? ` and ${extents.length - namedExtents} more` : "");
}

function external(message: string): Finding {
  const fix = `Make one file of it where all parts are at hand: ${merge}, then upload disk.qcow2.`;
  return finding("vmdk.external-extent", message, fix);
}
