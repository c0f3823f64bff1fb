import { detectedSettings } from "../../../shared/importing/detected-settings.ts";
import { contradictions } from "../../../shared/importing/guest-contradictions.ts";
import type { Guest } from "../../../shared/inspection/report.ts";
import type { LayerName, ResolvedSettings, Settings } from "../../../shared/manifest/settings.ts";
import { debian, reportOf } from "./planned-disk.ts";

describe("what an image says about its import", () => {
  it.each<[string, Guest | null, Settings]>([
    ["nothing, when no guest was read", null, {}],
    ["nothing, when nothing could be told of the guest", {}, {}],
    [
      "its system, platform, architecture and NVMe driver",
      debian,
      { osType: "linux", platform: "Debian", architecture: "x86_64", features: { nvmeSupport: "supported" } },
    ],
    ["UEFI, when it boots with nothing else", { bootModes: ["UEFI"] }, { bootMode: "UEFI" }],
    ["no boot mode, when it boots with BIOS", { bootModes: ["BIOS"] }, {}],
    ["no boot mode, when it boots both ways", { bootModes: ["BIOS", "UEFI"] }, {}],
    ["no boot mode, whichever way stands first", { bootModes: ["UEFI", "BIOS"] }, {}],
    ["no boot mode, when it boots in neither", { bootModes: [] }, {}],
    ["UEFI for arm64, whatever loaders it has", { architecture: "arm64" }, { architecture: "arm64", bootMode: "UEFI" }],
    [
      "some Windows, when the version is not known",
      { osType: "windows" },
      { osType: "windows", platform: "Other Windows" },
    ],
    [
      "the Windows version that it has",
      { osType: "windows", platform: "Windows Server 2022" },
      { osType: "windows", platform: "Windows Server 2022" },
    ],
    ["no platform, when the distribution is not known", { osType: "linux" }, { osType: "linux" }],
    ["that NVMe is not supported", { nvmeSupport: "unsupported" }, { features: { nvmeSupport: "unsupported" } }],
  ])("%s", (_, guest, expected) => {
    expect(detectedSettings(reportOf(guest))).toEqual(expected);
  });

  it("nothing, when it was not inspected", () => {
    expect(detectedSettings(undefined)).toEqual({});
  });
});

const said = (settings: Settings, layer: LayerName = "sidecar"): ResolvedSettings => ({
  settings,
  provenance: new Map(Object.keys(settings).map((key) => [`/${key}`, { layer, place: `${layer} web.yaml:3` }])),
});

describe("a value that the image contradicts", () => {
  const codes = (settings: Settings, guest: Guest | null, layer?: LayerName): readonly string[] =>
    contradictions(said(settings, layer), reportOf(guest)).map(({ code }) => code);

  it.each<[Settings, Guest | null, readonly string[]]>([
    [{ architecture: "arm64" }, debian, ["architecture.mismatch"]],
    [{ architecture: "x86_64" }, debian, []],
    [{ architecture: "arm64" }, { osType: "linux" }, []],
    [{ architecture: "arm64" }, null, []],
    [{ architecture: "i386", platform: "Ubuntu" }, { architecture: "x86_64", bootModes: ["UEFI"] }, []],
    [{ osType: "windows" }, debian, ["platform.mismatch"]],
    [{ osType: "linux" }, debian, []],
    [{ platform: "Ubuntu" }, debian, ["platform.mismatch"]],
    [{ platform: "Debian" }, debian, []],
    [{ platform: "Others Linux" }, debian, []],
    [{ platform: "Customized Linux" }, debian, []],
    [{ platform: "Ubuntu" }, { osType: "linux", platform: "Others Linux" }, []],
    [{ platform: "Other Windows" }, debian, ["platform.mismatch"]],
    [{ platform: "Windows Server 2022" }, debian, ["platform.mismatch"]],
    [{ platform: "Others Linux" }, { osType: "windows", platform: "Windows Server 2019" }, ["platform.mismatch"]],
    [{ platform: "Other Windows" }, { osType: "windows", platform: "Windows Server 2019" }, []],
    [
      { platform: "Windows Server 2022" },
      { osType: "windows", platform: "Windows Server 2019" },
      ["platform.mismatch"],
    ],
    [{ platform: "Ubuntu" }, { osType: "linux" }, []],
    [{ bootMode: "UEFI" }, { bootModes: ["BIOS"] }, ["boot-mode.mismatch"]],
    [{ bootMode: "BIOS" }, { bootModes: ["UEFI"] }, ["boot-mode.mismatch"]],
    [{ bootMode: "UEFI" }, { bootModes: ["BIOS", "UEFI"] }, []],
    [{ bootMode: "UEFI" }, { bootModes: [] }, []],
    [
      { architecture: "arm64", bootMode: "UEFI", osType: "windows", platform: "Other Windows" },
      { ...debian, bootModes: ["BIOS"] },
      ["architecture.mismatch", "platform.mismatch", "platform.mismatch", "boot-mode.mismatch"],
    ],
  ])("%j against %j gives %j", (settings, guest, expected) => {
    expect(codes(settings, guest)).toEqual(expected);
  });

  it.each<[LayerName, number]>([
    ["default", 0],
    ["detected", 0],
    ["bucket-defaults", 1],
    ["bucket-rule", 1],
    ["metadata", 1],
    ["sidecar", 1],
  ])("counts when it was said in the layer %s: %i findings", (layer, count) => {
    expect(codes({ architecture: "arm64" }, debian, layer)).toHaveLength(count);
  });

  it("is named with its place and with what the image holds", () => {
    const [finding] = contradictions(said({ bootMode: "UEFI" }), reportOf({ bootModes: ["BIOS"] }));
    expect(finding).toEqual({
      code: "boot-mode.mismatch",
      severity: "error",
      message: "The boot mode is given as UEFI (sidecar web.yaml:3), but the image holds a loader for BIOS only.",
      fix: "Remove `bootMode` from the manifest, or correct it to what the image holds.",
    });
  });

  it.each<[LayerName, string]>([
    ["sidecar", "Remove `architecture` from the manifest, or correct it to what the image holds."],
    [
      "metadata",
      "Upload the image again without `architecture` in its metadata, or copy it onto itself with what it holds.",
    ],
    [
      "bucket-rule",
      "Remove `architecture` from the bucket manifest, or correct it to what the image holds; then replay the image.",
    ],
  ])("is mended where it was said: %s", (layer, fix) => {
    expect(contradictions(said({ architecture: "arm64" }, layer), reportOf(debian))).toMatchObject([{ fix }]);
  });
});
