import { planPage } from "../../../cli/plan/plan-page.ts";

const request = {
  RegionId: "cn-hangzhou",
  ImageName: "web",
  DiskDeviceMapping: [{ OSSBucket: "images", OSSObject: "web.qcow2", Format: "QCOW2" }],
  Tag: [],
} as unknown as NonNullable<Parameters<typeof planPage>[1]["request"]>;
const space = { colour: false, columns: 80 };

describe("the page of a plan", () => {
  it("shows each parameter with the place that it comes from, in columns", () => {
    const provenance = { ImageName: "sidecar web.qcow2.import.yaml:3", "DiskDeviceMapping.1.Format": "detected" };
    const answer = { decision: "import", reason: "", request, provenance, findings: [] } as const;
    expect(planPage("web.qcow2", answer, space)).toBe(`web.qcow2 would be imported

ImportImage would be asked with:
  RegionId                       cn-hangzhou
  ImageName                      web    ← sidecar web.qcow2.import.yaml:3
  DiskDeviceMapping.1.OSSBucket  images
  DiskDeviceMapping.1.OSSObject  web.qcow2
  DiskDeviceMapping.1.Format     QCOW2  ← detected
`);
  });

  it.each([60, 80, 120])("is not wider than %d columns, and breaks no word", (columns) => {
    const long = {
      ...request,
      Description: "An image of a machine that has been running for many years ".repeat(3).trim(),
      Tag: [{ Key: "oss-image-import:attempt", Value: "7af654b6".repeat(6) }],
      ClientToken: "0123456789abcdef".repeat(3),
    };
    const place = "bucket manifest image-import.yaml:12, by its rule for windows/**";
    const provenance = {
      ImageName: place,
      "DiskDeviceMapping.1.OSSBucket": "bucket of the upload",
      Description: place,
    };
    const page = planPage(
      "web.qcow2",
      { decision: "import", reason: "", request: long, provenance, findings: [] },
      {
        colour: false,
        columns,
      },
    );
    for (const line of page.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
    const words = page.split(/\s+/);
    for (const word of [long.ClientToken, "7af654b6".repeat(6), "windows/**", "running", "images"])
      expect(words).toContain(word);
  });

  it("tells a rejection's reason once", () => {
    const finding = { code: "image.empty", severity: "error", message: "It is empty.", fix: "Upload it." } as const;
    const page = planPage("a.raw", { decision: "reject", reason: finding.message, findings: [finding] }, space);
    expect(page.match(/It is empty/g)).toHaveLength(1);
  });

  it("names every problem of a manifest with its place", () => {
    const problems = [
      { file: "a.import.yaml", line: 2, column: 1, pointer: "/x", message: "There is no key x.", hint: "Meant: y." },
    ];
    const page = planPage("a.raw", { decision: "reject", reason: "long", findings: [], problems }, space);
    expect(page).toBe("a.raw would be rejected\n\n  a.import.yaml:2:1\n      There is no key x. Meant: y.\n");
  });

  it("says what ECS answered to a dry run", () => {
    const base = { decision: "import", reason: "", request, findings: [] } as const;
    const taken = { valid: true, code: "DryRunOperation", reason: "", advice: "" };
    expect(planPage("a.raw", { ...base, dryRun: taken }, space)).toContain(
      "  ECS takes the request (DryRunOperation).\n",
    );
    const refused = { valid: false, code: "NoSetRoletoECSServiceAcount", reason: "No role.", advice: "Make it." };
    expect(planPage("a.raw", { ...base, dryRun: refused }, space)).toContain(
      "  ECS would refuse it with NoSetRoletoECSServiceAcount.\n      No role.\n      → Make it.\n",
    );
  });

  it("gives the reason for what is not imported", () => {
    expect(planPage("a.txt", { decision: "ignore", reason: "it is no image", findings: [] }, space)).toBe(
      "a.txt would be ignored\n  it is no image\n",
    );
  });
});
