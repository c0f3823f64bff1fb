import fc from "fast-check";
import { detectedSettings } from "../../../shared/importing/detected-settings.ts";
import { type Plan, type PlannedDisk, planImport } from "../../../shared/importing/plan.ts";
import type { Guest } from "../../../shared/inspection/report.ts";
import { type LayerSources, layersFor } from "../../../shared/manifest/layers.ts";
import { readManifest } from "../../../shared/manifest/read-manifest.ts";
import { resolveSettings } from "../../../shared/manifest/resolve-settings.ts";
import type { Settings } from "../../../shared/manifest/settings.ts";
import { debian, diskOf, factsOf, reportOf } from "./planned-disk.ts";

const sidecarKey = "in/web.qcow2.import.yaml";

/** The plan for the disks of a set, by the sidecar's text; `said` of each disk is what the sidecar says of it. */
const planFor = (yaml: string, disks: readonly PlannedDisk[] = [diskOf()], sources: LayerSources = {}): Plan => {
  const [system = diskOf(), ...data] = disks;
  const sidecar = readManifest(Buffer.from(yaml), sidecarKey, "sidecar");
  if ("problems" in sidecar) throw new Error(JSON.stringify(sidecar.problems));
  const settings: Settings = sidecar.manifest;
  const withSaid = (disk: PlannedDisk, index: number): PlannedDisk => ({
    ...disk,
    said: settings.disks?.[index] ?? {},
  });
  const layers = layersFor(system.key, { ...sources, detected: detectedSettings(system.inspection), sidecar });
  return planImport({
    region: "cn-hangzhou",
    bucket: "images-prod",
    jobId: "ab".repeat(16),
    disks: [withSaid(system, 0), ...data.map((disk, index) => withSaid(disk, index + 1))],
    resolved: resolveSettings(layers),
  });
};

const importOf = (plan: Plan): Extract<Plan, { decision: "import" }> => {
  if (plan.decision !== "import") throw new Error(JSON.stringify(plan));
  return plan;
};

const codesOf = (plan: Plan): readonly string[] => plan.findings.map(({ code }) => code);

