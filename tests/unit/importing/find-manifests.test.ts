import { CloudError } from "../../../shared/cloud/cloud-error.ts";
import { findBucketManifest, findSidecar } from "../../../shared/importing/find-manifests.ts";
import { memoryObjects } from "../ledger/memory-objects.ts";

const put = (objects: ReturnType<typeof memoryObjects>, key: string, text: string) =>
  objects.put({ bucket: "images", key }, text, "application/octet-stream");

describe("the sidecar of an image", () => {
  it("is found behind any number of objects whose names begin alike", async () => {
    const objects = memoryObjects();
    for (let number = 0; number < 2500; number += 1)
      await put(objects, `web.raw.import.${String(number).padStart(4, "0")}`, "");
    await put(objects, "web.raw.import.yaml", "imageName: mine");
    expect(await findSidecar(objects, "images", "web.raw")).toMatchObject({
      manifest: { file: "web.raw.import.yaml", manifest: { imageName: "mine" } },
    });
  });

  it("is one only: two are a problem, wherever they stand in the list", async () => {
    const objects = memoryObjects();
    await put(objects, "web.raw.import.json", "{}");
    for (let number = 0; number < 1500; number += 1)
      await put(objects, `web.raw.import.k${String(number).padStart(4, "0")}`, "");
    await put(objects, "web.raw.import.yaml", "imageName: mine");
    expect(await findSidecar(objects, "images", "web.raw")).toHaveProperty("problems.0.message");
  });

  it("may be absent", async () => {
    expect(await findSidecar(memoryObjects(), "images", "web.raw")).not.toHaveProperty("manifest");
  });
});

it("A bucket manifest that a lifecycle rule has archived is a problem with a way out, not a fault of OSS", async () => {
  const objects = memoryObjects();
  await put(objects, "image-import.yaml", "version: 1");
  const archived = new CloudError({ service: "oss", code: "InvalidObjectState", status: 403, message: "it is cold" });
  expect(await findBucketManifest({ ...objects, read: () => Promise.reject(archived) }, "images")).toMatchObject({
    problems: [
      {
        file: "image-import.yaml",
        message: expect.stringContaining("archive"),
        hint: expect.stringContaining("again"),
      },
    ],
  });
});
