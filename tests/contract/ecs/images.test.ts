/** What can be done with images of the embedded ECS, through the official client. */
import * as ecs from "@alicloud/ecs20140526";
import { account, ecsOfEachTest, region } from "./embedded-ecs.ts";
import { genericCall } from "./generic-client.ts";
import { driveImports } from "./import-driver.ts";
import type { OfficialClient } from "./official-client.ts";

const cloud = ecsOfEachTest();
const drive = driveImports(cloud);
let client: OfficialClient;
let imageId: string;

const importImage = async (imageName: string, tags: Readonly<Record<string, string>> = {}) => {
  const tag = Object.entries(tags).map(([key, value]) => new ecs.ImportImageRequestTag({ key, value }));
  return (await drive.startImport({ imageName, tag })).imageId;
};

const names = async (query: object = {}) => (await drive.listImages(query)).map(({ imageName }) => imageName);

const image = async () => (await drive.listImages({ imageId, status: "ALL" }))[0];

const modify = (fields: object) =>
  client.modifyImageAttribute(new ecs.ModifyImageAttributeRequest({ regionId: region, imageId, ...fields }));

beforeEach(async () => {
  client = drive.client();
  imageId = await importImage("web-1", { team: "web", stage: "test" });
  cloud.clock.advance(60);
});

describe("DescribeImages", () => {
  it("shows available images unless other statuses are asked for", async () => {
    await importImage("web-2");
    expect(await names()).toEqual(["web-1"]);
    expect(await names({ status: "Creating,Waiting" })).toEqual(["web-2"]);
    expect(await names({ status: "ALL" })).toEqual(["web-2", "web-1"]);
  });

  it("filters by tag together with a status", async () => {
    await importImage("web-2", { team: "web" });
    const tag = (key: string, value?: string) => [
      new ecs.DescribeImagesRequestTag({ key, ...(value === undefined ? {} : { value }) }),
    ];
    expect(await names({ status: "Creating,Waiting", tag: tag("team", "web") })).toEqual(["web-2"]);
    expect(await names({ status: "ALL", tag: tag("stage") })).toEqual(["web-1"]);
    expect(await names({ status: "ALL", tag: tag("team", "db") })).toEqual([]);
  });

  it.each([
    [{ imageName: "web-*" }, 1],
    [{ imageName: "db-*" }, 0],
    [{ OSType: "windows" }, 0],
    [{ architecture: "x86_64" }, 1],
    [{ imageOwnerAlias: "self" }, 1],
    [{ imageOwnerAlias: "system" }, 0],
    [{ imageFamily: "web" }, 0],
    [{ snapshotId: "s-other" }, 0],
    [{ resourceGroupId: "rg-other" }, 0],
    [{ pageNumber: 2 }, 0],
  ])("finds with %j: %d", async (query, count) => {
    expect(await names(query)).toHaveLength(count);
  });

  it("filters by the time of creation", async () => {
    const filter = (key: string, value: string) => ({ filter: [new ecs.DescribeImagesRequestFilter({ key, value })] });
    expect(await names(filter("CreationStartTime", "2020-01-01T00:00Z"))).toHaveLength(1);
    expect(await names(filter("CreationEndTime", "2020-01-01T00:00Z"))).toHaveLength(0);
    await expect(names(filter("CreationEndTime", "soon"))).rejects.toMatchObject({ code: "InvalidParameter" });
    await expect(names(filter("Size", "2020-01-01T00:00Z"))).rejects.toMatchObject({ code: "InvalidParameter" });
  });

  it("refuses by name what would change the answer and is not supported", async () => {
    await expect(names({ instanceType: "ecs.g7.large" })).rejects.toMatchObject({
      code: "UnsupportedOperation",
      message: expect.stringContaining("InstanceType"),
    });
  });
});