describe("the plan of an import", () => {
  it("needs no manifest: what the image says, and else the defaults", () => {
    const { request, provenance, nameIsDefault } = importOf(planFor("{}"));
    expect(request).toEqual({
      RegionId: "cn-hangzhou",
      ImageName: "web-20261123100102",
      Architecture: "x86_64",
      OSType: "linux",
      Platform: "Debian",
      BootMode: "BIOS",
      Features: { NvmeSupport: "supported" },
      DiskDeviceMapping: [{ OSSBucket: "images-prod", OSSObject: "in/web.qcow2", Format: "QCOW2", DiskImageSize: 2 }],
      Tag: [
        { Key: "oss-image-import:job", Value: "ab".repeat(16) },
        { Key: "oss-image-import:source", Value: "oss:images-prod/in/web.qcow2" },
        { Key: "oss-image-import:etag", Value: "0F343B0931126A20F133D67C2B018A3B" },
      ],
    });
    expect(nameIsDefault).toBe(true);
    expect({ ...provenance }).toEqual({
      RegionId: "region of the bucket",
      ImageName: "default of oss-image-import",
      Architecture: "detected from the image",
      OSType: "detected from the image",
      Platform: "detected from the image",
      BootMode: "default of ImportImage",
      "Features.NvmeSupport": "detected from the image",
      "DiskDeviceMapping.1.OSSBucket": "bucket of the upload",
      "DiskDeviceMapping.1.OSSObject": "the uploaded image",
      "DiskDeviceMapping.1.Format": "detected from the image",
      "DiskDeviceMapping.1.DiskImageSize": "detected from the image",
    });
  });

  it("takes every parameter from a manifest, and says from which line", () => {
    const yaml = [
      "imageName: web-{version}-{etag8}",
      "description: From {bucket} in {region}",
      "architecture: x86_64",
      "osType: linux",
      "platform: Debian",
      "bootMode: UEFI",
      "licenseType: Auto",
      "roleName: MyRole",
      "resourceGroupId: rg-bp67acfmxazb4p",
      "storageLocationArn: arn:acs:cloudbox:cn-hangzhou:123456:cloudbox/cb-bp1abc",
      "detectionStrategy: Standard",
      "features:",
      "  nvmeSupport: unsupported",
      "  imdsSupport: v2",
      "tags:",
      "  team: web",
      "  a/b~c: odd",
      "disks:",
      "  - diskImageSize: 40",
      "    format: QCOW2",
      "  - ossObject: data.raw",
      "    diskImageSize: 100",
    ].join("\n");
    const data = diskOf({ key: "in/data.raw", inspection: reportOf(null, { format: "RAW", diskImageSize: 50 }) });
    const { request, provenance, nameIsDefault } = importOf(planFor(yaml, [diskOf(), data]));
    expect(request).toMatchObject({
      ImageName: "web-12-0f343b09",
      Description: "From images-prod in cn-hangzhou",
      Architecture: "x86_64",
      OSType: "linux",
      Platform: "Debian",
      BootMode: "UEFI",
      LicenseType: "Auto",
      RoleName: "MyRole",
      ResourceGroupId: "rg-bp67acfmxazb4p",
      StorageLocationArn: "arn:acs:cloudbox:cn-hangzhou:123456:cloudbox/cb-bp1abc",
      DetectionStrategy: "Standard",
      Features: { NvmeSupport: "unsupported", ImdsSupport: "v2" },
      DiskDeviceMapping: [
        { OSSBucket: "images-prod", OSSObject: "in/web.qcow2", Format: "QCOW2", DiskImageSize: 40 },
        { OSSBucket: "images-prod", OSSObject: "in/data.raw", Format: "RAW", DiskImageSize: 100 },
      ],
    });
    expect(request.Tag.slice(0, 2)).toEqual([
      { Key: "team", Value: "web" },
      { Key: "a/b~c", Value: "odd" },
    ]);
    expect(nameIsDefault).toBe(false);
    const lines = Object.fromEntries(
      Object.entries(provenance).map(([name, place]) => [name, place.replace(`sidecar ${sidecarKey}:`, "line ")]),
    );
    expect(lines).toEqual({
      RegionId: "region of the bucket",
      ImageName: "line 1",
      Description: "line 2",
      Architecture: "line 3",
      OSType: "line 4",
      Platform: "line 5",
      BootMode: "line 6",
      LicenseType: "line 7",
      RoleName: "line 8",
      ResourceGroupId: "line 9",
      StorageLocationArn: "line 10",
      DetectionStrategy: "line 11",
      "Features.NvmeSupport": "line 13",
      "Features.ImdsSupport": "line 14",
      "Tag.1.Value": "line 16",
      "Tag.2.Value": "line 17",
      "DiskDeviceMapping.1.OSSBucket": "bucket of the upload",
      "DiskDeviceMapping.1.OSSObject": "the uploaded image",
      "DiskDeviceMapping.1.Format": "line 20",
      "DiskDeviceMapping.1.DiskImageSize": "line 19",
      "DiskDeviceMapping.2.OSSBucket": "bucket of the upload",
      "DiskDeviceMapping.2.OSSObject": "line 21",
      "DiskDeviceMapping.2.Format": "detected from the image",
      "DiskDeviceMapping.2.DiskImageSize": "line 22",
    });
  });

  it("says where the value of every parameter comes from", () => {
    const { request, provenance } = importOf(planFor("imageName: web"));
    const { Tag: _, DiskDeviceMapping, Features, ...scalars } = request;
    const parameters = [
      ...Object.keys(scalars),
      ...Object.keys(Features ?? {}).map((name) => `Features.${name}`),
      ...DiskDeviceMapping.flatMap((disk, index) =>
        Object.keys(disk).map((name) => `DiskDeviceMapping.${index + 1}.${name}`),
      ),
    ];
    expect(Object.keys(provenance).sort()).toEqual(parameters.sort());
  });

  it("asks for no format or size that it does not know", () => {
    const disks = [diskOf({ inspection: reportOf(null, { format: "vhdx", diskImageSize: null }) })];
    expect(importOf(planFor("{}", disks)).request.DiskDeviceMapping).toEqual([
      { OSSBucket: "images-prod", OSSObject: "in/web.qcow2" },
    ]);
  });

  it("goes by what was said alone when the inspection was turned off", () => {
    const { key, said, facts } = diskOf();
    const { request } = importOf(planFor("inspect: off\ndisks: [{diskImageSize: 40}]", [{ key, said, facts }]));
    expect(request).toMatchObject({ Platform: "Others Linux", DiskDeviceMapping: [{ DiskImageSize: 40 }] });
    expect(request.DiskDeviceMapping[0]).not.toHaveProperty("Format");
  });

  it.each<[string, string, Guest, readonly string[]]>([
    ["the architecture is another one", "architecture: arm64", debian, ["architecture.mismatch"]],
    ["the system is another one", "osType: windows\nlicenseType: BYOL", debian, ["platform.mismatch"]],
    ["the declared format is another one", "disks: [{format: VHD}]", debian, ["format.mismatch"]],
    ["the declared size is too small", "disks: [{diskImageSize: 1}]", debian, ["disk.size-too-small"]],
    ["the object is another than expected", "expect: {size: 1}", debian, ["object.unexpected"]],
    ["nobody said whose licence Windows uses", "{}", { osType: "windows" }, ["license-type.missing"]],
    [
      "several things are wrong, all at once",
      "disks: [{format: VHD, diskImageSize: 1}]\nexpect: {size: 1}\nbootMode: BIOS",
      { ...debian, bootModes: ["UEFI"] },
      ["object.unexpected", "format.mismatch", "disk.size-too-small", "boot-mode.mismatch"],
    ],
  ])("refuses when %s", (_, yaml, guest, codes) => {
    const plan = planFor(yaml, [diskOf({ inspection: reportOf(guest) })]);
    expect(plan.decision).toBe("reject");
    expect(codesOf(plan)).toEqual(codes);
    const more = codes.length - 1;
    expect(plan).toMatchObject({
      reason: more > 0 ? expect.stringContaining(`There are ${more} more errors.`) : expect.any(String),
    });
  });

  it("takes a declared size that is exactly the disk's", () => {
    const { request } = importOf(planFor("disks: [{diskImageSize: 2}]", [diskOf({ inspection: reportOf(debian) })]));
    expect(request.DiskDeviceMapping).toMatchObject([{ DiskImageSize: 2 }]);
  });

  it("takes Windows once its licence is said", () => {
    const windows = [diskOf({ inspection: reportOf({ osType: "windows", platform: "Windows Server 2022" }) })];
    expect(importOf(planFor("licenseType: BYOL", windows)).request).toMatchObject({
      OSType: "windows",
      Platform: "Windows Server 2022",
      LicenseType: "BYOL",
    });
  });

  it("refuses for an error of the inspection, and goes on with its warnings", () => {
    const finding = { code: "qcow2.dirty", message: "It was not closed.", fix: "Check it." };
    const withFinding = (severity: "error" | "warning" | "info") =>
      planFor("{}", [diskOf({ inspection: reportOf(debian, { findings: [{ ...finding, severity }] }) })]);
    expect(withFinding("error")).toMatchObject({ decision: "reject", reason: "It was not closed." });
    for (const severity of ["warning", "info"] as const) {
      expect(withFinding(severity)).toMatchObject({ decision: "import", findings: [{ ...finding, severity }] });
    }
  });

  it("expects no system on a data disk, but a disk that can be read", () => {
    const findings = [
      { code: "boot.uefi-missing", severity: "error", message: "No loader.", fix: "Add one." },
      { code: "cloud-init.missing", severity: "warning", message: "No cloud-init.", fix: "Install it." },
      { code: "qcow2.backing-file", severity: "error", message: "It has a backing file.", fix: "Flatten it." },
    ] as const;
    const data = diskOf({ key: "in/data.qcow2", inspection: reportOf(null, { findings }) });
    const plan = planFor("disks: [{}, {ossObject: data.qcow2}]", [diskOf(), data]);
    expect(plan).toMatchObject({ decision: "reject", reason: "in/data.qcow2: It has a backing file." });
    expect(codesOf(plan)).toEqual(["qcow2.backing-file"]);
  });

  it("looks at every disk's own object, and expects something of the system disk's only", () => {
    const data = diskOf({ key: "in/data.raw", facts: factsOf({ storageClass: "Archive", size: 7 }) });
    const plan = planFor("expect: {size: 1048576}\ndisks: [{}, {ossObject: data.raw}]", [diskOf(), data]);
    expect(codesOf(plan)).toEqual(["object.archived"]);
  });

  it.each([
    ["imageName: web-{distribution}", { ...debian, distribution: { id: "debian" } }, "web-debian"],
    ["imageName: '{stem}_{architecture}'", debian, "web_x86_64"],
    ["imageName: 'i{folder}-{name}'", debian, "iin-web.qcow2"],
    ["imageName: 系统-{modified}", debian, "系统-20261123100102"],
  ])("names the image by %s", (yaml, guest, name) => {
    const plan = planFor(yaml, [diskOf({ inspection: reportOf(guest) })]);
    expect(importOf(plan)).toMatchObject({ request: { ImageName: name }, nameIsDefault: false });
  });

  it("is invalid, not changed, when a given name comes out against ECS's rules", () => {
    const plan = planFor("imageName: '{etag8}-web'");
    expect(plan).toMatchObject({
      decision: "invalid",
      problems: [
        {
          file: sidecarKey,
          line: 1,
          pointer: "/imageName",
          message: "An image name starts with a letter or a Chinese character.",
          hint: 'With its placeholders filled in it is "0f343b09-web".',
        },
      ],
    });
  });

  it("is invalid when a name needs what the image does not tell", () => {
    const plan = planFor("imageName: 'web-{version}'", [diskOf({ inspection: reportOf({ osType: "linux" }) })]);
    expect(plan).toMatchObject({ decision: "invalid", problems: [{ pointer: "/imageName" }] });
  });

  it("always has a default name that ECS takes, whatever the file is called", () => {
    const key = fc.string({ unit: fc.constantFrom(..."ab1-._ :/http镜é𝄞{}'\n"), minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(key, (stem) => {
        const { request } = importOf(planFor("{}", [diskOf({ key: `${stem}.qcow2` })]));
        expect(request.ImageName).toMatch(
          /^(?!aliyun|acs:|.*https?:\/\/)[A-Za-z\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff.:_-]{1,127}$/,
        );
      }),
    );
  });

  it("is the same for the same input", () => {
    expect(planFor("imageName: web")).toEqual(planFor("imageName: web"));
  });
});
