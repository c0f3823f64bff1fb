import type { ObjectFacts } from "../cloud/ports.ts";
import type { Finding, InspectionReport } from "../inspection/report.ts";
import { checkResolved } from "../manifest/check-resolved.ts";
import { type ExpandedTexts, expandTexts } from "../manifest/expand-settings.ts";
import { modifiedText, type PlaceholderValues, placeholdersOfKey } from "../manifest/placeholders.ts";
import type { Problem } from "../manifest/problem.ts";
import type { DiskSettings, ResolvedSettings } from "../manifest/settings.ts";
import { counted } from "./counted.ts";
import { contradictions } from "./guest-contradictions.ts";
import type { DiskDeviceMapping, ImportImageRequest } from "./import-request.ts";
import { objectFindings } from "./object-findings.ts";
import { originTags } from "./origin-tags.ts";

/** One disk of the set, with all that is known of it. The first is the system disk. */
export interface PlannedDisk {
  readonly key: string;
  readonly said: DiskSettings;
  readonly facts: ObjectFacts;
  /** Absent when the settings turned inspection off. */
  readonly inspection?: InspectionReport;
}

export interface PlanInput {
  readonly region: string;
  readonly bucket: string;
  readonly jobId: string;
  readonly disks: readonly [PlannedDisk, ...PlannedDisk[]];
  /** All layers merged, from the API's defaults to the sidecar. */
  readonly resolved: ResolvedSettings;
}

export type Plan =
  | {
      readonly decision: "import";
      readonly request: ImportImageRequest;
      /** By parameter name (`DiskDeviceMapping.1.Format`): where its value was said. */
      readonly provenance: Readonly<Record<string, string>>;
      readonly findings: readonly Finding[];
      /** True when no layer names the image, so that another name may be taken. */
      readonly nameIsDefault: boolean;
    }
  | { readonly decision: "reject"; readonly reason: string; readonly findings: readonly Finding[] }
  /** The settings of all layers do not go together. */
  | { readonly decision: "invalid"; readonly problems: readonly Problem[]; readonly findings: readonly Finding[] };

/** Decides what to ask ECS for, or why not to ask at all. Pure: the same input always gives the same plan. */
export function planImport(input: PlanInput): Plan {
  const { resolved, disks } = input;
  const [system] = disks;
  const findings = [
    ...disks.flatMap((disk, index) =>
      objectFindings(disk.key, disk.facts, index === 0 ? resolved.settings.expect : undefined),
    ),
    ...disks.flatMap((disk, index) => diskFindings(disk, index)),
    ...contradictions(resolved, system.inspection),
    ...licenceFindings(resolved),
  ];
  const errors = findings.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (first) {
    const others = counted(errors.length - 1, "more error");
    const more = errors.length > 1 ? ` There ${errors.length === 2 ? "is" : "are"} ${others}.` : "";
    return { decision: "reject", reason: `${first.message}${more}`, findings };
  }
  const expanded = expandTexts(resolved, placeholderValues(input));
  const problems = [...("problems" in expanded ? expanded.problems : []), ...checkResolved(resolved)];
  if ("problems" in expanded || problems.length > 0) return { decision: "invalid", problems, findings };
  const { request, provenance } = assemble(input, expanded.texts);
  return {
    decision: "import",
    request,
    provenance,
    findings,
    nameIsDefault: resolved.provenance.get("/imageName")?.layer === "default",
  };
}

function diskFindings(disk: PlannedDisk, index: number): readonly Finding[] {
  const { inspection, said, key } = disk;
  if (!inspection) return [];
  // A data disk holds no system, so nothing of a guest is expected there.
  const own =
    index === 0
      ? inspection.findings
      : inspection.findings.filter(({ severity, code }) => severity === "error" && !code.startsWith("boot."));
  const found: Finding[] = own.map((finding) =>
    index === 0 ? finding : { ...finding, message: `${key}: ${finding.message}` },
  );
  if (said.format && isEcsFormat(inspection.format) && said.format !== inspection.format) {
    found.push({
      code: "format.mismatch",
      severity: "error",
      message: `${key} is declared as ${said.format}, but is ${inspection.format}.`,
      fix: "Remove `format` from the manifest, or correct it.",
    });
  }
  if (
    said.diskImageSize !== undefined &&
    inspection.diskImageSize !== null &&
    said.diskImageSize < inspection.diskImageSize
  ) {
    found.push({
      code: "disk.size-too-small",
      severity: "error",
      message: `\`diskImageSize\` of ${key} is ${said.diskImageSize} GiB, but the disk inside is ${inspection.diskImageSize} GiB.`,
      fix: `Set \`diskImageSize\` to ${inspection.diskImageSize} or more, or leave it out.`,
    });
  }
  return found;
}

const isEcsFormat = (format: string): boolean => ["RAW", "VHD", "QCOW2", "VMDK"].includes(format);

