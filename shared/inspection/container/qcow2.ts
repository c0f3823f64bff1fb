import { type FindingCode, finding } from "../findings.ts";
import { printable } from "../printable-text.ts";
import type { Finding } from "../report.ts";
import type { ByteSource } from "../source/byte-source.ts";
import type { Container } from "./container.ts";
import { checkQcow2Complete } from "./qcow2-completeness.ts";
import { qcow2Disk } from "./qcow2-disk.ts";
import {
  encryptionName,
  hasFeature,
  incompatible,
  parseQcow2Header,
  type Qcow2Header,
  unknownFeatures,
} from "./qcow2-header.ts";
import { checkLength } from "./truncation.ts";

const standalone = "qemu-img convert -p -O qcow2 FILE disk.qcow2";
/** QEMU refuses longer names of backing files too. */
const maximumBackingNameInBytes = 1023;

/** Opens a QCOW2 from its first 4096 bytes. Throws MalformedImage when the header contradicts itself. */
export async function openQcow2(source: ByteSource, head: Buffer): Promise<Container> {
  const header = parseQcow2Header(head);
  const refusals = [
    ...(await backingFile(source, header)),
    ...dataFile(header),
    ...encryption(header),
    ...unknown(header),
    ...flag(header, "corrupt"),
    ...truncatedTables(header, source.size),
  ];
  const warnings = [...flag(header, "dirty"), ...snapshots(header), ...compression(header), ...extendedL2(header)];
  const container = { format: "QCOW2", virtualSize: header.virtualSize, findings: [...refusals, ...warnings] } as const;
  if (refusals.length > 0) return container;
  return {
    ...container,
    disk: qcow2Disk(source, header),
    checkComplete: () => checkQcow2Complete(source, header),
  };
}

async function backingFile(source: ByteSource, header: Qcow2Header): Promise<Finding[]> {
  if (header.backingFile === null) return [];
  const { offset, length } = header.backingFile;
  const readable = length <= maximumBackingNameInBytes && offset + length <= Math.min(source.size, header.clusterSize);
  const name = readable ? `, ${printable(await source.read(offset, length))}` : "";
  return [
    finding(
      "qcow2.backing-file",
      `Only what was changed is in this file; the rest of the disk is in a backing file${name}.`,
      `Merge both where the backing file is at hand: ${standalone}, then upload disk.qcow2.`,
    ),
  ];
}

function dataFile(header: Qcow2Header): Finding[] {
  if (!hasFeature(header, incompatible.dataFile)) return [];
  const name = header.dataFile === null ? "" : `, ${header.dataFile}`;
  return [
    finding(
      "qcow2.data-file",
      `This file holds only the tables of the disk; its data are in another file${name}.`,
      `Merge both where the data file is at hand: ${standalone}, then upload disk.qcow2.`,
    ),
  ];
}

function encryption(header: Qcow2Header): Finding[] {
  const name = encryptionName(header);
  if (name === null) return [];
  return [
    finding(
      "image.encrypted",
      `The disk is encrypted with ${name} inside the QCOW2; ECS has no key for it.`,
      name === "LUKS"
        ? "Decrypt it: qemu-img convert -p --object secret,id=key,file=PASSPHRASE_FILE --image-opts driver=qcow2,encrypt.key-secret=key,file.filename=FILE -O qcow2 disk.qcow2."
        : "Decrypt it: qemu-img convert -p --object secret,id=key,file=PASSPHRASE_FILE --image-opts driver=qcow2,encrypt.format=aes,encrypt.key-secret=key,file.filename=FILE -O qcow2 disk.qcow2.",
    ),
  ];
}

function unknown(header: Qcow2Header): Finding[] {
  const bits = unknownFeatures(header);
  if (bits.length === 0) return [];
  const names = bits.map((bit) => {
    const name = header.featureNames.get(bit);
    return name === undefined ? `bit ${bit}` : `bit ${bit} (${name})`;
  });
  return [
    finding(
      "qcow2.unknown-feature",
      `Reading it needs features that the specification of QCOW2 does not know: ${printable(names.join(", "), 256)}.`,
      `Write it anew with the program that made it, without that feature, e.g. ${standalone}.`,
    ),
  ];
}

const flags: Record<"corrupt" | "dirty", readonly [FindingCode, string, string]> = {
  corrupt: [
    "qcow2.corrupt",
    "QEMU has marked the image as corrupt.",
    "Repair it: qemu-img check -r all FILE, look whether the disk is whole, then upload it again.",
  ],
  dirty: [
    "qcow2.dirty",
    "The image was not closed cleanly; it may be a copy of the disk of a running machine.",
    "Shut the machine down, run qemu-img check -r all FILE, then upload it again.",
  ],
};

function flag(header: Qcow2Header, name: "corrupt" | "dirty"): Finding[] {
  return hasFeature(header, incompatible[name]) ? [finding(...flags[name])] : [];
}

function snapshots(header: Qcow2Header): Finding[] {
  const { count } = header.snapshots;
  if (count === 0) return [];
  return [
    finding(
      "qcow2.snapshots",
      `The image holds ${count} internal snapshot${count === 1 ? "" : "s"}; only its current state would be imported.`,
      `Upload a copy without them, which is smaller too: ${standalone}.`,
    ),
  ];
}

function compression(header: Qcow2Header): Finding[] {
  if (header.compression !== "zstd") return [];
  return [
    finding(
      "qcow2.zstd",
      "Clusters are compressed with zstd; ECS does not say whether it reads that.",
      "If the import fails, compress with zlib: qemu-img convert -p -c -O qcow2 -o compression_type=zlib FILE disk.qcow2.",
    ),
  ];
}

function extendedL2(header: Qcow2Header): Finding[] {
  if (!header.extendedL2) return [];
  return [
    finding(
      "qcow2.extended-l2",
      "The image uses extended L2 entries (sub-clusters); ECS does not say whether it reads that.",
      "If the import fails, write it without: qemu-img convert -p -O qcow2 -o extended_l2=off FILE disk.qcow2.",
    ),
  ];
}

/** Tables that the header places past the end of the file. */
function truncatedTables(header: Qcow2Header, size: number): Finding[] {
  const { l1, refcountTable, snapshots } = header;
  const needed = Math.max(l1.offset + l1.length, refcountTable.offset + refcountTable.length, snapshots.offset);
  return checkLength(size, needed, "tables");
}
