/** What to do with a file of a format that ECS does not import: the command that makes a QCOW2 of it, or unpacks it. */
import { finding } from "../findings.ts";
import type { Container } from "./container.ts";

const convert = (driver: string) => `qemu-img convert -p -f ${driver} -O qcow2 FILE disk.qcow2`;

interface Refusal {
  readonly title: string;
  readonly fix: string;
}

const disk = (title: string, driver: string): Refusal => ({
  title,
  fix: `Convert it: ${convert(driver)}, then upload disk.qcow2.`,
});
const compressed = (title: string, command: string): Refusal => ({
  title,
  fix: `Decompress it and upload what is inside: ${command}.`,
});

const refusals = new Map<string, Refusal>([
  ["vhdx", disk("a VHDX disk", "vhdx")],
  ["vdi", disk("a VirtualBox disk (VDI)", "vdi")],
  ["qed", disk("a QED disk", "qed")],
  ["qcow", disk("a disk of QCOW version 1", "qcow")],
  ["parallels", disk("a Parallels disk", "parallels")],
  ["bochs", disk("a Bochs disk", "bochs")],
  ["cloop", disk("a compressed loop image (cloop)", "cloop")],
  ["dmg", disk("an Apple disk image (DMG)", "dmg")],
  ["vmdk-cowd", disk("an ESX sparse disk (COWD)", "vmdk")],
  ["vmdk-sesparse", disk("an ESX space-efficient disk (SEsparse)", "vmdk")],
  ["gzip", compressed("a file compressed with gzip", "gzip -d FILE")],
  ["xz", compressed("a file compressed with xz", "xz -d FILE")],
  ["zstd", compressed("a file compressed with zstd", "zstd -d FILE")],
  ["bzip2", compressed("a file compressed with bzip2", "bzip2 -d FILE")],
  ["lz4", compressed("a file compressed with lz4", "lz4 -d FILE")],
  ["lzip", compressed("a file compressed with lzip", "lzip -d FILE")],
  ["lzma", compressed("a file compressed with lzma", "xz --format=lzma -d FILE")],
  ["lzop", compressed("a file compressed with lzop", "lzop -d FILE")],
  ["zip", compressed("a ZIP archive", "unzip FILE")],
  ["7z", compressed("a 7-Zip archive", "7z x FILE")],
  ["rar", compressed("a RAR archive", "unrar x FILE")],
  ["tar", compressed("a tar archive", "tar -xf FILE")],
  [
    "ova",
    {
      title: "an OVA, an archive of a virtual machine",
      fix: "Unpack it and convert its disk: tar -xf FILE, then qemu-img convert -p -f vmdk -O qcow2 DISK.vmdk disk.qcow2, then upload disk.qcow2.",
    },
  ],
  [
    "iso",
    {
      title: "an ISO 9660 image, a CD or DVD",
      fix: "Install from it into an empty disk (qemu-img create -f qcow2 disk.qcow2 20G) with a local virtual machine, then upload disk.qcow2.",
    },
  ],
  [
    "wim",
    {
      title: "a Windows imaging file (WIM)",
      fix: "Apply it to an empty disk with a local virtual machine (dism /Apply-Image), then upload that disk as QCOW2 or VHD.",
    },
  ],
  [
    "text",
    {
      title: "a text file, perhaps the error page of a failed download",
      fix: "Look at it (head -c 300 FILE), download or build the image again, then upload it.",
    },
  ],
]);

/** The verdict on a format that is recognised but not imported by ECS. */
export function refuseFormat(format: string): Container {
  const { title, fix } = refusals.get(format) ?? disk(`a file of the format ${format}`, format);
  const message = `This is ${title}; ECS imports RAW, VHD and QCOW2 only.`;
  return { format, virtualSize: null, findings: [finding("format.unsupported", message, fix)] };
}
