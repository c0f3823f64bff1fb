import fc from "fast-check";
import { isRefusal } from "../../../../local/ecs/errors.ts";
import {
  checkAttributes,
  checkPlainParameters,
  isDescription,
  isImageName,
  readAttributes,
  readDisk,
} from "../../../../local/ecs/import-rules.ts";
import { readTags } from "../../../../local/ecs/tags.ts";

describe("image names", () => {
  it.each(["ab", "web-1.2:3_x", "镜像1", `a${"b".repeat(127)}`])("may be %s", (name) => {
    expect(isImageName(name)).toBe(true);
  });

  it.each(["a", "", "1web", "-web", "web 1", "web(1)", "aliyunweb", "acs:web", "ahttp://b", `a${"b".repeat(128)}`])(
    "may not be %s",
    (name) => {
      expect(isImageName(name)).toBe(false);
    },
  );
});

describe("descriptions", () => {
  it.each([
    ["说明", true],
    ["see http://example.com", true],
    ["http://example.com", false],
    ["x", false],
    ["x".repeat(256), true],
    ["x".repeat(257), false],
  ])("%s: %s", (description, expected) => {
    expect(isDescription(description)).toBe(expected);
  });
});

describe("attributes", () => {
  const read = (parameters: Record<string, string>) => readAttributes(new Map(Object.entries(parameters)));

  it("default to 64-bit Linux started by BIOS, and to UEFI on arm64", () => {
    expect(read({})).toEqual({
      architecture: "x86_64",
      osType: "linux",
      platform: "Others Linux",
      bootMode: "BIOS",
      licenseType: "Auto",
    });
    expect(read({ Architecture: "arm64" }).bootMode).toBe("UEFI");
  });

  it("follow the platform when it alone says Windows", () => {
    expect(read({ Platform: "Windows Server 2022" }).osType).toBe("windows");
    expect(checkAttributes(read({ Platform: "Windows Server 2022" }), true)).toBeUndefined();
  });

  it("may not contradict each other", () => {
    expect(checkAttributes(read({ OSType: "windows", Platform: "Debian" }), false)).toMatchObject({
      code: "InvalidPlatform.Malformed",
    });
    expect(checkAttributes(read({ OSType: "linux", Platform: "Windows Server 2022" }), false)).toMatchObject({
      code: "InvalidPlatform.Malformed",
    });
  });
});

describe("disks", () => {
  const read = (fields: Record<string, string>, position = 1) =>
    readDisk(position, new Map(Object.entries({ OSSBucket: "images", OSSObject: "a.RAW", ...fields })));

  it("have a size from 1 to 2048 GiB, whose code depends on the disk", () => {
    for (const size of ["1", "2048"]) expect(isRefusal(read({ DiskImageSize: size }))).toBe(false);
    for (const size of ["0", "2049", "-5", "4.5", "big"]) {
      expect(read({ DiskImageSize: size })).toMatchObject({ code: "InvalidImageSize" });
      expect(read({ DiskImSize: size }, 2)).toMatchObject({ code: "InvalidDataDiskSize" });
    }
  });

  it("need a suffix that is a disk image's, in any case of letters", () => {
    expect(read({})).toMatchObject({ key: "a.RAW" });
    for (const key of ["a", "a.iso", "a.qcow2.gz", "raw"])
      expect(read({ OSSObject: key })).toMatchObject({ code: "UnsupportedSuffix.OSSObject" });
  });

  it("have keys of at most 1023 bytes", () => {
    expect(read({ OSSObject: `${"平".repeat(339)}xy.raw` })).toMatchObject({ position: 1 });
    expect(read({ OSSObject: `${"平".repeat(340)}.raw` })).toMatchObject({ code: "InvalidOSSObject.Malformed" });
  });
});

describe("any parameters at all", () => {
  it("are accepted or refused, never a defect", () => {
    const names = ["ImageName", "Architecture", "OSType", "Platform", "BootMode", "Tag.1.Key", "Tag.x", "OSSObject"];
    const parameters = fc.dictionary(
      fc.oneof(fc.constantFrom(...names), fc.string()),
      fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("arm64", "windows", "UEFI")),
    );
    fc.assert(
      fc.property(parameters, (given) => {
        const map = new Map(Object.entries(given));
        checkPlainParameters(map);
        checkAttributes(readAttributes(map), true);
        readTags(map);
        const disk = readDisk(1, map);
        if (!isRefusal(disk)) expect(Buffer.byteLength(disk.key)).toBeLessThanOrEqual(1023);
      }),
    );
  });
});
