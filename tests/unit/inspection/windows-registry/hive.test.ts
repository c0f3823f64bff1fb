import fc from "fast-check";
import { openHive } from "../../../../shared/inspection/guest/windows-registry/hive.ts";
import type { HiveCells } from "../../../../shared/inspection/guest/windows-registry/hive-cells.ts";
import { readSubkeys } from "../../../../shared/inspection/guest/windows-registry/registry-key.ts";
import { ByteRecord } from "../../../../shared/inspection/source/byte-record.ts";
import { CannotTell, MalformedImage } from "../../../../shared/inspection/source/byte-source.ts";
import { type BuiltKey, buildHive, dword, keyPath, text } from "./built-hive.ts";

const big = Buffer.from(Array.from({ length: 40_000 }, (_, index) => index % 251));
const many: BuiltKey[] = Array.from({ length: 50 }, (_, index) => ({
  name: `Key ${index}`,
  values: [dword("Number", index)],
}));

const root: BuiltKey = {
  name: "ROOT",
  keys: [
    keyPath("Microsoft\\Windows NT\\CurrentVersion", {
      values: [
        text("ProductName", "Windows Server 2022 Datacenter"),
        text("Path", "%SystemRoot%\\System32", 2),
        { name: "Texts", type: 7, data: Buffer.from("one\0two\0\0", "utf16le") },
        dword("Number", 0xfedcba98),
        { name: "Other order", type: 5, data: Buffer.from([1, 2, 3, 4]) },
        { name: "Long number", type: 11, data: Buffer.from([1, 0, 0, 0, 0, 0, 0, 0x80]) },
        { name: "Short number", type: 4, data: Buffer.from([1, 2]) },
        { name: "Bytes", type: 3, data: Buffer.from([1, 2, 3]) },
        { name: "Nothing", type: 1, data: Buffer.alloc(0) },
        { name: "Big", type: 3, data: big },
        text("", "the default value"),
        text("Größe", "Latin-1"),
        text("Ελληνικά", "UTF-16"),
      ],
    }),
    { name: "lf", list: "lf", keys: many },
    { name: "lh", list: "lh", keys: many },
    { name: "li", list: "li", keys: many },
    { name: "ri", list: "ri", keys: many },
    { name: "Ключ", keys: [{ name: "Größe" }] },
  ],
};

describe("openHive", () => {
  const bytes = buildHive(root);
  const path = "Microsoft\\Windows NT\\CurrentVersion";

  it.each([
    ["ProductName", "Windows Server 2022 Datacenter"],
    ["pRODUCTnAME", "Windows Server 2022 Datacenter"],
    ["Path", "%SystemRoot%\\System32"],
    ["Texts", ["one", "two"]],
    ["Number", 0xfedcba98],
    ["Other order", 0x01020304],
    ["Long number", 0x8000_0000_0000_0001n],
    ["Short number", Buffer.from([1, 2])],
    ["Bytes", Buffer.from([1, 2, 3])],
    ["Nothing", ""],
    ["", "the default value"],
    ["größe", "Latin-1"],
    ["ελληνικά", "UTF-16"],
    ["Missing", undefined],
  ])("gives the value %s by its type", async (name, value) => {
    expect(await (await openHive(bytes)).value(path, name)).toEqual(value);
  });

  it("puts large values together from their segments", async () => {
    const value = await (await openHive(bytes)).value(path, "Big");
    expect(Buffer.isBuffer(value) && value.equals(big)).toBe(true);
  });

  it.each(["lf", "lh", "li", "ri"])("finds each of many keys in a list of the kind %s", async (kind) => {
    const hive = await openHive(bytes);
    expect(await hive.subkeys(kind)).toEqual(many.map(({ name }) => name));
    for (let index = 0; index < many.length; index++) {
      expect(await hive.value(`${kind}\\KEY ${index}`, "Number")).toBe(index);
    }
    expect(await hive.value(`${kind}\\Key 50`, "Number")).toBeUndefined();
  });

  it("finds keys whose names need UTF-16, and says what is missing", async () => {
    const hive = await openHive(bytes);
    expect(await hive.subkeys("КЛЮЧ")).toEqual(["Größe"]);
    expect(await hive.subkeys("Ключ\\Größe")).toEqual([]);
    expect(await hive.subkeys("Nowhere\\at all")).toBeUndefined();
    expect(await hive.value("Nowhere", "x")).toBeUndefined();
  });

  it("reads only what is asked for", async () => {
    let read = 0;
    const source = {
      size: bytes.length,
      read: async (offset: number, length: number) => {
        read += length;
        return bytes.subarray(offset, offset + length);
      },
    };
    await (await openHive(source)).value(path, "ProductName");
    expect(read).toBeLessThan(20_000);
  });

  it("knows a hive whose logs were not written back", async () => {
    expect((await openHive(bytes)).isClean).toBe(true);
    const dirty = Buffer.from(bytes);
    dirty.writeUInt32LE(8, 4);
    expect((await openHive(dirty)).isClean).toBe(false);
  });

  it("refuses what is no hive, and does not know other versions", async () => {
    await expect(openHive(Buffer.alloc(100))).rejects.toThrow(MalformedImage);
    await expect(openHive(Buffer.alloc(8192))).rejects.toThrow(MalformedImage);
    const version = Buffer.from(bytes);
    version.writeUInt32LE(9, 24);
    await expect(openHive(version)).rejects.toThrow(CannotTell);
  });

  it("refuses lists of keys that contain each other", async () => {
    const loop = buildHive({ name: "ROOT", list: "ri", keys: many });
    const at = loop.readUInt32LE(36) + 4096 + 4;
    const list = loop.readUInt32LE(at + 28);
    loop.writeUInt32LE(list, 4096 + list + 4 + 4);
    await expect((await openHive(loop)).subkeys("")).rejects.toThrow(MalformedImage);
  });

  it("refuses lists that name the same empty list again and again", async () => {
    let reads = 0;
    const cells: HiveCells = {
      root: 0,
      isClean: true,
      minorVersion: 5,
      read: async (offset) => {
        reads += 1;
        const list = Buffer.alloc(4 + 4 * 1000);
        list.write(offset === 4 * 8 ? "li" : "ri", "latin1");
        list.writeUInt16LE(offset === 4 * 8 ? 0 : 1000, 2);
        for (let index = 0; index < 1000; index += 1) list.writeUInt32LE(offset + 8, 4 + 4 * index);
        return new ByteRecord(list, "little", "a list");
      },
    };
    const key = { name: "K", subkeyCount: 1, subkeyList: 0, valueCount: 0, valueList: 0 };
    await expect(readSubkeys(cells, key, "x")).rejects.toThrow(CannotTell);
    expect(reads).toBeLessThan(100_000);
  });

  it("ends in an answer or in a plain verdict however bytes are damaged", async () => {
    const used = [...bytes.keys()].filter((at) => bytes[at] !== 0);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(used.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (flips) => {
          const damaged = Buffer.from(bytes);
          for (const [index, value] of flips) damaged[used[index] ?? 0] = value;
          try {
            const hive = await openHive(damaged);
            await hive.value(path, "Big");
            for (const name of (await hive.subkeys("")) ?? []) await hive.subkeys(name);
          } catch (error) {
            expect(error instanceof MalformedImage || error instanceof CannotTell).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
