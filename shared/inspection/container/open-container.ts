import { finding } from "../findings.ts";
import type { Finding } from "../report.ts";
import { type ByteSource, MalformedImage } from "../source/byte-source.ts";
import type { Container } from "./container.ts";
import { type Probe, probeContainer } from "./probe.ts";
import { openQcow2 } from "./qcow2.ts";
import { openRaw } from "./raw.ts";
import { refuseFormat } from "./refusals.ts";
import { openVhd } from "./vhd.ts";
import { openVmdk, openVmdkDescriptor } from "./vmdk.ts";

/**
 * What the file is, what is wrong with it, and its virtual disk where that can be read. Contradictions in the image
 * are findings; only CannotTell and trouble with the source are thrown.
 */
export async function openContainer(source: ByteSource): Promise<Container> {
  if (source.size === 0) {
    const empty = finding(
      "image.empty",
      "The file has no bytes.",
      "Upload it again; compare its size with the original's.",
    );
    return { format: "RAW", virtualSize: 0, findings: [empty] };
  }
  const probe = await probeContainer(source);
  try {
    return await openProbed(source, probe);
  } catch (error) {
    if (!(error instanceof MalformedImage)) throw error;
    return { format: formatOf(probe), virtualSize: null, findings: [malformed(error)] };
  }
}

export function malformed(error: MalformedImage): Finding {
  return finding(
    "image.malformed",
    `The image contradicts its own format: ${error.message}`,
    "Check it with qemu-img check FILE, write it anew with qemu-img convert, and upload the result.",
  );
}

async function openProbed(source: ByteSource, probe: Probe): Promise<Container> {
  switch (probe.kind) {
    case "raw":
      return openRaw(source, probe.ends.head);
    case "qcow2":
      return openQcow2(source, probe.ends.head);
    case "vhd":
      return openVhd(source, probe.ends);
    case "vmdk":
      return openVmdk(source, probe.ends.head);
    case "vmdk-descriptor":
      return openVmdkDescriptor(probe.ends.head);
    case "luks":
      return { format: "RAW", virtualSize: source.size, findings: [encryptedDisk()] };
    case "refused":
      return refuseFormat(probe.format);
    case "polyglot":
      return polyglot(probe.formats);
  }
}

function formatOf(probe: Probe): string {
  const names = { qcow2: "QCOW2", vhd: "VHD", vmdk: "VMDK", "vmdk-descriptor": "VMDK", luks: "RAW", raw: "RAW" };
  if (probe.kind === "refused") return probe.format;
  return probe.kind === "polyglot" ? "polyglot" : names[probe.kind];
}

/** The finding on a disk that is encrypted from its first byte on. */
export function encryptedDisk(): Finding {
  return finding(
    "image.encrypted",
    "The whole disk is encrypted with LUKS; ECS has no key for it.",
    "Decrypt it, e.g. sudo cryptsetup open FILE disk, then qemu-img convert -p -O qcow2 /dev/mapper/disk disk.qcow2.",
  );
}

function polyglot(formats: readonly string[]): Container {
  const problem = finding(
    "image.polyglot",
    `The file looks like ${formats.join(" and ")} at once; different programs would see different disks.`,
    "Find out where it comes from; write it anew in one format with qemu-img convert -f FORMAT -O qcow2 FILE disk.qcow2.",
  );
  return { format: "polyglot", virtualSize: null, findings: [problem] };
}
