import { runTick } from "../../../functions/report-tasks/tick.ts";
import { RetryLater } from "../../../shared/importing/import-deps.ts";
import { importRouted } from "../../../shared/importing/route-object.ts";
import { away, smallProduct } from "./small-product.ts";

const day = 24 * 3600;

describe("an ECS that gives no usable answer", () => {
  it("is asked again for 14 days, then the import is given up", async () => {
    const { deps, upload, jobs, pass } = smallProduct();
    await upload("web.raw", "system");
    await expect(importRouted("web.raw", "upload", away(deps("r-1")))).rejects.toThrow(RetryLater);

    pass(13 * day);
    expect((await runTick(away(deps("tick")))).trouble).toBeInstanceOf(RetryLater);
    expect(await jobs("web.raw")).toMatchObject([{ state: "claimed" }]);

    pass(day + 3600);
    expect((await runTick(away(deps("tick")))).trouble).toBeUndefined();
    expect(await jobs("web.raw")).toMatchObject([
      { state: "failed", code: "ServiceUnavailable", advice: "Replay the image when ECS can be reached again." },
    ]);
  });
});
