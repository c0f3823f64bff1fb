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
  ImageName                      web          ← sidecar web.qcow2.import.yaml:3
  DiskDeviceMapping.1.OSSBucket  images
  DiskDeviceMapping.1.OSSObject  web.qcow2
  DiskDeviceMapping.1.Format     QCOW2        ← detected
`);
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
