/** The life of an import on the embedded ECS, seen through the official client. */
import * as ecs from "@alicloud/ecs20140526";
import { account, dynamicVhd, type EmbeddedEcs, qcow2Header, region, startEmbeddedEcs } from "./embedded-ecs.ts";
import { genericCall } from "./generic-client.ts";
import { type OfficialClient, officialClient } from "./official-client.ts";

type Disk = Partial<ecs.ImportImageRequestDiskDeviceMapping>;
type ImportParameters = Partial<ConstructorParameters<typeof ecs.ImportImageRequest>[0]>;

let cloud: EmbeddedEcs;
let client: OfficialClient;

beforeEach(async () => {
  cloud = await startEmbeddedEcs();
  client = officialClient(cloud.endpoint, account);
});
afterEach(() => cloud.server.close());

const disk = (fields: Disk = {}) =>
  new ecs.ImportImageRequestDiskDeviceMapping({ OSSBucket: "images", OSSObject: "in/web.qcow2", ...fields });

const startImport = async (parameters: ImportParameters = {}) => {
  const request = new ecs.ImportImageRequest({
    regionId: region,
    imageName: "web-1",
    diskDeviceMapping: [disk()],
    ...parameters,
  });
  const { body } = await client.importImage(request);
  return { taskId: body?.taskId ?? "", imageId: body?.imageId ?? "" };
};

const listTasks = async (query: object = {}) =>
  (await client.describeTasks(new ecs.DescribeTasksRequest({ regionId: region, ...query }))).body;

const taskStatuses = async (query: object = {}) =>
  (await listTasks(query))?.taskSet?.task?.map(({ taskStatus }) => taskStatus);

const describeTask = async (taskId: string) =>
  (await client.describeTaskAttribute(new ecs.DescribeTaskAttributeRequest({ regionId: region, taskId }))).body;

const listImages = async (query: object = {}) =>
  (await client.describeImages(new ecs.DescribeImagesRequest({ regionId: region, ...query }))).body?.images?.image ??
  [];

const everyStatus = { status: "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated" };

