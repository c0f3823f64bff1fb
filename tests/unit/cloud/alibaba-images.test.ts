import { alibabaImages } from "../../../shared/cloud/alibaba-images.ts";
import type { ImageService } from "../../../shared/cloud/ports.ts";
import { account, type EmbeddedEcs, startEmbeddedEcs } from "../../contract/ecs/embedded-ecs.ts";
import { badGateway, brokenOff, type OddServer, reply, reset, silence, startOddServer } from "./odd-server.ts";

const region = "cn-hangzhou";
const request = {
  RegionId: region,
  ImageName: "web-1",
  DiskDeviceMapping: [{ OSSBucket: "images", OSSObject: "in/web.qcow2", Format: "QCOW2", DiskImageSize: 40 }],
  Tag: [{ Key: "oss-image-import:attempt", Value: "token" }],
  ClientToken: "token",
};

describe("ECS through the official generic client", () => {
  let ecs: EmbeddedEcs;
  let images: ImageService;

  beforeAll(async () => {
    ecs = await startEmbeddedEcs();
    images = alibabaImages({ region, credentials: account, endpoint: `http://${ecs.endpoint}` });
  });
  afterAll(() => ecs.server.close());

  it("imports an image and follows it from its task to the image, by id, tag and name", async () => {
    const { imageId, taskId, requestId } = await images.importImage(request);
    expect([imageId, taskId]).toEqual([expect.stringMatching(/^m-/), expect.stringMatching(/^t-/)]);
    expect(requestId).toMatch(/^[0-9A-F-]{36}$/);

    const running = { taskId, status: "Processing", imageId };
    ecs.clock.advance(1);
    expect(await images.describeTasks({ taskIds: [taskId, "t-bp1notthere0000000000"] })).toEqual([running]);
    expect(await images.describeTasks({ imageId })).toEqual([running]);
    expect(await images.describeTask(taskId)).toMatchObject({
      taskId,
      status: "Processing",
      failedCount: 0,
      errorCode: undefined,
    });

    ecs.clock.advance(3600);
    expect(await images.describeTask(taskId)).toMatchObject({ status: "Finished", progress: 100 });
    const image = { imageId, imageName: "web-1", status: "Available" };
    for (const query of [
      { imageIds: [imageId] },
      { tag: { key: "oss-image-import:attempt", value: "token" } },
      { imageName: "web-1" },
    ]) {
      const [found, ...others] = await images.describeImages(query);
      expect(others).toEqual([]);
      expect(found).toMatchObject(image);
      expect(found?.tags.get("oss-image-import:attempt")).toBe("token");
      expect(found?.disks).toEqual([{ type: "system", snapshotId: expect.stringMatching(/^s-/), sizeInGiB: 40 }]);
    }
  });

  it("sees images that are still being made, which DescribeImages hides unless it is asked", async () => {
    const { imageId } = await images.importImage({ ...request, ImageName: "web-2", ClientToken: "other" });
    expect((await images.describeImages({ imageIds: [imageId] })).map(({ status }) => status)).not.toContain(
      "Available",
    );
  });

  it("stops a task", async () => {
    const { taskId } = await images.importImage({ ...request, ImageName: "web-3", ClientToken: "third" });
    await expect(images.cancelTask(taskId)).resolves.toBeUndefined();
    await expect(images.cancelTask("t-bp1notthere0000000000")).rejects.toMatchObject({
      code: "InvalidTaskId.NotFound",
    });
  });

  it("knows when there is no such task or image", async () => {
    expect(await images.describeTask("t-bp1notthere0000000000")).toBeUndefined();
    expect(await images.describeTasks({ taskIds: ["t-bp1notthere0000000000"] })).toEqual([]);
    expect(await images.describeImages({ imageIds: ["m-bp1notthere0000000000"] })).toEqual([]);
  });

  it("hands on a refusal with its code, status and request id", async () => {
    await expect(images.importImage({ ...request, ImageName: "1", ClientToken: "fourth" })).rejects.toMatchObject({
      name: "CloudError",
      service: "ecs",
      code: "InvalidImageName.Malformed",
      status: 400,
      requestId: expect.stringMatching(/^[0-9A-F-]{36}$/),
      outcomeUnknown: false,
    });
  });
});

