import type { ImportDeps } from "../../../shared/importing/import-deps.ts";
import { importRouted } from "../../../shared/importing/route-object.ts";
import { bucket, smallProduct } from "./small-product.ts";

/** A set of two disks whose upload is complete. While it is inspected, `meanwhile` happens, once. */
const importSet = async (meanwhile: (deps: ImportDeps) => Promise<void> = async () => undefined) => {
  const product = smallProduct();
  await product.upload("web.raw.import.yaml", "disks:\n  - {}\n  - ossObject: data.raw\n");
  await product.upload("data.raw", "data");
  await product.upload("web.raw", "system");
  const deps = product.deps("r-1");
  let isFirst = true;
  const inspect: ImportDeps["inspect"] = async (reader, depth) => {
    if (isFirst) {
      isFirst = false;
      await meanwhile(deps);
    }
    return deps.inspect(reader, depth);
  };
  await importRouted("web.raw", "upload", { ...deps, inspect });
  const [job] = await product.jobs("data.raw");
  return { ...product, job };
};

describe("a set of disks", () => {
  it("is imported as one image", async () => {
    const { asked, job } = await importSet();
    expect(asked).toEqual(["ImportImage"]);
    expect(job).toMatchObject({
      state: "submitted",
      subject: { key: "web.raw" },
      attempt: { request: { DiskDeviceMapping: [{ OSSObject: "web.raw" }, { OSSObject: "data.raw" }] } },
    });
  });

  const put = (key: string) => (deps: ImportDeps) => deps.objects.put({ bucket, key }, "newer", "text/plain");
  const remove = (key: string) => (deps: ImportDeps) => deps.objects.delete({ bucket, key });

  it.each([
    ["its data disk was replaced", put("data.raw"), "its disk data.raw was replaced by a newer version"],
    ["its data disk was deleted", remove("data.raw"), "its disk data.raw was deleted"],
    ["its system disk was replaced", put("web.raw"), "the object was replaced by a newer version"],
    ["its system disk was deleted", remove("web.raw"), "the object was deleted"],
  ])("is not asked for once %s since it was looked at", async (_what, meanwhile, reason) => {
    const { asked, job } = await importSet(meanwhile);
    expect(asked).toEqual([]);
    expect(job).toMatchObject({ state: "cancelled", reason: expect.stringContaining(reason) });
  });
});
