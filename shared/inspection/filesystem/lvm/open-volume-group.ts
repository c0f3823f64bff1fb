import { printable } from "../../printable-text.ts";
import { type ByteSource, CannotTell, MalformedImage } from "../../source/byte-source.ts";
import { parseMetadataText, type Section } from "./metadata-text.ts";
import { type PhysicalVolume, readPhysicalVolume } from "./physical-volume.ts";
import { type Piece, sourceOfPieces, unreadableSource } from "./pieces.ts";

const sectorSize = 512;
const maximumVolumes = 1024;
const maximumSegments = 10_000;

/** A logical volume. Reading one of another kind than linear, or with a part on another disk, is a CannotTell. */
export interface LogicalVolume {
  readonly name: string;
  /** The volume group's name. */
  readonly group: string;
  readonly source: ByteSource;
}

/**
 * The visible logical volumes of the LVM2 volume groups on these partitions, which may hold anything else too.
 * Linear volumes of any number of segments can be read.
 */
export async function openVolumeGroup(partitions: readonly ByteSource[]): Promise<LogicalVolume[]> {
  const found = await Promise.all(partitions.map(readPhysicalVolume));
  const physical = found.filter((volume) => volume !== undefined);
  return newestGroups(physical).flatMap(({ name, section }) => logicalVolumes(name, section, physical));
}

interface Group {
  readonly name: string;
  readonly section: Section;
  readonly sequence: number;
}

/** Every physical volume may carry a copy of the metadata: the one with the highest sequence number counts. */
function newestGroups(volumes: readonly PhysicalVolume[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { metadata } of volumes) {
    if (metadata === undefined) continue;
    for (const [name, section] of parseMetadataText(metadata).sections) {
      const sequence = wholeNumber(section, "seqno");
      if (sequence > (groups.get(name)?.sequence ?? -1)) groups.set(name, { name, section, sequence });
    }
  }
  return [...groups.values()];
}

function logicalVolumes(group: string, section: Section, physical: readonly PhysicalVolume[]): LogicalVolume[] {
  const extentSize = wholeNumber(section, "extent_size") * sectorSize;
  const named = new Map<string, { source: ByteSource; start: number }>();
  for (const [name, description] of section.sections.get("physical_volumes")?.sections ?? []) {
    const uuid = String(description.values.get("id") ?? "").replaceAll("-", "");
    const volume = physical.find((one) => one.uuid === uuid);
    if (volume) named.set(name, { source: volume.source, start: wholeNumber(description, "pe_start") * sectorSize });
  }
  const descriptions = [...(section.sections.get("logical_volumes")?.sections ?? [])];
  if (descriptions.length > maximumVolumes)
    throw new CannotTell(`An LVM group has more than ${maximumVolumes} volumes.`);

  const visible = descriptions.filter(([, { values }]) => [values.get("status")].flat().includes("VISIBLE"));
  return visible.map(([name, description]) => {
    const shown = { name: printable(name), group: printable(group) };
    try {
      return { ...shown, source: sourceOfPieces(piecesOf(shown.name, description)) };
    } catch (error) {
      if (!(error instanceof CannotTell || error instanceof MalformedImage)) throw error;
      return { ...shown, source: unreadableSource(claimedSize(description), error) };
    }
  });

  function claimedSize({ sections }: Section): number {
    const counts = Array.from(sections.values(), ({ values }) => Number(values.get("extent_count")) || 0);
    return Math.min(extentSize * counts.reduce((sum, count) => sum + count, 0), Number.MAX_SAFE_INTEGER);
  }

  function piecesOf(name: string, description: Section): Piece[] {
    const count = wholeNumber(description, "segment_count");
    if (count > maximumSegments)
      throw new CannotTell(`The LVM volume ${name} has more than ${maximumSegments} segments.`);
    const pieces: Piece[] = [];
    for (let number = 1; number <= count; number += 1) {
      const segment = description.sections.get(`segment${number}`);
      if (!segment) throw new MalformedImage(`The LVM volume ${name} lacks a segment.`);
      pieces.push(pieceOf(name, segment));
    }
    return pieces;
  }

  function pieceOf(name: string, segment: Section): Piece {
    const type = segment.values.get("type");
    const stripes = segment.values.get("stripes");
    if (type !== "striped" || segment.values.get("stripe_count") !== 1) {
      // A linear segment is written as striped over one volume.
      const kind = printable(String(type), 32);
      throw new CannotTell(`The LVM volume ${name} is of type ${kind}; only linear ones can be read.`);
    }
    const [volumeName, startExtent] = Array.isArray(stripes) ? stripes : [];
    if (typeof volumeName !== "string" || typeof startExtent !== "number") {
      throw new MalformedImage(`A segment of the LVM volume ${name} lies nowhere.`);
    }
    const volume = named.get(volumeName);
    if (!volume) throw new CannotTell(`A part of the LVM volume ${name} lies on another disk.`);
    return {
      source: volume.source,
      start: wholeNumber(segment, "start_extent") * extentSize,
      size: wholeNumber(segment, "extent_count") * extentSize,
      offset: volume.start + startExtent * extentSize,
    };
  }
}

function wholeNumber(section: Section, key: string): number {
  const value = section.values.get(key);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new MalformedImage(`The LVM metadata has no sensible ${key}.`);
}
