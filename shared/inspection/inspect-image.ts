import type { Container } from "./container/container.ts";
import { encryptedDisk, malformed, openContainer } from "./container/open-container.ts";
import { luksMagic } from "./container/signatures.ts";
import { finding, gravestFirst } from "./findings.ts";
import { printable } from "./printable-text.ts";
import type { Finding, Guest, InspectionReport, PartitionSummary } from "./report.ts";
import { hasText } from "./source/byte-fields.ts";
import { type ByteSource, CannotTell, MalformedImage, SourceChanged, SourceUnreadable } from "./source/byte-source.ts";
import { type Budget, fullGranularity, headerGranularity, meteredSource } from "./source/metered-source.ts";
import type { RangeReader } from "./source/range-reader.ts";

export interface InspectOptions {
  /** `header`: the container only, at most 8 KiB in 3 requests. `full`: also whether it is whole, and the guest. */
  readonly depth: "header" | "full";
  readonly budget?: Partial<Budget>;
  /** Called as each stage begins. */
  readonly onProgress?: (stage: InspectionStage) => void;
}

export type InspectionStage = "container" | "completeness" | "guest";

const gibibyte = 2 ** 30;
/** DiskDeviceMapping.N.DiskImageSize: 1 to 2048. */
const maximumDiskInGiB = 2048;

interface Inside {
  readonly guest: Guest | null;
  readonly partitionTable?: string;
  readonly partitions?: readonly PartitionSummary[];
  readonly findings: readonly Finding[];
}

/**
 * Tells what an image is from small reads. Whatever is wrong with its content is a finding; what cannot be told never
 * blocks. Throws only SourceUnreadable and SourceChanged. The reader is not closed.
 */
export async function inspectImage(reader: RangeReader, options: InspectOptions): Promise<InspectionReport> {
  const granularity = options.depth === "header" ? headerGranularity : fullGranularity;
  const source = meteredSource(reader, {
    ...granularity,
    ...(options.budget === undefined ? {} : { budget: options.budget }),
  });
  options.onProgress?.("container");
  const container = await openContainer(source).catch(cannotTellContainer);
  const { virtualSize } = container;
  const outside = [...container.findings, ...sizeFindings(reader.size, virtualSize)];
  const inside = options.depth === "full" && virtualSize !== 0 ? await lookInside(container, options) : null;
  const findings = gravestFirst([...outside, ...(inside?.findings ?? [])]);
  return {
    source: reader.describe(),
    size: reader.size,
    format: container.format,
    virtualSize,
    diskImageSize: virtualSize === null ? null : Math.max(1, Math.ceil(virtualSize / gibibyte)),
    ...(inside?.partitionTable === undefined ? {} : { partitionTable: inside.partitionTable }),
    ...(inside?.partitions === undefined ? {} : { partitions: inside.partitions }),
    guest: inside?.guest ?? null,
    findings,
    importable: !findings.some((found) => found.severity === "error"),
    cost: source.cost(),
  };
}

function sizeFindings(size: number, virtualSize: number | null): Finding[] {
  // That a file is empty has been said.
  if (size === 0) return [];
  if (virtualSize === 0) {
    const fix = "Build the image again; look at it with qemu-img info FILE before uploading it.";
    return [finding("image.empty", "The virtual disk has no bytes.", fix)];
  }
  if (virtualSize === null || virtualSize <= maximumDiskInGiB * gibibyte) return [];
  return [
    finding(
      "image.too-large",
      `The virtual disk has ${Math.ceil(virtualSize / gibibyte)} GiB; ECS takes at most ${maximumDiskInGiB}.`,
      "Shrink the filesystems and partitions, then the disk: qemu-img resize --shrink FILE SIZE.",
    ),
  ];
}

async function lookInside(container: Container, options: InspectOptions): Promise<Inside | null> {
  const { disk, checkComplete } = container;
  if (disk === undefined) return null;
  try {
    options.onProgress?.("completeness");
    const incomplete = (await checkComplete?.()) ?? [];
    const outside = incomplete.length > 0 ? incomplete : await encryptedInside(disk);
    if (outside.length > 0) return { guest: null, findings: outside };
  } catch (error) {
    return { guest: null, findings: [outcomeOf(error)] };
  }
  options.onProgress?.("guest");
  return inspectDisk(disk).catch((error: unknown) => ({ guest: null, findings: [guestOutcomeOf(error)] }));
}

/** LUKS from the first byte of the virtual disk leaves no room for a boot loader. */
async function encryptedInside(disk: ByteSource): Promise<readonly Finding[]> {
  const head = await disk.read(0, Math.min(disk.size, 8));
  return hasText(head, 0, luksMagic) ? [encryptedDisk()] : [];
}

async function inspectDisk(disk: ByteSource): Promise<Inside> {
  // Loaded late: a verdict on the header needs none of it.
  const { inspectGuest } = await import("./guest/inspect-guest.ts");
  return inspectGuest(disk);
}

/** Errors that speak of the image become findings; others are thrown on. */
function outcomeOf(error: unknown): Finding {
  if (error instanceof MalformedImage) return malformed(error);
  if (error instanceof CannotTell) return notInspected(error.message);
  throw error;
}

/** Errors of the source are thrown on; even a mistake of ours in reading a hostile guest must not stop an import. */
function guestOutcomeOf(error: unknown): Finding {
  if (error instanceof SourceUnreadable || error instanceof SourceChanged) throw error;
  const known = error instanceof MalformedImage || error instanceof CannotTell;
  return notInspected(known ? error.message : `the reader failed on it: ${String(error)}`);
}

function cannotTellContainer(error: unknown): Container {
  if (!(error instanceof CannotTell)) throw error;
  return { format: "unknown", virtualSize: null, findings: [notInspected(error.message)] };
}

function notInspected(reason: string): Finding {
  return finding(
    "guest.not-inspected",
    `What is installed could not be told: ${printable(reason.replace(/\.$/, ""), 200)}.`,
    "Nothing has to be done; say osType, platform and architecture in the manifest if the defaults do not fit.",
  );
}