describe("ModifyImageAttribute", () => {
  it("changes what it is given and nothing else", async () => {
    const before = await image();
    await modify({ imageName: "web-new", imageFamily: "web", bootMode: "UEFI-Preferred", description: "New one" });
    expect(await image()).toMatchObject({
      ...before,
      imageName: "web-new",
      imageFamily: "web",
      bootMode: "UEFI-Preferred",
      description: "New one",
    });
  });

  it("deprecates an image and takes it back", async () => {
    await modify({ status: "Deprecated" });
    expect(await names()).toEqual([]);
    expect((await image())?.status).toBe("Deprecated");
    await modify({ status: "Available" });
    expect((await image())?.status).toBe("Available");
  });

  it("does not go back to the older metadata service", async () => {
    const features = (imdsSupport: string) => ({
      features: new ecs.ModifyImageAttributeRequestFeatures({ imdsSupport, nvmeSupport: "supported" }),
    });
    await modify(features("v2"));
    expect((await image())?.features).toMatchObject({ imdsSupport: "v2", nvmeSupport: "supported" });
    await expect(modify(features("v1"))).rejects.toMatchObject({ code: "InvalidParameter.FeaturesImdsSupport" });
  });

  it.each([
    [{ imageName: "1" }, "InvalidImageName.Malformed"],
    [{ description: "http://x" }, "InvalidDescription.Malformed"],
    [{ bootMode: "PXE" }, "InvalidBootMode.Malformed"],
    [{ licenseType: "Aliyun" }, "InvalidLicenseType.NotSupported"],
    [{ status: "Creating" }, "InvalidParameter"],
    [{ dryRun: true }, "DryRunOperation"],
  ])("refuses %j with %s", async (fields, code) => {
    const before = await image();
    await expect(modify(fields)).rejects.toMatchObject({ code });
    expect(await image()).toEqual(before);
  });

  it("does not take the name of another image", async () => {
    await importImage("web-2");
    await expect(modify({ imageName: "web-2" })).rejects.toMatchObject({ code: "InvalidImageName.Duplicated" });
    await expect(modify({ imageName: "web-1" })).resolves.toBeDefined();
  });
});

describe("DeleteImage", () => {
  const remove = (id: string, fields: object = {}) =>
    client.deleteImage(new ecs.DeleteImageRequest({ regionId: region, imageId: id, ...fields }));

  it("removes an image and leaves its task", async () => {
    await expect(remove(imageId, { dryRun: true })).rejects.toMatchObject({ code: "DryRunOperation" });
    await remove(imageId);
    expect(await names({ status: "ALL" })).toEqual([]);
    expect(cloud.server.snapshot().tasks).toHaveLength(1);
  });

  it("passes over an image that is not there, or refuses it when told so", async () => {
    await expect(remove("m-gone")).resolves.toBeDefined();
    cloud.server.settings.deletingMissingImage = "refused";
    await expect(remove("m-gone")).rejects.toMatchObject({ code: "InvalidImageId.NotFound" });
  });
});

describe("TagResources", () => {
  const tag = (tags: Readonly<Record<string, string>>) =>
    client.tagResources(
      new ecs.TagResourcesRequest({
        regionId: region,
        resourceType: "image",
        resourceId: [imageId],
        tag: Object.entries(tags).map(([key, value]) => new ecs.TagResourcesRequestTag({ key, value })),
      }),
    );

  it("adds tags and replaces the values of those that are there", async () => {
    await tag({ team: "db", owner: "me" });
    expect((await image())?.tags?.tag).toMatchObject([
      { tagKey: "team", tagValue: "db" },
      { tagKey: "stage", tagValue: "test" },
      { tagKey: "owner", tagValue: "me" },
    ]);
  });

  it("keeps an image within twenty tags", async () => {
    await tag(Object.fromEntries(Array.from({ length: 18 }, (_, index) => [`k${index}`, ""])));
    await expect(tag({ more: "" })).rejects.toMatchObject({ code: "NumberExceed.Tags" });
  });
});

describe("actions that the embedded ECS does not offer", () => {
  it.each(["CopyImage", "ModifyImageSharePermission", "DescribeImageFromFamily"])(
    "refuses %s by name",
    async (action) => {
      const seen = await genericCall(cloud.endpoint, account)(action, { RegionId: region, ImageId: imageId });
      expect(seen.code).toBe("UnsupportedOperation");
      expect(seen.body["Message"]).toContain(action);
    },
  );
});