describe("an import", () => {
  it("goes from Waiting over Processing to Finished, and its image from Waiting over Creating to Available", async () => {
    cloud.server.settings.queueSeconds = 5;
    const { taskId, imageId } = await startImport();
    const seen: unknown[] = [];
    for (const seconds of [0, 5, 3, 7]) {
      cloud.clock.advance(seconds);
      const task = await describeTask(taskId);
      const [image] = await listImages({ imageId, status: "ALL" });
      seen.push([task?.taskStatus, task?.taskProcess, task?.supportCancel, image?.status, image?.progress]);
    }
    expect(seen).toEqual([
      ["Waiting", "0%", "true", "Waiting", "0%"],
      ["Processing", "0%", "true", "Creating", "0%"],
      ["Processing", "30%", "true", "Creating", "30%"],
      ["Finished", "100%", "false", "Available", "100%"],
    ]);
  });

  it("has ids of the usual shape and shows where it came from", async () => {
    const { taskId, imageId } = await startImport({
      tag: [new ecs.ImportImageRequestTag({ key: "team", value: "平台" })],
    });
    expect(taskId).toMatch(/^t-bp1[a-z0-9]{17}$/);
    expect(imageId).toMatch(/^m-bp1[a-z0-9]{17}$/);
    cloud.clock.advance(4);
    const [image] = await listImages({ status: "Creating" });
    expect(image).toMatchObject({
      imageId,
      imageName: "web-1",
      size: 2,
      architecture: "x86_64",
      OSType: "linux",
      bootMode: "BIOS",
      features: { nvmeSupport: "unsupported", imdsSupport: "v1" },
      tags: { tag: [{ tagKey: "team", tagValue: "平台" }] },
      diskDeviceMappings: {
        diskDeviceMapping: [
          {
            type: "system",
            format: "QCOW2",
            size: "2",
            progress: "40%",
            remainTime: 6,
            importOSSBucket: "images",
            importOSSObject: "in/web.qcow2",
            snapshotId: expect.stringMatching(/^s-bp1/),
          },
        ],
      },
    });
  });

  it("keeps what it was told and defaults the rest by architecture", async () => {
    await startImport({ architecture: "arm64", platform: "Anolis", licenseType: "BYOL", description: "说明 a+b&c=d!" });
    const [image] = await listImages(everyStatus);
    expect(image).toMatchObject({
      architecture: "arm64",
      bootMode: "UEFI",
      platform: "Anolis",
      licenseType: "BYOL",
      description: "说明 a+b&c=d!",
    });
  });

  it("takes data disks up to the seventeenth, and any case of a format", async () => {
    cloud.objects.put("images", "data.vhd", dynamicVhd(3 * 1024 ** 3, 1536, 2 * 1024 ** 2));
    const data = Array.from({ length: 17 }, () => disk({ OSSObject: "data.vhd", format: "vhd" }));
    await startImport({ diskDeviceMapping: [disk({ format: "qcow2", diskImageSize: 40 }), ...data] });
    const [image] = await listImages(everyStatus);
    const disks = image?.diskDeviceMappings?.diskDeviceMapping ?? [];
    expect(image?.size).toBe(40);
    expect(disks.map(({ type }) => type)).toEqual(["system", ...Array(16).fill("data")]);
    expect(disks.map(({ size, format }) => `${size} ${format}`)).toEqual(["40 QCOW2", ...Array(16).fill("3 VHD")]);
  });

  it("reads the older name of the disk size", async () => {
    await startImport({ diskDeviceMapping: [disk({ diskImSize: 80 })] });
    expect((await listImages(everyStatus))[0]?.size).toBe(80);
  });

  it("stays invisible to DescribeImages for as long as told", async () => {
    cloud.server.settings.imageVisibleAfterSeconds = 3;
    await startImport();
    expect(await listImages(everyStatus)).toHaveLength(0);
    cloud.clock.advance(3);
    expect(await listImages(everyStatus)).toHaveLength(1);
  });

  it("takes as long as its objects are big, when told so", async () => {
    cloud.server.settings.importSeconds = (sizeInBytes) => sizeInBytes / 100;
    cloud.objects.put("images", "small.raw", Buffer.alloc(1000));
    await startImport({ diskDeviceMapping: [disk({ OSSObject: "small.raw" })] });
    cloud.clock.advance(9);
    expect(await taskStatuses()).toEqual(["Processing"]);
    cloud.clock.advance(1);
    expect(await taskStatuses()).toEqual(["Finished"]);
  });

  it("waits while as many run as may", async () => {
    cloud.server.settings.concurrentImports = 1;
    await startImport();
    await startImport({ imageName: "web-2" });
    expect(await taskStatuses()).toEqual(["Waiting", "Processing"]);
    cloud.clock.advance(10);
    expect(await taskStatuses()).toEqual(["Processing", "Finished"]);
    cloud.clock.advance(10);
    expect(await taskStatuses()).toEqual(["Finished", "Finished"]);
  });

  it("blocks its image's name while it runs, and leaves it free when it failed", async () => {
    cloud.server.scriptImport({}, { kind: "fails", errorCode: "X", errorMsg: "x", atProgress: 50 });
    await startImport();
    await expect(startImport()).rejects.toMatchObject({ code: "ImageIsImporting" });
    cloud.clock.advance(5);
    await expect(startImport()).resolves.toBeDefined();
  });

  it("fails with a reason when the container is not what was declared", async () => {
    const { taskId } = await startImport({ diskDeviceMapping: [disk({ format: "RAW" })] });
    cloud.clock.advance(10);
    expect(await describeTask(taskId)).toMatchObject({
      taskStatus: "Failed",
      taskProcess: "5%",
      failedCount: 1,
      operationProgressSet: {
        operationProgress: [{ operationStatus: "Failed", errorCode: "ParameterInvalid", errorMsg: expect.any(String) }],
      },
    });
    expect((await listImages({ status: "CreateFailed" }))[0]?.status).toBe("CreateFailed");
  });
});

