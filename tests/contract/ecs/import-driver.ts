/** Starts imports on an embedded ECS and looks at them, through the official client. */
import * as ecs from "@alicloud/ecs20140526";
import { account, type EmbeddedEcs, region } from "./embedded-ecs.ts";
import { officialClient } from "./official-client.ts";

type Disk = Partial<ecs.ImportImageRequestDiskDeviceMapping>;
type ImportParameters = Partial<ConstructorParameters<typeof ecs.ImportImageRequest>[0]>;

/** The system disk of `startEmbeddedEcs`, unless told otherwise. */
export const disk = (fields: Disk = {}): ecs.ImportImageRequestDiskDeviceMapping =>
  new ecs.ImportImageRequestDiskDeviceMapping({ OSSBucket: "images", OSSObject: "in/web.qcow2", ...fields });

export const everyStatus = { status: "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated" };

/** May be made before `cloud` has started. */
export const driveImports = (cloud: EmbeddedEcs) => {
  const client = () => officialClient(cloud.endpoint, account);

  const startImport = async (parameters: ImportParameters = {}) => {
    const request = { regionId: region, imageName: "web-1", diskDeviceMapping: [disk()], ...parameters };
    const { body } = await client().importImage(new ecs.ImportImageRequest(request));
    return { taskId: body?.taskId ?? "", imageId: body?.imageId ?? "" };
  };

  const listTasks = async (query: object = {}) =>
    (await client().describeTasks(new ecs.DescribeTasksRequest({ regionId: region, ...query }))).body;

  const taskStatuses = async () => (await listTasks())?.taskSet?.task?.map(({ taskStatus }) => taskStatus);

  const describeTask = async (taskId: string) =>
    (await client().describeTaskAttribute(new ecs.DescribeTaskAttributeRequest({ regionId: region, taskId }))).body;

  const cancelTask = (taskId: string) => client().cancelTask(new ecs.CancelTaskRequest({ regionId: region, taskId }));

  const listImages = async (query: object = {}) => {
    const { body } = await client().describeImages(new ecs.DescribeImagesRequest({ regionId: region, ...query }));
    return body?.images?.image ?? [];
  };

  return { client, startImport, listTasks, taskStatuses, describeTask, cancelTask, listImages };
};
