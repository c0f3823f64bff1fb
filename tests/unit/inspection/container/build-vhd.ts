/** Builds small VHD files in memory by Microsoft's Virtual Hard Disk Image Format Specification. */

export interface VhdOptions {
  readonly type: "fixed" | "dynamic" | "differencing";
  readonly disk: Buffer;
  readonly blockSize?: number;
  readonly maxTableEntries?: number;
  readonly currentSize?: number;
}

const types = { fixed: 2, dynamic: 3, differencing: 4 } as const;

export function buildVhd(options: VhdOptions): Buffer {
  const footer = buildVhdFooter(options);
  if (options.type === "fixed") return Buffer.concat([options.disk, footer]);
  const { disk, blockSize = 2 * 2 ** 20 } = options;
  const blocks = Math.ceil(disk.length / blockSize);
  const entries = options.maxTableEntries ?? blocks;
  const header = Buffer.alloc(1024);
  header.write("cxsparse");
  header.fill(0xff, 8, 16);
  header.writeBigUInt64BE(1536n, 16);
  header.writeUInt32BE(0x10000, 24);
  header.writeUInt32BE(entries, 28);
  header.writeUInt32BE(blockSize, 32);
  fixChecksum(header, 36);
  const table = Buffer.alloc(Math.ceil((blocks * 4) / 512) * 512, 0xff);
  const bitmapLength = Math.ceil(blockSize / 512 / 8 / 512) * 512;
  const parts: Buffer[] = [];
  let at = 1536 + table.length;
  for (let block = 0; block < blocks; block++) {
    const data = disk.subarray(block * blockSize, (block + 1) * blockSize);
    if (data.every((byte) => byte === 0)) continue;
    table.writeUInt32BE(at / 512, block * 4);
    parts.push(Buffer.alloc(bitmapLength, 0xff), data, Buffer.alloc(blockSize - data.length));
    at += bitmapLength + blockSize;
  }
  return Buffer.concat([footer, header, table, ...parts, footer]);
}

function buildVhdFooter(options: VhdOptions): Buffer {
  const footer = Buffer.alloc(512);
  const size = BigInt(options.currentSize ?? options.disk.length);
  footer.write("conectix");
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x10000, 12);
  footer.writeBigUInt64BE(options.type === "fixed" ? 2n ** 64n - 1n : 512n, 16);
  footer.writeBigUInt64BE(size, 40);
  footer.writeBigUInt64BE(size, 48);
  footer.writeUInt32BE(types[options.type], 60);
  fixChecksum(footer, 64);
  return footer;
}

/** Writes the ones' complement of the sum of all other bytes. */
export function fixChecksum(bytes: Buffer, at: number): void {
  bytes.writeUInt32BE(0, at);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.writeUInt32BE(~sum >>> 0, at);
}
