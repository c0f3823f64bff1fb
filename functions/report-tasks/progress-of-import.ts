import type { Image, TaskDetails } from "../../shared/cloud/ports.ts";
import type { ImageResult } from "../../shared/ledger/job.ts";

/** What is known of one running import at one moment. */
export interface Sighting {
  /** Absent when ECS does not know the task. */
  readonly task: TaskDetails | undefined;
  /** Absent when ECS does not show the image. */
  readonly image: Image | undefined;
  readonly imageId: string;
  readonly imageName: string;
  /** Seconds since ImportImage was accepted. */
  readonly ageInSeconds: number;
}

export type Verdict =
  | { readonly kind: "running"; readonly progress: number | undefined }
  | { readonly kind: "available"; readonly result: ImageResult }
  | {
      readonly kind: "failed";
      readonly code: string;
      readonly reason: string;
      readonly advice: string;
      readonly requestId?: string;
    }
  | { readonly kind: "cancelled"; readonly reason: string };

/** How long a finished task may be without its image, or an image without its task, before that is believed. */
const settlingTimeInSeconds = 15 * 60;

/**
 * Where an import stands. ECS has three ways to hide a failure behind a finished task: progress below 100 %, failed
 * operations, and an image in CreateFailed. Age alone never fails an import, and unknown words mean that it still runs.
 */
export function verdictOf(sighting: Sighting): Verdict {
  const { task, image, ageInSeconds } = sighting;
  const status = task?.status.toLowerCase();
  const faults = faultsOf(sighting);
  if (faults.length > 0) return failure(sighting, faults.join(", and "));
  if (!task) return withoutTask(sighting);
  if (isCancelled(task)) return { kind: "cancelled", reason: `The task was cancelled (ECS calls it ${task.status}).` };
  if (status !== "finished") return { kind: "running", progress: task.progress };
  if (isUsable(image)) return { kind: "available", result: resultOf(sighting) };
  // Finished, and the image is on its way: unless it never comes.
  if (!image && ageInSeconds > settlingTimeInSeconds)
    return failure(sighting, "the task finished, but there is no such image: it may have been deleted");
  return { kind: "running", progress: 100 };
}

/** Whether the image failed after the task was asked: what the task tells is older, and it alone tells why. */
export const isTaskBehind = ({ task, image }: Pick<Sighting, "task" | "image">): boolean =>
  task !== undefined &&
  isUnusable(image) &&
  !isCancelled(task) &&
  !["finished", "failed"].includes(task.status.toLowerCase());

function faultsOf({ task, image }: Sighting): readonly string[] {
  const isFinished = task?.status.toLowerCase() === "finished";
  const { progress, failedCount = 0 } = task ?? {};
  return [
    task?.status.toLowerCase() === "failed" ? "the task failed" : undefined,
    isFinished && failedCount > 0 ? `the task finished with ${failedCount} failed operations` : undefined,
    isFinished && progress !== undefined && progress < 100 ? `the task finished at ${progress} %` : undefined,
    isUnusable(image) ? `the image is ${image?.status}` : undefined,
  ].filter((fault) => fault !== undefined);
}

/** Words in which a cancelled task may show itself; ECS publishes none. */
const isCancelled = ({ status }: TaskDetails): boolean =>
  ["cancelled", "canceled", "deleted"].includes(status.toLowerCase());

const isUnusable = (image: Image | undefined): boolean =>
  image?.status === "CreateFailed" || image?.status === "UnAvailable";

const isUsable = (image: Image | undefined): boolean => image?.status === "Available" || image?.status === "Deprecated";

function withoutTask(sighting: Sighting): Verdict {
  if (isUsable(sighting.image)) return { kind: "available", result: resultOf(sighting) };
  if (!sighting.image && sighting.ageInSeconds > settlingTimeInSeconds)
    return failure(sighting, "ECS knows neither the task nor the image any more");
  return { kind: "running", progress: undefined };
}

function failure({ task, image }: Sighting, fallback: string): Verdict {
  const code = task?.errorCode ?? (image?.status === "CreateFailed" ? "CreateFailed" : "ImportFailed");
  const said = task?.errorMessage ? ` ECS said: ${task.errorMessage}` : "";
  return {
    kind: "failed",
    code,
    reason: `ECS could not make an image of it: ${fallback}.${said}`,
    advice: adviceFor(code),
    ...(task?.requestId ? { requestId: task.requestId } : {}),
  };
}

/** ECS publishes no list of the codes that tasks fail with, so the advice follows their wording. */
function adviceFor(code: string): string {
  if (/format|vhd|qcow|malformed/i.test(code))
    return "Check the file with `oss-image-import inspect`, convert it to qcow2 and upload it again.";
  if (/oss|notfound|denied|forbidden|auth/i.test(code))
    return "Check that the object still exists and that AliyunECSImageImportDefaultRole may read it, then replay the image.";
  if (/size|disk/i.test(code)) return "Compare the disk sizes in the manifest with the image's virtual size.";
  return "Check the image with `oss-image-import inspect`; replay it once; then ask Alibaba Cloud's support with the task id and request id.";
}

export function resultOf({ image, imageId, imageName, ageInSeconds }: Sighting): ImageResult {
  const snapshots = (image?.disks ?? []).flatMap(({ snapshotId, sizeInGiB }) =>
    snapshotId ? [{ snapshotId, ...(sizeInGiB !== undefined ? { sizeInGiB } : {}) }] : [],
  );
  return { imageId, imageName: image?.imageName || imageName, seconds: ageInSeconds, snapshots };
}
