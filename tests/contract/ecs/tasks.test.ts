/** Tasks of the embedded ECS, and the image check that follows one. */
import * as ecs from "@alicloud/ecs20140526";
import { ecsOfEachTest } from "./embedded-ecs.ts";
import { driveImports, everyStatus } from "./import-driver.ts";

const cloud = ecsOfEachTest();
const drive = driveImports(cloud);

describe("DescribeTasks", () => {
  it("pages, newest first, and filters by task, image, status, action and time", async () => {
    const first = await drive.startImport();
    cloud.clock.advance(60);
    const second = await drive.startImport({ imageName: "web-2" });
    const ids = async (query: object) => (await drive.listTasks(query))?.taskSet?.task?.map(({ taskId }) => taskId);
    expect(await ids({})).toEqual([second.taskId, first.taskId]);
    expect(await ids({ pageSize: 1, pageNumber: 2 })).toEqual([first.taskId]);
    expect((await drive.listTasks({ pageSize: 1 }))?.totalCount).toBe(2);
    expect(await ids({ taskIds: `${first.taskId},t-unknown` })).toEqual([first.taskId]);
    expect(await ids({ resourceIds: [second.imageId] })).toEqual([second.taskId]);
    expect(await ids({ taskStatus: "Finished" })).toEqual([first.taskId]);
    expect(await ids({ taskStatus: "Waiting" })).toEqual([second.taskId, first.taskId]);
    expect(await ids({ taskAction: "ExportImage" })).toEqual([]);
    const middle = new Date(cloud.clock.now().getTime() - 30_000).toISOString().replace(/\.\d+Z$/, "Z");
    expect(await ids({ startTime: middle })).toEqual([second.taskId]);
    expect(await ids({ endTime: middle })).toEqual([first.taskId]);
  });

  it("shows when a task ended, to the minute", async () => {
    await drive.startImport();
    expect((await drive.listTasks())?.taskSet?.task?.[0]?.finishedTime).toBe("");
    cloud.clock.advance(60);
    expect((await drive.listTasks())?.taskSet?.task?.[0]?.finishedTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
  });

  it("takes a hundred ids and no more, and no malformed time", async () => {
    const ids = (count: number) => ({ taskIds: Array.from({ length: count }, (_, index) => `t-${index}`).join(",") });
    await expect(drive.listTasks(ids(100))).resolves.toMatchObject({ totalCount: 0 });
    await expect(drive.listTasks(ids(101))).rejects.toMatchObject({ code: "InvalidParameter" });
    await expect(drive.listTasks({ startTime: "today" })).rejects.toMatchObject({ code: "InvalidParameter" });
  });

  it("keeps regions apart", async () => {
    const { taskId } = await drive.startImport();
    expect((await drive.listTasks({ regionId: "cn-shanghai" }))?.totalCount).toBe(0);
    const elsewhere = new ecs.DescribeTaskAttributeRequest({ regionId: "cn-shanghai", taskId });
    await expect(drive.client().describeTaskAttribute(elsewhere)).rejects.toMatchObject({
      code: "InvalidTaskId.NotFound",
    });
  });
});

describe("CancelTask", () => {
  it("ends a running import and takes its image away", async () => {
    const { taskId } = await drive.startImport();
    cloud.clock.advance(5);
    await drive.cancelTask(taskId);
    expect(await drive.taskStatuses()).toEqual(["Deleted"]);
    expect(await drive.listImages(everyStatus)).toHaveLength(0);
    await expect(drive.cancelTask(taskId)).rejects.toMatchObject({ code: "InvalidTaskId.IncorrectTaskStatus" });
  });

  it("can leave a failed image and another word, as nothing is published", async () => {
    Object.assign(cloud.server.settings, { cancelledTaskStatus: "Failed", cancelledImage: "CreateFailed" });
    const { taskId } = await drive.startImport();
    await drive.cancelTask(taskId);
    expect(await drive.taskStatuses()).toEqual(["Failed"]);
    expect((await drive.listImages(everyStatus))[0]?.status).toBe("CreateFailed");
  });
});

describe("the image check", () => {
  it("runs after the image is available, and then has items and tags", async () => {
    await drive.startImport({ detectionStrategy: "Standard", platform: "Debian" });
    expect((await drive.listImages(everyStatus))[0]?.detectionOptions).toBeUndefined();
    cloud.clock.advance(10);
    expect((await drive.listImages())[0]?.detectionOptions).toMatchObject({ status: "Processing" });
    cloud.clock.advance(5);
    const [image] = await drive.listImages();
    expect(image?.detectionOptions?.status).toBe("Finished");
    expect(image?.detectionOptions?.items?.item?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["Platform", "RtcTimeMode", "Virtio", "Nvme", "CloudInit", "OnlineResizeFS"]),
    );
    expect(image?.tags?.tag?.map(({ tagKey }) => tagKey)).toContain("acs:ecs:image:osVersion");
  });

  it("reports the risks that were scripted", async () => {
    cloud.server.settings.detectionRisks = [
      { name: "Nvme", value: "NotInstalled", riskCode: "NVMe.NotInstallded", riskLevel: "High" },
    ];
    await drive.startImport({ detectionStrategy: "Standard" });
    cloud.clock.advance(15);
    const items = (await drive.listImages())[0]?.detectionOptions?.items?.item ?? [];
    expect(items.filter(({ riskLevel }) => riskLevel !== undefined)).toMatchObject([
      { name: "Nvme", value: "NotInstalled", riskCode: "NVMe.NotInstallded", riskLevel: "High" },
    ]);
  });

  it("does not run unasked, nor for a system that it does not cover", async () => {
    await drive.startImport();
    await drive.startImport({ imageName: "gentoo", platform: "Gentoo", detectionStrategy: "Standard" });
    cloud.clock.advance(60);
    expect((await drive.listImages()).map(({ detectionOptions }) => detectionOptions)).toEqual([undefined, undefined]);
  });
});
