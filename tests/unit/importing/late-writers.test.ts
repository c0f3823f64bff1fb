import { importRouted } from "../../../shared/importing/route-object.ts";
import { bucket, refusing, smallProduct } from "./small-product.ts";

describe("the status file of an import that has ended", () => {
  it("is put right though a slow invocation wrote an older state over it", async () => {
    const { deps, upload, ledger, tick, pass } = smallProduct();
    await upload("web.raw", "system");
    await importRouted("web.raw", "upload", refusing(deps("r-1"), "InvalidOSSObject.NotFound", 404));
    const statusFile = { bucket, key: "web.raw.import-status.json" };
    const { objects } = deps("r-1");
    const state = async () => JSON.parse(String((await objects.read(statusFile, 9999))?.body)).state;
    expect(await state()).toBe("failed");

    await objects.put(statusFile, JSON.stringify({ state: "submitted" }), "application/json");
    await tick();
    expect((await ledger.openJobs(undefined)).entries).toHaveLength(1);
    pass(6 * 60);
    await tick();
    expect(await state()).toBe("failed");
    expect((await ledger.openJobs(undefined)).entries).toEqual([]);
  });
});