describe("a scripted import", () => {
  const failure = { errorCode: "ImageFileCorrupt", errorMsg: "The file is damaged." };

  it("fails where and why it was told, once", async () => {
    cloud.server.scriptImport({ bucket: "images", key: "in/web.qcow2" }, { kind: "fails", ...failure, atProgress: 37 });
    const { taskId } = await startImport();
    cloud.clock.advance(3.7);
    const task = await describeTask(taskId);
    expect(task).toMatchObject({ taskStatus: "Failed", taskProcess: "37%", failedCount: 1, successCount: 0 });
    expect(task?.operationProgressSet?.operationProgress?.[0]).toMatchObject({
      ...failure,
      relatedItemSet: { relatedItem: expect.arrayContaining([{ name: "OSSObject", value: "in/web.qcow2" }]) },
    });
    const again = await startImport({ imageName: "web-2" });
    cloud.clock.advance(10);
    expect(await describeTask(again.taskId)).toMatchObject({ taskStatus: "Finished", successCount: 1, failedCount: 0 });
  });

  it.each([
    [{ kind: "finishes-short", atProgress: 80 }, "80%", 0],
    [{ kind: "finishes-with-failed-operation", ...failure }, "100%", 1],
    [{ kind: "finishes-without-image" }, "100%", 0],
  ] as const)("can say Finished and yet have no image: %j", async (outcome, taskProcess, failedCount) => {
    cloud.server.scriptImport({ imageName: "web-1" }, outcome);
    const { taskId } = await startImport();
    cloud.clock.advance(10);
    expect(await describeTask(taskId)).toMatchObject({ taskStatus: "Finished", taskProcess, failedCount });
    expect((await listImages(everyStatus))[0]?.status).toBe("CreateFailed");
  });

  it("can stop half-way for good, or run under a word of its own", async () => {
    cloud.server.scriptImport({ imageName: "stuck" }, { kind: "sticks", atProgress: 42 });
    cloud.server.scriptImport({ imageName: "odd" }, { kind: "runs-as", status: "Paused" });
    const stuck = await startImport({ imageName: "stuck" });
    await startImport({ imageName: "odd" });
    cloud.clock.advance(9);
    expect(await taskStatuses()).toEqual(["Paused", "Processing"]);
    cloud.clock.advance(90_000);
    expect(await describeTask(stuck.taskId)).toMatchObject({ taskStatus: "Processing", taskProcess: "42%" });
  });
});

describe("ClientToken and DryRun", () => {
  it("give the same ids for the same request, and import once", async () => {
    const first = await startImport({ clientToken: "token" });
    expect(await startImport({ clientToken: "token" })).toEqual(first);
    expect(cloud.server.snapshot().tasks).toHaveLength(1);
  });

  it("forget the token after its lifetime", async () => {
    const first = await startImport({ clientToken: "token" });
    cloud.clock.advance(24 * 60 * 60 - 1);
    expect(await startImport({ clientToken: "token" })).toEqual(first);
    cloud.clock.advance(1);
    await expect(startImport({ clientToken: "token" })).rejects.toMatchObject({ code: "InvalidImageName.Duplicated" });
  });

  it("leave nothing behind after a dry run", async () => {
    await expect(startImport({ clientToken: "token", dryRun: true })).rejects.toMatchObject({
      code: "DryRunOperation",
    });
    expect(cloud.server.snapshot()).toEqual({ tasks: [], images: [] });
    await expect(startImport({ clientToken: "token", dryRun: false })).resolves.toBeDefined();
  });

  it("find the real fault in a dry run", async () => {
    await expect(startImport({ dryRun: true, bootMode: "PXE" })).rejects.toMatchObject({
      code: "InvalidBootMode.Malformed",
    });
  });
});

