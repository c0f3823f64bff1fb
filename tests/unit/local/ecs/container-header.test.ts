import fc from "fast-check";
import { readContainerHeader } from "../../../../local/ecs/container-header.ts";
import type { StoredObjectFacts } from "../../../../local/wire/object-lookup.ts";

const stored = (content: Buffer, size = content.length): StoredObjectFacts => ({
  key: "a.img",
  size,
  etag: "",
  storageClass: "Standard",
  readable: true,
  encryption: undefined,
  read: async (offset, length) => content.subarray(offset, offset + length),
});

const sector = (fill: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.alloc(512);
  fill(bytes);
  return bytes;
};

describe("readContainerHeader", () => {
  it("takes what it does not know for RAW, of the object's size", async () => {
    expect(await readContainerHeader(stored(Buffer.alloc(4096)))).toEqual({ format: "RAW", virtualSizeInBytes: 4096 });
    expect(await readContainerHeader(stored(Buffer.from("x")))).toEqual({ format: "RAW", virtualSizeInBytes: 1 });
  });

  it("reads the size inside QCOW2 and VMDK", async () => {
    const qcow2 = sector((bytes) => {
      bytes.write("QFI\xfb", "latin1");
      bytes.writeBigUInt64BE(5n * 1024n ** 3n, 24);
    });
    expect(await readContainerHeader(stored(qcow2))).toEqual({ format: "QCOW2", virtualSizeInBytes: 5 * 1024 ** 3 });
    const vmdk = sector((bytes) => {
      bytes.write("KDMV");
      bytes.writeBigUInt64LE(2048n, 12);
    });
    expect(await readContainerHeader(stored(vmdk))).toEqual({ format: "VMDK", virtualSizeInBytes: 1024 ** 2 });
  });

  it("reads the table of a dynamic VHD, and no table of a fixed one", async () => {
    const footer = (type: number) =>
      sector((bytes) => {
        bytes.write("conectix");
        bytes.writeBigUInt64BE(512n, 16);
        bytes.writeBigUInt64BE(1024n ** 3n, 48);
        bytes.writeUInt32BE(type, 60);
      });
    const header = sector((bytes) => {
      bytes.write("cxsparse");
      bytes.writeUInt32BE(512, 28);
      bytes.writeUInt32BE(2 * 1024 ** 2, 32);
    });
    expect(await readContainerHeader(stored(Buffer.concat([footer(3), header, footer(3)])))).toEqual({
      format: "VHD",
      virtualSizeInBytes: 1024 ** 3,
      vhdTable: { maxTableEntries: 512, blockSizeInBytes: 2 * 1024 ** 2 },
    });
    expect(await readContainerHeader(stored(footer(2)))).toEqual({ format: "VHD", virtualSizeInBytes: 1024 ** 3 });
  });

  it("survives any bytes behind any magic, and reads that come up short", async () => {
    const magic = fc.constantFrom("QFI\xfb", "KDMV", "# Disk DescriptorFile", "conectix", "");
    await fc.assert(
      fc.asyncProperty(magic, fc.uint8Array({ maxLength: 1200 }), fc.nat(4096), async (start, rest, size) => {
        const content = Buffer.concat([Buffer.from(start, "latin1"), rest]);
        const { format } = await readContainerHeader(stored(content, size));
        expect(["RAW", "VHD", "QCOW2", "VMDK"]).toContain(format);
      }),
    );
  });
});