/** A Windows licence costs money, so it is asked for and never guessed. */
function licenceFindings({ settings, provenance }: ResolvedSettings): readonly Finding[] {
  if (settings.osType !== "windows" || settings.licenseType !== undefined) return [];
  return [
    {
      code: "license-type.missing",
      severity: "error",
      message: `The image holds Windows (${provenance.get("/osType")?.place ?? "osType"}), and no manifest says whose licence it uses.`,
      fix: "Set `licenseType` to Aliyun (Alibaba Cloud's licence, billed) or BYOL (your own) in the sidecar; or in the bucket manifest, and replay the image.",
    },
  ];
}

/** What the placeholders of `imageName` and `description` stand for. */
function placeholderValues({ region, bucket, disks, resolved }: PlanInput): PlaceholderValues {
  const [system] = disks;
  const guest = system.inspection?.guest;
  return {
    ...placeholdersOfKey(system.key),
    etag8: system.facts.etag.slice(0, 8).toLowerCase(),
    modified: modifiedText(system.facts.lastModified),
    region,
    bucket,
    ...(guest?.distribution ? { distribution: guest.distribution.id } : {}),
    ...(guest?.distribution?.versionId ? { version: guest.distribution.versionId } : {}),
    ...(resolved.settings.architecture ? { architecture: resolved.settings.architecture } : {}),
  };
}

function assemble(
  input: PlanInput,
  { imageName, description }: ExpandedTexts,
): { request: ImportImageRequest; provenance: Record<string, string> } {
  const { region, bucket, resolved, jobId, disks } = input;
  const { settings } = resolved;
  const provenance: Record<string, string> = Object.create(null);
  const placeOf = (pointer: string, otherwise: string): string => resolved.provenance.get(pointer)?.place ?? otherwise;
  const note = (parameter: string, pointer: string, otherwise = "default of oss-image-import"): void => {
    provenance[parameter] = placeOf(pointer, otherwise);
  };
  const optional = <K extends string>(
    parameter: K,
    pointer: string,
    value: string | undefined,
  ): { [P in K]?: string } => {
    if (value === undefined) return {};
    note(parameter, pointer);
    return { [parameter]: value } as { [P in K]?: string };
  };
  provenance["RegionId"] = "region of the bucket";
  note("ImageName", "/imageName");
  const features = {
    ...optional("NvmeSupport", "/features/nvmeSupport", settings.features?.nvmeSupport),
    ...optional("ImdsSupport", "/features/imdsSupport", settings.features?.imdsSupport),
  };
  for (const name of ["NvmeSupport", "ImdsSupport"] as const) {
    const place = provenance[name];
    delete provenance[name];
    if (place !== undefined) provenance[`Features.${name}`] = place;
  }
  const userTags = Object.entries(settings.tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
  for (const [index, { Key }] of userTags.entries())
    note(`Tag.${index + 1}.Value`, `/tags/${Key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  const request: ImportImageRequest = {
    RegionId: region,
    ImageName: imageName,
    ...optional("Description", "/description", description),
    ...optional("Architecture", "/architecture", settings.architecture),
    ...optional("OSType", "/osType", settings.osType),
    ...optional("Platform", "/platform", settings.platform),
    ...optional("BootMode", "/bootMode", settings.bootMode),
    ...optional("LicenseType", "/licenseType", settings.licenseType),
    ...optional("RoleName", "/roleName", settings.roleName),
    ...optional("ResourceGroupId", "/resourceGroupId", settings.resourceGroupId),
    ...optional("StorageLocationArn", "/storageLocationArn", settings.storageLocationArn),
    ...optional("DetectionStrategy", "/detectionStrategy", settings.detectionStrategy),
    ...(Object.keys(features).length > 0 ? { Features: features } : {}),
    DiskDeviceMapping: disks.map((disk, index) => diskMapping(bucket, disk, index, provenance, placeOf)),
    Tag: [...userTags, ...originTags({ jobId, bucket, key: disks[0].key, etag: disks[0].facts.etag })],
  };
  return { request, provenance };
}

function diskMapping(
  bucket: string,
  disk: PlannedDisk,
  index: number,
  provenance: Record<string, string>,
  placeOf: (pointer: string, otherwise: string) => string,
): DiskDeviceMapping {
  const { said, inspection, key } = disk;
  const detectedFormat = inspection && isEcsFormat(inspection.format) ? inspection.format : undefined;
  const Format = said.format ?? detectedFormat;
  const DiskImageSize = said.diskImageSize ?? inspection?.diskImageSize ?? undefined;
  const note = (name: string, key: keyof DiskSettings): void => {
    provenance[`DiskDeviceMapping.${index + 1}.${name}`] = placeOf(`/disks/${index}/${key}`, "detected from the image");
  };
  provenance[`DiskDeviceMapping.${index + 1}.OSSBucket`] = "bucket of the upload";
  provenance[`DiskDeviceMapping.${index + 1}.OSSObject`] = placeOf(`/disks/${index}/ossObject`, "the uploaded image");
  if (Format) note("Format", "format");
  if (DiskImageSize) note("DiskImageSize", "diskImageSize");
  return {
    OSSBucket: bucket,
    OSSObject: key,
    ...(Format ? { Format } : {}),
    ...(DiskImageSize ? { DiskImageSize } : {}),
  };
}
