import { crc32Register } from "../../partition/crc32.ts";
import { hasText, slice, uint32le, uint64le } from "../../source/byte-fields.ts";
import { type ByteSource, CannotTell, MalformedImage } from "../../source/byte-source.ts";

/** On-disk layout: LVM2's own sources `lib/format_text/layout.h` and `lib/label/label.h`, described in libvslvm's too. */
const sectorSize = 512;
const labelSectors = 4;
const checksumStart = 0xf597a6cf;
const areaMagic = " LVM2 x[5A%r0N*>";
/** The first sector of a metadata area is its header; the rest is a ring of text. */
const areaHeaderSize = 512;
const maximumTextSize = 8 * 2 ** 20;
const maximumAreas = 8;
const ignoredCopy = 0x1;

/** A partition that belongs to a volume group. */
export interface PhysicalVolume {
  readonly source: ByteSource;
  /** 32 characters, without the dashes of the text form. */
  readonly uuid: string;
  /** The metadata in text form, when this volume carries a copy. */
  readonly metadata: string | undefined;
}

interface Area {
  readonly offset: number;
  readonly size: number;
}

/** Reads the label and the metadata of an LVM2 physical volume; undefined when there is no label. */
export async function readPhysicalVolume(source: ByteSource): Promise<PhysicalVolume | undefined> {
  if (source.size < labelSectors * sectorSize) return undefined;
  const start = await source.read(0, labelSectors * sectorSize);
  for (let sector = 0; sector < labelSectors; sector += 1) {
    const label = slice(start, sector * sectorSize, sectorSize);
    if (!hasText(label, 0, "LABELONE") || !hasText(label, 24, "LVM2 001")) continue;
    if (crc32Register(label.subarray(20), checksumStart) !== uint32le(label, 16)) {
      throw new MalformedImage("The label of an LVM volume has a wrong checksum.");
    }
    const header = uint32le(label, 20);
    const uuid = slice(label, header, 32).toString("latin1");
    const dataAreas = areasAt(label, header + 40);
    const metadataAreas = areasAt(label, header + 40 + (dataAreas.length + 1) * 16);
    return { source, uuid, metadata: await readMetadata(source, metadataAreas) };
  }
  return undefined;
}

/** A list of areas that ends with one of offset zero. */
function areasAt(label: Buffer, offset: number): Area[] {
  const areas: Area[] = [];
  for (let at = offset; ; at += 16) {
    const area = { offset: uint64le(label, at), size: uint64le(label, at + 8) };
    if (area.offset === 0) return areas;
    if (areas.length >= maximumAreas) throw new CannotTell("An LVM volume has too many areas.");
    areas.push(area);
  }
}

/** The text of the first area that is in order; both copies of a volume say the same. */
async function readMetadata(source: ByteSource, areas: readonly Area[]): Promise<string | undefined> {
  let damage: MalformedImage | undefined;
  for (const area of areas) {
    try {
      const text = await readArea(source, area);
      if (text !== undefined) return text;
    } catch (error) {
      if (!(error instanceof MalformedImage)) throw error;
      damage = error;
    }
  }
  if (damage) throw damage;
  return undefined;
}

async function readArea(source: ByteSource, area: Area): Promise<string | undefined> {
  const header = await source.read(area.offset, areaHeaderSize);
  const isSound =
    hasText(header, 4, areaMagic) &&
    uint64le(header, 24) === area.offset &&
    crc32Register(header.subarray(4), checksumStart) === uint32le(header, 0);
  if (!isSound) throw new MalformedImage("The header of an LVM metadata area is damaged.");
  const areaSize = uint64le(header, 32);
  const offset = uint64le(header, 40);
  const size = uint64le(header, 48);
  if (offset === 0 || size === 0 || uint32le(header, 60) & ignoredCopy) return undefined;
  if (size > maximumTextSize) throw new CannotTell(`The LVM metadata has ${size} bytes.`);
  if (offset < areaHeaderSize || offset >= areaSize || size > areaSize - areaHeaderSize) {
    throw new MalformedImage("The LVM metadata lies outside its area.");
  }
  // The text may run over the end of the ring and go on behind the header.
  const beforeEnd = Math.min(size, areaSize - offset);
  const [head, tail] = await Promise.all([
    source.read(area.offset + offset, beforeEnd),
    source.read(area.offset + areaHeaderSize, size - beforeEnd),
  ]);
  const text = Buffer.concat([head, tail]);
  if (crc32Register(text, checksumStart) !== uint32le(header, 56)) {
    throw new MalformedImage("The LVM metadata has a wrong checksum.");
  }
  const end = text.indexOf(0);
  return text.toString("utf8", 0, end < 0 ? text.length : end);
}
