import type { ObjectFacts } from "../../../shared/cloud/ports.ts";
import type { PlannedDisk } from "../../../shared/importing/plan.ts";
import type { Guest, InspectionReport } from "../../../shared/inspection/report.ts";

/** A plain object of 1 MiB, with these facts changed. */
export const factsOf = (facts: Partial<ObjectFacts> = {}): ObjectFacts => ({
  size: 1_048_576,
  etag: "0F343B0931126A20F133D67C2B018A3B",
  crc64: "9223372036854775807",
  lastModified: new Date("2026-11-23T10:01:02Z"),
  storageClass: "Standard",
  restored: false,
  encryption: undefined,
  type: "Normal",
  metadata: {},
  ...facts,
});

/** The report of a good qcow2 of 2 GiB. */
export const reportOf = (guest: Guest | null, report: Partial<InspectionReport> = {}): InspectionReport => ({
  source: "oss://images-prod/in/web.qcow2",
  size: 1_048_576,
  format: "QCOW2",
  virtualSize: 2 * 2 ** 30,
  diskImageSize: 2,
  guest,
  findings: [],
  importable: true,
  cost: { requests: 1, bytes: 1, milliseconds: 1 },
  ...report,
});

export const debian: Guest = {
  osType: "linux",
  platform: "Debian",
  distribution: { id: "debian", versionId: "12" },
  architecture: "x86_64",
  bootModes: ["BIOS", "UEFI"],
  nvmeSupport: "supported",
};

export const diskOf = (disk: Partial<PlannedDisk> = {}): PlannedDisk => ({
  key: "in/web.qcow2",
  said: {},
  facts: factsOf(),
  inspection: reportOf(debian),
  ...disk,
});
