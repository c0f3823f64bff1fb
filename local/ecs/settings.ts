import type { EcsErrorCode } from "./errors.ts";
import type { EcsOperation } from "./operation.ts";

/** One finding of the image check, as DescribeImages lists it. */
export interface DetectionItem {
  readonly name: string;
  readonly value: string;
  readonly riskCode?: string;
  readonly riskLevel?: "High" | "Medium";
}

/** How the embedded ECS behaves. A test may change any member while the server runs. */
export interface EcsSettings {
  /** The regions that exist; images and tasks belong to one each. */
  regions: readonly string[];
  regionsWithoutImport: readonly string[];
  /** How long an import takes once it has started, given the size of its objects together. */
  importSeconds: number | ((sizeInBytes: number) => number);
  /** How long every import waits before it starts, even if nothing runs. */
  queueSeconds: number;
  /** Imports that run at the same time; the others wait. */
  concurrentImports: number;
  /** How long a new image stays invisible to DescribeImages. Unpublished. */
  imageVisibleAfterSeconds: number;
  /** How long the image check takes, after the image is available. */
  detectionSeconds: number;
  /** Findings that take the place of the check's good items of the same name. */
  detectionRisks: readonly DetectionItem[];
  imageQuota: number;
  /** VMDK is an invitational preview. */
  invitedToVmdk: boolean;
  formatsNotInRegion: readonly string[];
  resourceGroups: readonly string[];
  /** CloudBox ids, and whether they take image imports. */
  cloudBoxes: ReadonlyMap<string, { readonly imports: boolean }>;
  /** Whether an encrypted object of a bucket without default encryption can be imported. Unpublished. */
  acceptsEncryptedObjects: boolean;
  accountInArrears: boolean;
  ossDisabled: boolean;
  /** The code has two published spellings. */
  missingRoleCode: "NoSetRoletoECSServiceAcount" | "NoSetRoletoECSServiceAccount";
  /** The answer to a good dry run has two published codes. */
  dryRunCode: "DryRunOperation" | "DRYRUN.SUCCESS";
  /** Lifetime of a ClientToken. Unpublished. */
  clientTokenSeconds: number;
  /** What becomes of a cancelled import. Unpublished. */
  cancelledTaskStatus: string;
  cancelledImage: "gone" | "CreateFailed";
  /** DeleteImage of an image that is not there: older and newer documents differ. */
  deletingMissingImage: "ignored" | "refused";
  /** Whether Tag.N of ImportImage needs `ecs:TagResources`. Unpublished. */
  importTagsNeedPermission: boolean;
  requestsPerSecond: Partial<Record<EcsOperation, number>>;
}

export const defaultSettings = (region: string): EcsSettings => ({
  regions: [...new Set([region, "cn-hangzhou", "cn-shanghai", "cn-beijing", "ap-southeast-1"])],
  regionsWithoutImport: [],
  importSeconds: 10,
  queueSeconds: 0,
  concurrentImports: 10,
  imageVisibleAfterSeconds: 0,
  detectionSeconds: 5,
  detectionRisks: [],
  imageQuota: 1000,
  invitedToVmdk: false,
  formatsNotInRegion: [],
  resourceGroups: ["rg-default"],
  cloudBoxes: new Map(),
  acceptsEncryptedObjects: true,
  accountInArrears: false,
  ossDisabled: false,
  missingRoleCode: "NoSetRoletoECSServiceAcount",
  dryRunCode: "DryRunOperation",
  clientTokenSeconds: 24 * 60 * 60,
  cancelledTaskStatus: "Deleted",
  cancelledImage: "gone",
  deletingMissingImage: "ignored",
  importTagsNeedPermission: false,
  requestsPerSecond: {},
});

/** How an import is to end, or what is to be odd about it. */
export type ImportOutcome =
  | { readonly kind: "succeeds" }
  | { readonly kind: "fails"; readonly errorCode: string; readonly errorMsg: string; readonly atProgress: number }
  /** The task says Finished, yet its progress never reached 100 %. */
  | { readonly kind: "finishes-short"; readonly atProgress: number }
  /** The task says Finished, with one failed operation. */
  | { readonly kind: "finishes-with-failed-operation"; readonly errorCode: string; readonly errorMsg: string }
  /** The task says Finished, and nothing else is amiss but the image, which is CreateFailed. */
  | { readonly kind: "finishes-without-image" }
  /** Progress stops and the task never ends. */
  | { readonly kind: "sticks"; readonly atProgress: number }
  /** While it runs, the task has a status that no document names. */
  | { readonly kind: "runs-as"; readonly status: string };

/** Which import a script is for: every member given must be equal; the bucket and key are those of any of its disks. */
export interface ImportMatch {
  readonly bucket?: string;
  readonly key?: string;
  readonly imageName?: string;
}

/** Scripts, each used up by the first request that it fits. */
export interface Scripts {
  readonly refusals: { readonly operation: EcsOperation; readonly code: EcsErrorCode }[];
  readonly outcomes: { readonly match: ImportMatch; readonly outcome: ImportOutcome }[];
}

/** Removes and returns the first element that `fits`. */
export const takeFirst = <T>(list: T[], fits: (element: T) => boolean): T | undefined => {
  const index = list.findIndex(fits);
  return index < 0 ? undefined : list.splice(index, 1)[0];
};
