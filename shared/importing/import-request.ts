import { createHash } from "node:crypto";
import type { ImportImageRequest as SdkRequest } from "@alicloud/ecs20140526";

/** One disk of an import, by ImportImage's own names. */
export interface DiskDeviceMapping {
  readonly OSSBucket: string;
  readonly OSSObject: string;
  readonly Format?: string;
  /** GiB, 1 to 2048. */
  readonly DiskImageSize?: number;
}

/** The parameters of ImportImage (ECS 2014-05-26), by its own names. */
export interface ImportImageRequest {
  readonly RegionId: string;
  readonly ImageName: string;
  readonly Description?: string;
  readonly Architecture?: string;
  readonly OSType?: string;
  readonly Platform?: string;
  readonly BootMode?: string;
  readonly LicenseType?: string;
  readonly RoleName?: string;
  readonly ResourceGroupId?: string;
  readonly StorageLocationArn?: string;
  readonly DetectionStrategy?: string;
  readonly Features?: { readonly NvmeSupport?: string; readonly ImdsSupport?: string };
  readonly DiskDeviceMapping: readonly DiskDeviceMapping[];
  readonly Tag: readonly { readonly Key: string; readonly Value: string }[];
  readonly ClientToken?: string;
  readonly DryRun?: boolean;
}

// The official SDK is the oracle for the names: a parameter that it does not know fails to compile here.
type KnownToSdk<Ours, Sdk> = Exclude<keyof Ours, Capitalize<keyof Sdk & string>> extends never ? true : never;
export const namesAreTheSdks: KnownToSdk<ImportImageRequest, SdkRequest> = true;

/**
 * The request as ECS's RPC style sends it: one flat map of text, lists counted from 1 (`DiskDeviceMapping.1.Format`).
 * Absent values are left out.
 */
export function wireParameters(request: ImportImageRequest): Record<string, string> {
  const flat: Record<string, string> = {};
  const add = (name: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) for (const [index, item] of value.entries()) add(`${name}.${index + 1}`, item);
    else if (typeof value === "object")
      for (const [key, inner] of Object.entries(value)) add(name === "" ? key : `${name}.${key}`, inner);
    else flat[name] = String(value);
  };
  add("", request);
  return flat;
}

/**
 * Tells whether two submissions ask for the same thing: the same parameters for the same versions of all disks. 64 hex
 * digits.
 */
export function fingerprintOf(request: ImportImageRequest, diskEtags: readonly string[]): string {
  const parameters = Object.entries(wireParameters(request)).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify([diskEtags, parameters]));
}

/**
 * ClientToken and attempt tag of one submission: 64 hex digits (ECS takes at most 64 ASCII characters). The same
 * attempt of a job always asks with the same token, and no other one ever does.
 */
export const attemptToken = (jobId: string, attemptNumber: number, fingerprint: string): string =>
  sha256(`${jobId} ${attemptNumber} ${fingerprint}`);

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
