import { CloudError } from "../../../shared/cloud/cloud-error.ts";
import type { Image, ImageService, ObjectStore, Task } from "../../../shared/cloud/ports.ts";
import type { ImportImageRequest } from "../../../shared/importing/import-request.ts";

/** One import that ECS has begun, and what became of it. A failed or cancelled one leaves no image. */
export interface MemoryImport {
  readonly imageId: string;
  readonly taskId: string;
  readonly request: ImportImageRequest;
  /** The versions of its disks that ECS took. */
  readonly etags: readonly string[];
  /** Those that had an image, or were making one, when this one began. */
  readonly beside: readonly MemoryImport[];
  status: "Processing" | "Finished" | "Failed" | "Deleted";
}

/** ECS in memory, as far as the port goes. A task runs until it is cancelled, or until the test sets its status. */
export interface MemoryEcs extends ImageService {
  readonly imports: readonly MemoryImport[];
}

export interface MemoryEcsLife {
  /** False for an ECS that has forgotten the ClientToken of an earlier call by the time it comes again. */
  readonly knowsTokens: boolean;
  /** Whether ECS shows an import, or not yet. */
  isShown(begun: MemoryImport): boolean;
  onBegun(begun: MemoryImport): void;
}

const refusal = (code: string, status: number): CloudError =>
  new CloudError({ service: "ecs", code, message: "ECS refuses that.", status });

const hasImage = ({ status }: MemoryImport): boolean => status === "Processing" || status === "Finished";

export function memoryEcs(
  objects: Pick<ObjectStore, "stat">,
  { knowsTokens = true, isShown = () => true, onBegun = () => {} }: Partial<MemoryEcsLife> = {},
): MemoryEcs {
  const imports: MemoryImport[] = [];
  const shown = (): readonly MemoryImport[] => imports.filter(isShown);
  return {
    imports,
    importImage: async (request) => {
      const disks = request.DiskDeviceMapping.map(({ OSSBucket, OSSObject }) => ({
        bucket: OSSBucket,
        key: OSSObject,
      }));
      const facts = await Promise.all(disks.map(objects.stat));
      const known = imports.find((earlier) => earlier.request.ClientToken === request.ClientToken);
      if (known && knowsTokens) return { imageId: known.imageId, taskId: known.taskId, requestId: "R" };
      const beside = imports.filter(hasImage);
      if (beside.some((other) => other.request.ImageName === request.ImageName))
        throw refusal("InvalidImageName.Duplicated", 400);
      const etags = facts.flatMap((disk) => disk?.etag ?? []);
      if (etags.length < disks.length) throw refusal("InvalidOSSObject.NotFound", 404);
      const number = imports.length + 1;
      const [imageId, taskId] = [`m-${number}`, `t-${number}`];
      const begun: MemoryImport = { imageId, taskId, request, etags, beside, status: "Processing" };
      imports.push(begun);
      onBegun(begun);
      return { imageId, taskId, requestId: "R" };
    },
    describeTasks: async (query) =>
      shown()
        .filter(({ taskId, imageId }) =>
          "imageId" in query ? imageId === query.imageId : query.taskIds.includes(taskId),
        )
        .map(taskOf),
    describeTask: async (asked) => {
      const found = shown().find(({ taskId }) => taskId === asked);
      const progress = found?.status === "Finished" ? 100 : 10;
      const noError = { failedCount: 0, errorCode: undefined, errorMessage: undefined, requestId: undefined };
      return found && { ...taskOf(found), progress, ...noError };
    },
    describeImages: async (query) =>
      shown()
        .filter(hasImage)
        .map(imageOf)
        .filter((image) => {
          if ("imageIds" in query) return query.imageIds.includes(image.imageId);
          if ("imageName" in query) return image.imageName === query.imageName;
          return image.tags.get(query.tag.key) === query.tag.value;
        }),
    cancelTask: async (asked) => {
      const found = imports.find(({ taskId }) => taskId === asked);
      if (found?.status !== "Processing") throw refusal("InvalidTaskId.IncorrectTaskStatus", 403);
      found.status = "Deleted";
    },
  };
}

const taskOf = ({ taskId, imageId, status }: MemoryImport): Task => ({ taskId, imageId, status });

const imageOf = ({ imageId, request, status }: MemoryImport): Image => ({
  imageId,
  imageName: request.ImageName,
  status: status === "Finished" ? "Available" : "Creating",
  tags: new Map(request.Tag.map(({ Key, Value }) => [Key, Value])),
  disks: [],
  check: undefined,
});
