import type { EcsOperation, Operation } from "./operation.ts";
import { cancelTask } from "./operations/cancel-task.ts";
import { deleteImage } from "./operations/delete-image.ts";
import { describeImages } from "./operations/describe-images.ts";
import { describeRegions } from "./operations/describe-regions.ts";
import { describeTaskAttribute } from "./operations/describe-task-attribute.ts";
import { describeTasks } from "./operations/describe-tasks.ts";
import { importImage } from "./operations/import-image.ts";
import { modifyImageAttribute } from "./operations/modify-image-attribute.ts";
import { tagResources } from "./operations/tag-resources.ts";

export const operations: Readonly<Record<EcsOperation, Operation>> = {
  ImportImage: importImage,
  DescribeTasks: describeTasks,
  DescribeTaskAttribute: describeTaskAttribute,
  CancelTask: cancelTask,
  DescribeImages: describeImages,
  ModifyImageAttribute: modifyImageAttribute,
  DeleteImage: deleteImage,
  TagResources: tagResources,
  DescribeRegions: describeRegions,
};

/** Operations of ECS around images that are known and not embedded: refused by name. */
export const unsupportedActions: readonly string[] = [
  ...["CancelCopyImage", "CopyImage", "DescribeImageFromFamily", "DescribeImageSharePermission"],
  ...["DescribeImageSupportInstanceTypes", "ExportImage", "ListTagResources", "ModifyImageSharePermission"],
  "UntagResources",
];

export const isEcsOperation = (action: string): action is EcsOperation => Object.hasOwn(operations, action);
