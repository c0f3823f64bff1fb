import fc from "fast-check";
import { settingsFromMetadata } from "../../../shared/manifest/metadata-settings.ts";

describe("object metadata", () => {
  it("sets scalars, with or without x-oss-meta-, whatever the case", () => {
    const metadata = {
      "x-oss-meta-import-image-name": "web",
      "import-os-type": "linux",
      "X-Oss-Meta-Import-Boot-Mode": "UEFI",
      "import-nvme-support": "supported",
      "import-imds-support": "v2",
      "import-inspect": "header",
      author: "somebody",
    };
    expect(settingsFromMetadata(metadata, "a.raw")).toEqual({
      settings: {
        imageName: "web",
        osType: "linux",
        bootMode: "UEFI",
        features: { nvmeSupport: "supported", imdsSupport: "v2" },
        inspect: "header",
      },
    });
  });

  it("is left alone where it is somebody else's", () => {
    expect(settingsFromMetadata({ author: "somebody", imported: "yes" }, "a.raw")).toEqual({ settings: {} });
  });

  it.each([
    ["import-image-nam", "Did you mean x-oss-meta-import-image-name?"],
    ["x-oss-meta-import-imageName", "Did you mean x-oss-meta-import-image-name?"],
    ["import-disks", undefined],
    ["import-__proto__", undefined],
  ])("has no %s", (header, hint) => {
    const result = settingsFromMetadata({ [header]: "x" }, "a.raw");
    expect(result).toMatchObject({ problems: [{ file: "a.raw", message: expect.stringContaining(header) }] });
    if (hint !== undefined) expect(result).toHaveProperty("problems.0.hint", hint);
  });

  it("is judged like a manifest", () => {
    expect(settingsFromMetadata({ "import-boot-mode": "uefi", "import-nvme-support": "yes" }, "a.raw")).toMatchObject({
      problems: [
        { pointer: "/bootMode", message: 'Metadata x-oss-meta-import-boot-mode: bootMode cannot be "uefi".' },
        {
          pointer: "/features/nvmeSupport",
          message: expect.stringContaining("Metadata x-oss-meta-import-nvme-support: "),
        },
      ],
    });
  });

  it.each([
    ["%E7%BD%91%E7%AB%99", "网站"],
    ["web%20server", "web server"],
    ["100% good", "100% good"],
    ["%ZZ", "%ZZ"],
    ["%E7%BD", "%E7%BD"],
    [Buffer.from("网站").toString("latin1"), "网站"],
    ["caf\u00e9", "caf\u00e9"],
    ["网站", "网站"],
    ["=?UTF-8?B?572R56uZ?=", "网站"],
    ["=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait"],
  ])("%j is read as %j", (raw, description) => {
    expect(settingsFromMetadata({ "import-description": raw }, "a.raw")).toEqual({ settings: { description } });
  });

  it("of any kind is either good or has problems with a sentence", () => {
    const names = fc.oneof(
      fc.constantFrom("import-image-name", "import-description", "import-tags", "import-"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.dictionary(names, fc.string({ unit: "binary" })), (metadata) => {
        const result = settingsFromMetadata(metadata, "a.raw");
        return !("problems" in result) || result.problems.every(({ message }) => /^\S.*\.$/.test(message));
      }),
    );
  });
});
