/** The life of an import on the embedded ECS, seen through the official client. */
import * as ecs from "@alicloud/ecs20140526";
import { account, dynamicVhd, ecsOfEachTest, qcow2Header, region } from "./embedded-ecs.ts";
import { genericCall } from "./generic-client.ts";
import { disk, driveImports, everyStatus } from "./import-driver.ts";

const cloud = ecsOfEachTest();
const drive = driveImports(cloud);

describe("an import", () => {
  it("goes from Waiting over Processing to Finished, and its image from Waiting over Creating to Available", async () => {
    cloud.server.settings.queueSeconds = 5;
    const { taskId, imageId } = await drive.startImport();
    const seen: unknown[] = [];
    for (const seconds of [0, 5, 3, 7]) {
      cloud.clock.advance(seconds);
      const task = await drive.describeTask(taskId);
      const [image] = await drive.listImages({ imageId, status: "ALL" });
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
    const { taskId, imageId } = await drive.startImport({
      tag: [new ecs.ImportImageRequestTag({ key: "team", value: "平台" })],
    });
    expect(taskId).toMatch(/^t-bp1[a-z0-9]{17}$/);
    expect(imageId).toMatch(/^m-bp1[a-z0-9]{17}$/);
    cloud.clock.advance(4);
    const [image] = await drive.listImages({ status: "Creating" });
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
    await drive.startImport({
      architecture: "arm64",
      platform: "Anolis",
      licenseType: "BYOL",
      description: "说明 a+b&c=d!",
    });
    const [image] = await drive.listImages(everyStatus);
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
    await drive.startImport({ diskDeviceMapping: [disk({ format: "qcow2", diskImageSize: 40 }), ...data] });
    const [image] = await drive.listImages(everyStatus);
    const disks = image?.diskDeviceMappings?.diskDeviceMapping ?? [];
    expect(image?.size).toBe(40);
    expect(disks.map(({ type }) => type)).toEqual(["system", ...Array(16).fill("data")]);
    expect(disks.map(({ size, format }) => `${size} ${format}`)).toEqual(["40 QCOW2", ...Array(16).fill("3 VHD")]);
  });

  it("reads the older name of the disk size", async () => {
    await drive.startImport({ diskDeviceMapping: [disk({ diskImSize: 80 })] });
    expect((await drive.listImages(everyStatus))[0]?.size).toBe(80);
  });

  it("stays invisible to DescribeImages for as long as told", async () => {
    cloud.server.settings.imageVisibleAfterSeconds = 3;
    await drive.startImport();
    expect(await drive.listImages(everyStatus)).toHaveLength(0);
    cloud.clock.advance(3);
    expect(await drive.listImages(everyStatus)).toHaveLength(1);
  });

  it("takes as long as its objects are big, when told so", async () => {
    cloud.server.settings.importSeconds = (sizeInBytes) => sizeInBytes / 100;
    cloud.objects.put("images", "small.raw", Buffer.alloc(1000));
    await drive.startImport({ diskDeviceMapping: [disk({ OSSObject: "small.raw" })] });
    cloud.clock.advance(9);
    expect(await drive.taskStatuses()).toEqual(["Processing"]);
    cloud.clock.advance(1);
    expect(await drive.taskStatuses()).toEqual(["Finished"]);
  });

  it("waits while as many run as may", async () => {
    cloud.server.settings.concurrentImports = 1;
    await drive.startImport();
    await drive.startImport({ imageName: "web-2" });
    expect(await drive.taskStatuses()).toEqual(["Waiting", "Processing"]);
    cloud.clock.advance(10);
    expect(await drive.taskStatuses()).toEqual(["Processing", "Finished"]);
    cloud.clock.advance(10);
    expect(await drive.taskStatuses()).toEqual(["Finished", "Finished"]);
  });

  it("blocks its image's name while it runs, and leaves it free when it failed", async () => {
    cloud.server.scriptImport({}, { kind: "fails", errorCode: "X", errorMsg: "x", atProgress: 50 });
    await drive.startImport();
    await expect(drive.startImport()).rejects.toMatchObject({ code: "ImageIsImporting" });
    cloud.clock.advance(5);
    await expect(drive.startImport()).resolves.toBeDefined();
  });

  it("fails with a reason when the container is not what was declared", async () => {
    const { taskId } = await drive.startImport({ diskDeviceMapping: [disk({ format: "RAW" })] });
    cloud.clock.advance(10);
    expect(await drive.describeTask(taskId)).toMatchObject({
      taskStatus: "Failed",
      taskProcess: "5%",
      failedCount: 1,
      operationProgressSet: {
        operationProgress: [{ operationStatus: "Failed", errorCode: "ParameterInvalid", errorMsg: expect.any(String) }],
      },
    });
    expect((await drive.listImages({ status: "CreateFailed" }))[0]?.status).toBe("CreateFailed");
  });
});

describe("a scripted import", () => {
  const failure = { errorCode: "ImageFileCorrupt", errorMsg: "The file is damaged." };

  it("fails where and why it was told, once", async () => {
    cloud.server.scriptImport({ bucket: "images", key: "in/web.qcow2" }, { kind: "fails", ...failure, atProgress: 37 });
    const { taskId } = await drive.startImport();
    cloud.clock.advance(3.7);
    const task = await drive.describeTask(taskId);
    expect(task).toMatchObject({ taskStatus: "Failed", taskProcess: "37%", failedCount: 1, successCount: 0 });
    expect(task?.operationProgressSet?.operationProgress?.[0]).toMatchObject({
      ...failure,
      relatedItemSet: { relatedItem: expect.arrayContaining([{ name: "OSSObject", value: "in/web.qcow2" }]) },
    });
    const again = await drive.startImport({ imageName: "web-2" });
    cloud.clock.advance(10);
    expect(await drive.describeTask(again.taskId)).toMatchObject({
      taskStatus: "Finished",
      successCount: 1,
      failedCount: 0,
    });
  });

  it.each([
    [{ kind: "finishes-short", atProgress: 80 }, "80%", 0],
    [{ kind: "finishes-with-failed-operation", ...failure }, "100%", 1],
    [{ kind: "finishes-without-image" }, "100%", 0],
  ] as const)("can say Finished and yet have no image: %j", async (outcome, taskProcess, failedCount) => {
    cloud.server.scriptImport({ imageName: "web-1" }, outcome);
    const { taskId } = await drive.startImport();
    cloud.clock.advance(10);
    expect(await drive.describeTask(taskId)).toMatchObject({ taskStatus: "Finished", taskProcess, failedCount });
    expect((await drive.listImages(everyStatus))[0]?.status).toBe("CreateFailed");
  });

  it("can stop half-way for good, or run under a word of its own", async () => {
    cloud.server.scriptImport({ imageName: "stuck" }, { kind: "sticks", atProgress: 42 });
    cloud.server.scriptImport({ imageName: "odd" }, { kind: "runs-as", status: "Paused" });
    const stuck = await drive.startImport({ imageName: "stuck" });
    await drive.startImport({ imageName: "odd" });
    cloud.clock.advance(9);
    expect(await drive.taskStatuses()).toEqual(["Paused", "Processing"]);
    cloud.clock.advance(90_000);
    expect(await drive.describeTask(stuck.taskId)).toMatchObject({ taskStatus: "Processing", taskProcess: "42%" });
  });
});

describe("ClientToken and DryRun", () => {
  it("give the same ids for the same request, and import once", async () => {
    const first = await drive.startImport({ clientToken: "token" });
    expect(await drive.startImport({ clientToken: "token" })).toEqual(first);
    expect(cloud.server.snapshot().tasks).toHaveLength(1);
  });

  it("forget the token after its lifetime", async () => {
    const first = await drive.startImport({ clientToken: "token" });
    cloud.clock.advance(24 * 60 * 60 - 1);
    expect(await drive.startImport({ clientToken: "token" })).toEqual(first);
    cloud.clock.advance(1);
    await expect(drive.startImport({ clientToken: "token" })).rejects.toMatchObject({
      code: "InvalidImageName.Duplicated",
    });
  });

  it("leave nothing behind after a dry run", async () => {
    await expect(drive.startImport({ clientToken: "token", dryRun: true })).rejects.toMatchObject({
      code: "DryRunOperation",
    });
    expect(cloud.server.snapshot()).toEqual({ tasks: [], images: [] });
    await expect(drive.startImport({ clientToken: "token", dryRun: false })).resolves.toBeDefined();
  });

  it("find the real fault in a dry run", async () => {
    await expect(drive.startImport({ dryRun: true, bootMode: "PXE" })).rejects.toMatchObject({
      code: "InvalidBootMode.Malformed",
    });
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
    await expect(drive.startImport()).rejects.toMatchObject({ code: "InvalidOSSBucket.EncryptUnsupported" });
    cloud.server.settings.acceptsEncryptedObjects = true;
    await expect(drive.startImport()).resolves.toBeDefined();
  });
});