describe("DescribeTasks", () => {
  it("pages, newest first, and filters by task, image, status, action and time", async () => {
    const first = await startImport();
    cloud.clock.advance(60);
    const second = await startImport({ imageName: "web-2" });
    const ids = async (query: object) => (await listTasks(query))?.taskSet?.task?.map(({ taskId }) => taskId);
    expect(await ids({})).toEqual([second.taskId, first.taskId]);
    expect(await ids({ pageSize: 1, pageNumber: 2 })).toEqual([first.taskId]);
    expect((await listTasks({ pageSize: 1 }))?.totalCount).toBe(2);
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
    await startImport();
    expect((await listTasks())?.taskSet?.task?.[0]?.finishedTime).toBe("");
    cloud.clock.advance(60);
    expect((await listTasks())?.taskSet?.task?.[0]?.finishedTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
  });

  it("takes a hundred ids and no more, and no malformed time", async () => {
    const ids = (count: number) => ({ taskIds: Array.from({ length: count }, (_, index) => `t-${index}`).join(",") });
    await expect(listTasks(ids(100))).resolves.toMatchObject({ totalCount: 0 });
    await expect(listTasks(ids(101))).rejects.toMatchObject({ code: "InvalidParameter" });
    await expect(listTasks({ startTime: "today" })).rejects.toMatchObject({ code: "InvalidParameter" });
  });

  it("keeps regions apart", async () => {
    await startImport();
    expect((await listTasks({ regionId: "cn-shanghai" }))?.totalCount).toBe(0);
  });
});

describe("CancelTask", () => {
  const cancel = (taskId: string) => client.cancelTask(new ecs.CancelTaskRequest({ regionId: region, taskId }));

  it("ends a running import and takes its image away", async () => {
    const { taskId } = await startImport();
    cloud.clock.advance(5);
    await cancel(taskId);
    expect(await taskStatuses()).toEqual(["Deleted"]);
    expect(await listImages(everyStatus)).toHaveLength(0);
    await expect(cancel(taskId)).rejects.toMatchObject({ code: "InvalidTaskId.IncorrectTaskStatus" });
  });

  it("can leave a failed image and another word, as nothing is published", async () => {
    Object.assign(cloud.server.settings, { cancelledTaskStatus: "Failed", cancelledImage: "CreateFailed" });
    const { taskId } = await startImport();
    await cancel(taskId);
    expect(await taskStatuses()).toEqual(["Failed"]);
    expect((await listImages(everyStatus))[0]?.status).toBe("CreateFailed");
  });
});

describe("the image check", () => {
  it("runs after the image is available, and then has items and tags", async () => {
    await startImport({ detectionStrategy: "Standard", platform: "Debian" });
    expect((await listImages(everyStatus))[0]?.detectionOptions).toBeUndefined();
    cloud.clock.advance(10);
    expect((await listImages())[0]?.detectionOptions).toMatchObject({ status: "Processing" });
    cloud.clock.advance(5);
    const [image] = await listImages();
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
    await startImport({ detectionStrategy: "Standard" });
    cloud.clock.advance(15);
    const items = (await listImages())[0]?.detectionOptions?.items?.item ?? [];
    expect(items.filter(({ riskLevel }) => riskLevel !== undefined)).toMatchObject([
      { name: "Nvme", value: "NotInstalled", riskCode: "NVMe.NotInstallded", riskLevel: "High" },
    ]);
  });

  it("does not run unasked, nor for a system that it does not cover", async () => {
    await startImport();
    await startImport({ imageName: "gentoo", platform: "Gentoo", detectionStrategy: "Standard" });
    cloud.clock.advance(60);
    expect((await listImages()).map(({ detectionOptions }) => detectionOptions)).toEqual([undefined, undefined]);
  });
});

describe("permissions of an import", () => {
  it("may ask for TagResources as well, when told that ECS does", async () => {
    const allow = { Effect: "Allow", Action: "ecs:ImportImage", Resource: "*" } as const;
    const caller = cloud.identities.issueSession({
      roleName: "fc",
      accountId: account.accountId,
      policies: [{ Version: "1", Statement: [allow] }],
      seconds: 900,
      now: cloud.clock.now(),
    });
    const query = {
      RegionId: region,
      "DiskDeviceMapping.1.OSSBucket": "images",
      "DiskDeviceMapping.1.OSSObject": "in/web.qcow2",
      "Tag.1.Key": "team",
    };
    expect((await genericCall(cloud.endpoint, caller)("ImportImage", query)).code).toBe("OK");
    cloud.server.settings.importTagsNeedPermission = true;
    const refused = await genericCall(cloud.endpoint, caller)("ImportImage", query);
    expect(refused.code).toBe("Forbidden.RAM");
    expect(refused.body["AccessDeniedDetail"]).toMatchObject({ AuthAction: "ecs:TagResources" });
  });

  it("can refuse an encrypted object, as nothing is published", async () => {
    cloud.objects.put("images", "in/web.qcow2", qcow2Header(1024 ** 3), { encryption: "KMS" });
    cloud.server.settings.acceptsEncryptedObjects = false;
    await expect(startImport()).rejects.toMatchObject({ code: "InvalidOSSBucket.EncryptUnsupported" });
    cloud.server.settings.acceptsEncryptedObjects = true;
    await expect(startImport()).resolves.toBeDefined();
  });
});
