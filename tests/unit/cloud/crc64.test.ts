import { crc64Text } from "../../../shared/cloud/crc64.ts";

describe("the checksum that OSS sends with an object", () => {
  it("has the published check value of CRC-64/XZ", () => {
    expect(crc64Text(Buffer.from("123456789"))).toBe(String(0x995dc9bbdf1939fan));
  });

  it("is 0 for an empty object", () => {
    expect(crc64Text(Buffer.alloc(0))).toBe("0");
  });
});
