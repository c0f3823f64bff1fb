import * as fc from "fast-check";
import { parseMetadataText } from "../../../../shared/inspection/filesystem/lvm/metadata-text.ts";
import { openVolumeGroup } from "../../../../shared/inspection/filesystem/lvm/open-volume-group.ts";
import { CannotTell, MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { imageBytes, sourceOf } from "../../../fixtures/images/open-image.ts";
import {
  areaOffset,
  areaSize,
  extentSize,
  firstExtent,
  metadataText,
  physicalVolume,
  type SegmentRecipe,
  uuids,
} from "./lvm-disk.ts";

const size = 4 * 2 ** 20;

/** Two physical volumes whose extents are numbered from 1 and from 101. */
function disks(metadata: string, textOffset = 512): [Buffer, Buffer] {
  const first = physicalVolume({ uuid: uuids[0], size, metadata, textOffset });
  const second = physicalVolume({ uuid: uuids[1], size, labelSector: 3 });
  for (let extent = 0; extent < 48; extent += 1) {
    first.fill(1 + extent, firstExtent + extent * extentSize, firstExtent + (extent + 1) * extentSize);
    second.fill(101 + extent, firstExtent + extent * extentSize, firstExtent + (extent + 1) * extentSize);
  }
  return [first, second];
}

async function only(segments: readonly SegmentRecipe[]) {
  const volumes = await openVolumeGroup(disks(metadataText({ root: segments })).map(sourceOf));
  const [volume] = volumes;
  if (!volume || volumes.length > 1) throw new Error("expected one volume");
  return volume.source;
}

/** The number that fills each extent of a volume. */
async function extents(source: Awaited<ReturnType<typeof only>>): Promise<number[]> {
  const numbers: number[] = [];
  for (let at = 0; at < source.size; at += extentSize) {
    const bytes = await source.read(at, extentSize);
    numbers.push(bytes.every((byte) => byte === bytes[0]) ? (bytes[0] ?? -1) : -1);
  }
  return numbers;
}

describe("an LVM2 volume group", () => {
  it("made by LVM2 itself is read, segment by segment", async () => {
    const volumes = await openVolumeGroup([imageBytes("lvm-second"), imageBytes("lvm-first")].map(sourceOf));
    expect(volumes.map(({ group, name, source }) => [group, name, source.size / 2 ** 18])).toEqual([
      ["fixture-group", "root", 7],
      ["fixture-group", "swap", 3],
      ["fixture-group", "striped", 4],
    ]);
    // Each extent of the disks begins with the disk's name and the extent's number.
    const root = volumes[0]?.source;
    const marks = [0, 1, 2, 3, 4, 5, 6].map(async (extent) => (await root?.read(extent * 2 ** 18, 9))?.toString());
    const expected = ["first 0\n", "first 1\n", "first 2\n", "first 3\n", "second 0\n", "second 1\n", "first 7\n"];
    expect((await Promise.all(marks)).map((mark) => mark?.replaceAll("\0", ""))).toEqual(expected);
    await expect(volumes[2]?.source.read(0, 1)).rejects.toThrow(/striped/);
  });

  it("gives its visible volumes by name", async () => {
    const segment = [{ start: 0, count: 2 }];
    const metadata = metadataText(
      { root: segment, lvol0_pmspare: segment, swap: segment },
      { hidden: ["lvol0_pmspare"] },
    );
    const volumes = await openVolumeGroup([sourceOf(Buffer.alloc(4096)), ...disks(metadata).map(sourceOf)]);
    expect(volumes.map(({ group, name }) => `${group}/${name}`)).toEqual(["vg-root/root", "vg-root/swap"]);
  });

  it("reads a linear volume", async () => {
    expect(await extents(await only([{ start: 0, count: 3, stripes: '"pv0", 5' }]))).toEqual([6, 7, 8]);
  });

  it("reads a volume of several segments on several partitions, in whatever order they are told", async () => {
    const source = await only([
      { start: 3, count: 1, stripes: '"pv0", 0' },
      { start: 0, count: 2, stripes: '"pv0", 10' },
      { start: 2, count: 1, stripes: '"pv1", 20' },
    ]);
    expect(await extents(source)).toEqual([11, 12, 121, 1]);
    const across = await source.read(2 * extentSize - 2, extentSize + 4);
    expect([across[0], across[1], across[2], across.at(-3), across.at(-2), across.at(-1)]).toEqual([
      12, 12, 121, 121, 1, 1,
    ]);
    await expect(source.read(4 * extentSize - 1, 2)).rejects.toThrow(MalformedImage);
  });

  it("reads metadata that runs over the end of its ring", async () => {
    const metadata = metadataText({ root: [{ start: 0, count: 1 }] });
    for (const left of [1, 100, metadata.length]) {
      const [disk] = disks(metadata, areaSize - left);
      expect(await openVolumeGroup([sourceOf(disk)])).toHaveLength(1);
    }
  });

  it("takes the newest of several copies of the metadata", async () => {
    const older = physicalVolume({ uuid: uuids[0], size, metadata: metadataText({ old: [] }, { sequence: 3 }) });
    const newer = physicalVolume({ uuid: uuids[1], size, metadata: metadataText({ new: [] }, { sequence: 4 }) });
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      expect((await openVolumeGroup(order.map(sourceOf))).map(({ name }) => name)).toEqual(["new"]);
    }
  });

  it.each([
    ["striped", { start: 0, count: 2, stripeCount: 2, stripes: '"pv0", 0, "pv1", 0' }],
    ["raid1", { start: 0, count: 2, type: "raid1" }],
    ["thin", { start: 0, count: 2, type: "thin" }],
    ["thin-pool", { start: 0, count: 2, type: "thin-pool" }],
    ["cache", { start: 0, count: 2, type: "cache" }],
    ["snapshot", { start: 0, count: 2, type: "snapshot" }],
  ])("cannot tell what a %s volume holds, and says its type", async (type, segment) => {
    const source = await only([segment]);
    expect(source.size).toBe(2 * extentSize);
    await expect(source.read(0, 1)).rejects.toThrow(CannotTell);
    await expect(source.read(0, 1)).rejects.toThrow(type);
  });

  it("cannot tell what lies on another disk, but reads the rest", async () => {
    const metadata = metadataText({
      here: [{ start: 0, count: 1 }],
      there: [{ start: 0, count: 1, stripes: '"pv1", 0' }],
    });
    const [here, there] = await openVolumeGroup([sourceOf(disks(metadata)[0])]);
    expect(await here?.source.read(0, 1)).toEqual(Buffer.from([1]));
    await expect(there?.source.read(0, 1)).rejects.toThrow(/another disk/);
  });

  it.each([
    ["with a gap", [{ start: 1, count: 1 }]],
    [
      "that overlap",
      [
        { start: 0, count: 2 },
        { start: 1, count: 2 },
      ],
    ],
    ["beyond the partition", [{ start: 0, count: 49 }]],
    ["far beyond the partition", [{ start: 0, count: 1, stripes: '"pv0", 9007199254740991' }]],
    ["of no length", [{ start: 0, count: 0 }]],
    ["that lie nowhere", [{ start: 0, count: 1, stripes: "" }]],
  ])("refuses segments %s", async (_, segments) => {
    await expect((await only(segments)).read(0, 1)).rejects.toThrow(MalformedImage);
  });

  it.each([
    ["label", 512 + 40],
    ["metadata header", areaOffset + 41],
    ["metadata text", areaOffset + 600],
  ])("is malformed when its %s is damaged", async (_, offset) => {
    const [disk] = disks(metadataText({ root: [{ start: 0, count: 1 }] }));
    disk[offset] = (disk[offset] ?? 0) ^ 1;
    await expect(openVolumeGroup([sourceOf(disk)])).rejects.toThrow(MalformedImage);
  });

  it("with any metadata text at all is read or malformed", async () => {
    const sound = metadataText({ root: [{ start: 0, count: 1 }] });
    const change = fc.tuple(
      fc.nat(sound.length),
      fc.nat(3),
      fc.constantFrom("{", "}", "[", "]", "=", '"', ",", "-1", "1e9", "x", "#", "\\"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 5 }), async (changes) => {
        let text = sound;
        for (const [at, removed, added] of changes) text = text.slice(0, at) + added + text.slice(at + removed);
        try {
          for (const { source } of await openVolumeGroup([sourceOf(disks(text)[0])])) await source.read(0, 1);
        } catch (error) {
          if (!(error instanceof MalformedImage || error instanceof CannotTell)) throw error;
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("LVM2's metadata text", () => {
  it("is sections, values and lists", () => {
    const text = parseMetadataText('a { b = -5 # comment\n c = "x \\"y\\"" d = ["p", 1,] e { } }\n#end');
    const a = text.sections.get("a");
    expect(a?.values).toEqual(
      new Map<string, unknown>([
        ["b", -5],
        ["c", 'x "y"'],
        ["d", ["p", 1]],
      ]),
    );
    expect([...(a?.sections.keys() ?? [])]).toEqual(["e"]);
  });

  it.each(["a {", "a }", "a", "a =", "a = [1", '"', "a = b", "}", "a ! b", "a {".repeat(9) + "}".repeat(9)])(
    "is malformed as %s",
    (text) => {
      expect(() => parseMetadataText(text)).toThrow(MalformedImage);
    },
  );
});