describe("ECS that misbehaves", () => {
  let server: OddServer;
  let images: ImageService;
  /** Gives up soon: for answers that never come. */
  let impatient: ImageService;

  beforeAll(async () => {
    server = await startOddServer();
    const options = { region, credentials: account, endpoint: server.endpoint };
    images = alibabaImages(options);
    impatient = alibabaImages({ ...options, timeoutInMilliseconds: 250 });
  });
  afterAll(() => server.close());

  const json = { "content-type": "application/json" };
  const says = (status: number, body: unknown) => server.answer(reply(status, json, JSON.stringify(body)));
  const lost = { name: "CloudError", service: "ecs", code: "NoAnswer", outcomeUnknown: true };

  it.each<[string, Parameters<OddServer["answer"]>[0]]>([
    ["cuts the connection", reset],
    ["says nothing", silence],
    ["is a proxy that says 502 in HTML", badGateway],
    ["says 200 in HTML", reply(200, { "content-type": "text/html" }, "<html>")],
    ["says nothing in an empty 200", reply(200, json)],
    ["breaks off in the middle", brokenOff(200, { ...json, "content-length": "100" }, '{"ImageId":"m-1"')],
    ["says JSON that is no object", reply(200, json, "null")],
    ["names no task", reply(200, json, '{"RequestId":"R","ImageId":"m-1"}')],
    ["names no image", reply(200, json, '{"RequestId":"R","TaskId":"t-1"}')],
  ])("that %s leaves it open whether the import was begun, and is asked once", async (_, handler) => {
    server.answer(handler);
    const answer = (handler === silence ? impatient : images).importImage(request);
    await expect(answer).rejects.toMatchObject(lost);
    expect(server.requests).toHaveLength(1);
  });

  it("that fails inside leaves it open, with its code", async () => {
    says(503, { Code: "ServiceUnavailable", Message: "m", RequestId: "R-1" });
    const expected = { code: "ServiceUnavailable", status: 503, requestId: "R-1", outcomeUnknown: true };
    await expect(images.importImage(request)).rejects.toMatchObject(expected);
  });

  it("that is throttling is no reason to doubt what happened", async () => {
    says(400, { Code: "Throttling.User", Message: "slower", RequestId: "R-1" });
    await expect(images.importImage(request)).rejects.toMatchObject({ code: "Throttling.User", outcomeUnknown: false });
    expect(server.requests).toHaveLength(1);
  });

  it("names the action that was denied, and its own words without the client's decoration", async () => {
    const AccessDeniedDetail = { AuthAction: "ecs:ImportImage", PolicyType: "ResourceDirectory" };
    says(403, { Code: "Forbidden.RAM", Message: "Not authorised.", RequestId: "R-1", AccessDeniedDetail });
    await expect(images.importImage(request)).rejects.toMatchObject({
      code: "Forbidden.RAM",
      deniedAction: "ecs:ImportImage",
      message: "Not authorised.",
    });
  });

  it("may use the name that the task's id once had", async () => {
    says(200, { RequestId: "R", ImageId: "m-1", ImportTaskId: "t-1" });
    expect(await images.importImage(request)).toEqual({ imageId: "m-1", taskId: "t-1", requestId: "R" });
  });

  it.each<[string, unknown, readonly unknown[]]>([
    [
      "in a list",
      { TaskSet: [{ Task: [{ TaskId: "t-1", TaskStatus: "Odd", ResourceId: "m-1" }] }] },
      [{ taskId: "t-1", status: "Odd", imageId: "m-1" }],
    ],
    ["with nothing in them", { TaskSet: { Task: [{}] } }, [{ taskId: "", status: "", imageId: undefined }]],
    ["that are no objects", { TaskSet: { Task: [null, 1, "x"] } }, []],
    ["nowhere", {}, []],
    ["as null", { TaskSet: null }, []],
  ])("may show tasks %s", async (_, body, expected) => {
    says(200, body);
    expect(await images.describeTasks({ taskIds: ["t-1"] })).toEqual(expected);
  });

  it.each([
    ["40%", 40],
    ["99.5%", 99.5],
    ["150%", 100],
    ["-1%", 0],
    ["", undefined],
    ["soon", undefined],
    [40, 40],
    [null, undefined],
  ])("may show the progress %j, which is %j", async (TaskProcess, progress) => {
    says(200, { TaskId: "t-1", TaskStatus: "Processing", TaskProcess });
    expect(await images.describeTask("t-1")).toMatchObject({ progress });
  });

  it("gives the first failed operation of a task", async () => {
    const OperationProgress = [
      { OperationStatus: "Success" },
      { OperationStatus: "Failed", ErrorCode: "OssError", ErrorMsg: "gone" },
      { OperationStatus: "Failed", ErrorCode: "Other", ErrorMsg: "too" },
    ];
    const body = { TaskId: "t-1", TaskStatus: "Failed", FailedCount: "2", OperationProgressSet: { OperationProgress } };
    says(200, { ...body, RequestId: "R-1" });
    expect(await images.describeTask("t-1")).toMatchObject({
      failedCount: 2,
      errorCode: "OssError",
      errorMessage: "gone",
      requestId: "R-1",
    });
  });

  it("shows the result of an image's check", async () => {
    const Items = {
      Item: [
        { Name: "GUESTOS.Nvme", Value: "Unsupported", RiskCode: "NVMe.NotInstalled", RiskLevel: "Medium" },
        { Name: "CloudInit" },
      ],
    };
    says(200, { Images: { Image: [{ ImageId: "m-1", DetectionOptions: { Status: "Finished", Items } }] } });
    expect(await images.describeImages({ imageIds: ["m-1"] })).toMatchObject([
      {
        status: "",
        disks: [],
        check: {
          finished: true,
          items: [
            { name: "Nvme", value: "Unsupported", riskCode: "NVMe.NotInstalled", riskLevel: "Medium" },
            { name: "CloudInit", value: "", riskCode: undefined, riskLevel: undefined },
          ],
        },
      },
    ]);
  });
});
