import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { inspectGuest } from "../../../../shared/inspection/guest/inspect-guest.ts";
import {
  type ByteSource,
  CannotTell,
  MalformedImage,
  SourceChanged,
} from "../../../../shared/inspection/source/byte-source.ts";

/** GPT with a BIOS boot partition, an EFI system partition and an ext4 root; see tests/images/guests/make-small-disk.ts. */
const small = gunzipSync(readFileSync(join(__dirname, "small-disk.raw.gz")));

function sourceOf(bytes: Buffer, afterReads: { limit: number; error: Error } | undefined = undefined): ByteSource {
  let reads = 0;
  return {
    size: bytes.length,
    async read(offset, length) {
      reads += 1;
      if (afterReads !== undefined && reads > afterReads.limit) throw afterReads.error;
      if (offset < 0 || offset + length > bytes.length) throw new MalformedImage(`${length} bytes at ${offset}`);
      return bytes.subarray(offset, offset + length);
    },
  };
}

const guest = {
  osType: "linux",
  platform: "Ubuntu",
  distribution: { id: "ubuntu", versionId: "24.04", name: "Ubuntu 24.04.1 LTS" },
  architecture: "x86_64",
  bootModes: ["BIOS", "UEFI"],
  kernels: ["6.8.0-45-generic"],
  cloudInit: "24.1.3",
  nvmeSupport: "supported",
};

describe("the inspection of a disk", () => {
  it("tells its partitions and its guest", async () => {
    expect(await inspectGuest(sourceOf(small))).toEqual({
      guest,
      partitionTable: "gpt",
      partitions: [
        { index: 1, offset: 2 ** 20, size: 2 ** 20, type: "BIOS boot" },
        {
          index: 2,
          offset: 2 * 2 ** 20,
          size: 2 ** 20,
          type: "EFI system partition",
          filesystem: "vfat",
          label: "EFI",
        },
        {
          index: 3,
          offset: 3 * 2 ** 20,
          size: 2 * 2 ** 20,
          type: "Linux filesystem",
          filesystem: "ext4",
          label: "root",
        },
      ],
      findings: [],
    });
  });

  it("of a filesystem without a partition table tells the same of it", async () => {
    const root = small.subarray(3 * 2 ** 20, 5 * 2 ** 20);
    const { guest: found, partitionTable, findings } = await inspectGuest(sourceOf(root));
    expect(found).toEqual({ ...guest, bootModes: [] });
    expect(partitionTable).toBe("none");
    expect(findings.map(({ code }) => code)).toEqual(["boot.not-found", "fstab.missing-filesystem"]);
  });

  it.each([
    ["cut short says so", small.subarray(0, small.length - 2 ** 20), ["partition-table.damaged"]],
    ["grown has nothing to say", Buffer.concat([small, Buffer.alloc(2 ** 20)]), []],
  ])("that was %s", async (_, disk, codes) => {
    const { guest: found, findings } = await inspectGuest(sourceOf(disk));
    expect(found?.osType).toBe("linux");
    expect(findings.map(({ code }) => code)).toEqual(codes);
  });

  it("of nothing but zeros says so and blocks nothing", async () => {
    const { guest: found, findings } = await inspectGuest(sourceOf(Buffer.alloc(2 ** 20)));
    expect(found).toBeNull();
    expect(findings.map(({ code, severity }) => `${code} ${severity}`)).toEqual(["guest.not-inspected info"]);
    expect(findings[0]?.message).toBe(
      "Not everything in the image could be read: the system (the disk has no partitions and no filesystem that is known).",
    );
  });

  it.each([
    ["LUKS", 0, Buffer.from("LUKS\xba\xbe\0\x02", "latin1")],
    ["BitLocker", 0, Buffer.from("\xeb\x58\x90-FVE-FS-", "latin1")],
  ])("whose root is encrypted with %s says so, and tells what its boot loaders tell", async (name, at, signature) => {
    const disk = Buffer.from(small);
    disk.fill(0, 3 * 2 ** 20, 5 * 2 ** 20);
    signature.copy(disk, 3 * 2 ** 20 + at);
    const { guest: found, findings } = await inspectGuest(sourceOf(disk));
    expect(found).toEqual({ architecture: "x86_64", bootModes: ["BIOS", "UEFI"] });
    expect(findings.map(({ code, message }) => [code, message])).toEqual([
      [
        "partition.encrypted",
        `Encrypted: partition 3 (${name}); what is there is not inspected, and an instance would wait for its passphrase.`,
      ],
      [
        "guest.not-inspected",
        `Not everything in the image could be read: the system (none was found on vfat, ${name.toLowerCase()}).`,
      ],
    ]);
  });

  it("whose EFI system partition cannot be read does not say how it boots", async () => {
    const disk = Buffer.from(small);
    disk.fill(0xff, 2 * 2 ** 20, 3 * 2 ** 20);
    const { guest: found } = await inspectGuest(sourceOf(disk));
    const { bootModes, ...rest } = guest;
    expect(found).toEqual(rest);
  });

  it("keeps what it knows when its budget runs out", async () => {
    const error = new CannotTell("the budget of 500 requests is used up");
    const results = [];
    for (let limit = 0; limit <= 60; limit += 4) results.push(await inspectGuest(sourceOf(small, { limit, error })));
    expect(results.at(-1)?.findings).toEqual([]);
    const cut = results.filter(({ findings }) => findings.length > 0);
    expect(cut.length).toBeGreaterThan(5);
    for (const { guest: found, findings } of cut) {
      // Nothing else is concluded from what was not read, and what is told is right.
      expect(findings.map(({ code }) => code)).toEqual(["guest.not-inspected"]);
      expect(findings[0]?.message).toContain("the budget of 500 requests is used up");
      expect(guest).toMatchObject(found ?? {});
    }
    expect(cut.some((one) => one.guest?.platform === "Ubuntu")).toBe(true);
  });

  it("throws what is wrong with the source itself", async () => {
    const error = new SourceChanged("replaced");
    await expect(inspectGuest(sourceOf(small, { limit: 50, error }))).rejects.toThrow(SourceChanged);
  });

  it("of a damaged disk ends in an answer", async () => {
    const used = [...small.keys()].filter((at) => small[at] !== 0);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(used.length - 1), fc.nat(255)), { minLength: 1, maxLength: 40 }),
        async (changes) => {
          const damaged = Buffer.from(small);
          for (const [index, value] of changes) damaged[used[index] ?? 0] = value;
          const { findings } = await inspectGuest(sourceOf(damaged));
          for (const { message } of findings) expect(message.length).toBeLessThan(1200);
        },
      ),
      { numRuns: 100 },
    );
  });
});
