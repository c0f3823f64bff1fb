import { inspectImage } from "../../../shared/inspection/inspect-image.ts";
import { SourceChanged } from "../../../shared/inspection/source/byte-source.ts";
import { buildQcow2, poke, qcow2Field, u64be } from "./container/build-qcow2.ts";
import { buildVhd } from "./container/build-vhd.ts";
import { pattern } from "./container/open-bytes.ts";
import { memoryReader } from "./source/memory-reader.ts";

const gibibyte = 2 ** 30;
const header = (bytes: Buffer) => inspectImage(memoryReader(bytes), { depth: "header" });
const codes = (report: { findings: readonly { code: string }[] }) => report.findings.map((found) => found.code);

describe("an inspection", () => {
  it.each([
    [1, 1],
    [gibibyte, 1],
    [gibibyte + 512, 2],
    [2_147_991_552, 3],
    [2048 * gibibyte, 2048],
  ])("rounds a virtual disk of %d bytes up to %d GiB", async (virtualSize, expected) => {
    const report = await header(buildQcow2({ virtualSize, clusterBits: 21 }));
    expect(report).toMatchObject({ virtualSize, diskImageSize: expected, importable: true, findings: [] });
  });

  it("refuses a disk over 2048 GiB and one of no bytes", async () => {
    const large = await header(buildQcow2({ virtualSize: 2048 * gibibyte + 512, clusterBits: 21 }));
    expect(large).toMatchObject({ importable: false });
    expect(codes(large)).toEqual(["image.too-large"]);
    const empty = await header(poke(buildQcow2({ virtualSize: 512 }), qcow2Field.virtualSize, u64be(0)));
    expect(codes(empty)).toEqual(["image.empty"]);
    expect(codes(await header(Buffer.alloc(0)))).toEqual(["image.empty"]);
  });

  it("puts errors first, and is importable without one", async () => {
    const report = await header(buildQcow2({ virtualSize: 2 ** 20, incompatible: 0b111n }));
    expect(codes(report)).toEqual(["qcow2.data-file", "qcow2.corrupt", "qcow2.dirty"]);
    expect(report.importable).toBe(false);
    expect((await header(buildQcow2({ virtualSize: 2 ** 20, incompatible: 1n }))).importable).toBe(true);
  });

  it("of a header neither reads nor claims anything about the guest", async () => {
    const report = await header(pattern(8192));
    expect(report.guest).toBeNull();
    expect(report).not.toHaveProperty("partitionTable");
  });

  it("never lets an image block that it cannot tell: a spent budget is a note", async () => {
    const reader = memoryReader(buildVhd({ type: "fixed", disk: pattern(1 << 20) }));
    const report = await inspectImage(reader, { depth: "full", budget: { requests: 0 } });
    expect(report).toMatchObject({ importable: true, virtualSize: null, diskImageSize: null });
    expect(codes(report)).toEqual(["guest.not-inspected"]);
  });

  it("at full depth finds contradictions in the map", async () => {
    const image = buildQcow2({ virtualSize: 2 ** 20 });
    const report = await inspectImage(memoryReader(poke(image, 2 * 65_536, u64be(512))), { depth: "full" });
    expect(codes(report)).toEqual(["image.malformed"]);
  });

  it("at full depth finds LUKS from the first byte of the virtual disk", async () => {
    const disk = Buffer.concat([Buffer.from("LUKS\xba\xbe\0\x02", "latin1"), pattern(1 << 20)]);
    for (const type of ["fixed", "dynamic"] as const) {
      const report = await inspectImage(memoryReader(buildVhd({ type, disk })), { depth: "full" });
      expect(codes(report)).toEqual(["image.encrypted"]);
    }
  });

  it("tells each stage as it begins", async () => {
    const stages: string[] = [];
    const image = memoryReader(buildQcow2({ virtualSize: 2 ** 20 }));
    await inspectImage(image, { depth: "full", onProgress: (stage) => stages.push(stage) });
    expect(stages).toEqual(["container", "completeness", "guest"]);
  });

  it("throws on what is wrong with the source, not with the image", async () => {
    const reader = { ...memoryReader(pattern(8192)), readRange: () => Promise.reject(new SourceChanged("replaced")) };
    await expect(inspectImage(reader, { depth: "full" })).rejects.toThrow(SourceChanged);
  });
});
