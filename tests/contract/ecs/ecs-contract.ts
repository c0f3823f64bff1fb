/**
 * What the product relies on in any ECS, embedded or real. Nothing here creates, changes or deletes anything: imports
 * are dry runs that fail, or succeed as dry runs.
 */
import * as ecs from "@alicloud/ecs20140526";
import { type Credentials, genericCall } from "./generic-client.ts";
import { type OfficialClient, officialClient } from "./official-client.ts";

export interface EcsTarget {
  /** Host, with the port where it is not the usual one. */
  readonly endpoint: string;
  readonly protocol: "http" | "https";
  readonly region: string;
  readonly credentials: Credentials;
  /** A bucket of this account in the region with a readable disk image in it. */
  readonly image: { readonly bucket: string; readonly key: string };
  close?(): Promise<void>;
}

export const ecsContract = (makeTarget: () => Promise<EcsTarget>): void => {
  describe("any ECS", () => {
    let target: EcsTarget;
    let client: OfficialClient;
    const call = (action: string, query: Record<string, string> = {}, credentials = target.credentials) =>
      genericCall(target.endpoint, credentials, { protocol: target.protocol })(action, query);
    const dryRun = (parameters: Record<string, string>) =>
      call("ImportImage", {
        RegionId: target.region,
        DryRun: "true",
        "DiskDeviceMapping.1.OSSBucket": "a-bucket-that-is-not-there-5f1c",
        "DiskDeviceMapping.1.OSSObject": "in/web.qcow2",
        ...parameters,
      });

    beforeAll(async () => {
      target = await makeTarget();
      client = officialClient(target.endpoint, target.credentials, { protocol: target.protocol });
    });
    afterAll(async () => target.close?.());

    it("lists its regions", async () => {
      const { body } = await client.describeRegions(new ecs.DescribeRegionsRequest({}));
      expect(body?.regions?.region?.map(({ regionId }) => regionId)).toContain(target.region);
    });

    it("lists tasks by page, with the page in the answer", async () => {
      const request = new ecs.DescribeTasksRequest({ regionId: target.region, pageSize: 100, pageNumber: 1 });
      const { body } = await client.describeTasks(request);
      expect(body).toMatchObject({ pageNumber: 1, pageSize: 100, regionId: target.region });
      expect(Array.isArray(body?.taskSet?.task)).toBe(true);
    });

    it("lists nothing for a task or an image that does not exist", async () => {
      const tasks = new ecs.DescribeTasksRequest({ regionId: target.region, taskIds: "t-bp1notthere0000000000" });
      expect((await client.describeTasks(tasks)).body).toMatchObject({ totalCount: 0 });
      const images = new ecs.DescribeImagesRequest({
        regionId: target.region,
        imageId: "m-bp1notthere0000000000",
        status: "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated",
      });
      expect((await client.describeImages(images)).body).toMatchObject({ totalCount: 0, images: { image: [] } });
    });

    it.each(["DescribeTaskAttribute", "CancelTask"])(
      "answers %s of no task with InvalidTaskId.NotFound",
      async (action) => {
        const seen = await call(action, { RegionId: target.region, TaskId: "t-bp1notthere0000000000" });
        expect([seen.code, seen.status]).toEqual(["InvalidTaskId.NotFound", 400]);
      },
    );

    it("names the error twice, in HTTP and in the body, with a request id", async () => {
      const seen = await call("DescribeTasks");
      expect([seen.code, seen.status]).toEqual(["MissingParameter", 400]);
      expect(seen.body).toMatchObject({
        Code: "MissingParameter",
        Message: expect.stringContaining("RegionId"),
        RequestId: expect.stringMatching(/^[0-9A-F-]{36}$/),
        HostId: expect.any(String),
        Recommend: expect.any(String),
      });
    });

    it("does not know a region or an action that is not there", async () => {
      expect((await call("DescribeTasks", { RegionId: "cn-nowhere" })).code).toBe("InvalidRegionId.NotFound");
      expect((await call("ImportNothing")).code).toBe("InvalidAction.NotFound");
    });

    it("does not let strangers in", async () => {
      const { credentials } = target;
      const query = { RegionId: target.region };
      const unknown = await call("DescribeTasks", query, { ...credentials, accessKeyId: "LTAI000000000000" });
      expect([unknown.code, unknown.status]).toEqual(["InvalidAccessKeyId.NotFound", 404]);
      const forged = await call("DescribeTasks", query, { ...credentials, accessKeySecret: "guessed" });
      expect([forged.code, forged.status]).toEqual(["SignatureDoesNotMatch", 400]);
    });

    it.each([
      [{ ImageName: "1web" }, "InvalidImageName.Malformed"],
      [{ ImageName: "acs:web" }, "InvalidImageName.Malformed"],
      [{ Description: "http://example.com" }, "InvalidDescription.Malformed"],
      [{ Architecture: "mips" }, "InvalidArchitecture.Malformed"],
      [{ OSType: "plan9" }, "InvalidOSType.Malformed"],
      [{ Platform: "Windows 95" }, "InvalidPlatform.Malformed"],
      [{ "DiskDeviceMapping.1.Format": "VHDX" }, "InvalidImageFormat.Malformed"],
      [{}, "InvalidOSSBucket.NotFound"],
    ])("refuses to import with %j", async (parameters, code) => {
      expect((await dryRun(parameters)).code).toBe(code);
    });

    it("says of a good dry run that it would have worked, as an error", async () => {
      const { bucket, key } = target.image;
      const disk = { "DiskDeviceMapping.1.OSSBucket": bucket, "DiskDeviceMapping.1.OSSObject": key };
      const seen = await dryRun(disk);
      expect(seen.status).toBe(400);
      expect(["dryrunoperation", "dryrun.success"]).toContain(seen.code.toLowerCase());
    });
  });
};
