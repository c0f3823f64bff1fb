import type { Image, ImageService, TaskDetails } from "../../shared/cloud/ports.ts";
import { isTaskBehind } from "./progress-of-import.ts";

/**
 * What ECS tells of an import's task and image now; either is undefined when it shows none. They are asked for at once,
 * and the import may fail between the two answers: then the task is asked again.
 */
export async function askOfImport(
  { taskId, imageId }: { readonly taskId: string | undefined; readonly imageId: string },
  images: ImageService,
): Promise<{ readonly task: TaskDetails | undefined; readonly image: Image | undefined }> {
  const [task, [image]] = await Promise.all([
    taskId ? images.describeTask(taskId) : undefined,
    images.describeImages({ imageIds: [imageId] }),
  ]);
  return { task: task && isTaskBehind({ task, image }) ? await images.describeTask(task.taskId) : task, image };
}
