import { importRouted } from "../../../shared/importing/route-object.ts";
import { smallProduct } from "./small-product.ts";

const sidecar = "web.raw.import.yaml";

/** A set whose system disk has not come, while its data disk waits. */
const waitingSet = async () => {
  const product = smallProduct();
  await product.upload(sidecar, "disks:\n  - {}\n  - ossObject: data.raw\n");
  await importRouted(sidecar, "upload", product.deps("r-1"));
  const before = await product.jobs("web.raw");
  await product.upload("data.raw", "data");
  await importRouted("data.raw", "upload", product.deps("r-2"));
  return { ...product, before };
};

describe("a set whose system disk has not come", () => {
  it("waits from the first of its disks on, and not for a manifest alone", async () => {
    const { before, jobs, lines } = await waitingSet();
    expect(before).toEqual([]);
    expect(await jobs("web.raw")).toMatchObject([
      { state: "waiting", waitingFor: "disks", reason: "web.raw is not there yet", subject: { etag: "" } },
    ]);
    expect(lines).toEqual([`object.waiting ${sidecar}`, "object.waiting web.raw"]);
  });

  it("is looked at by ticks, ever less often", async () => {
    const { tick, lines, pass } = await waitingSet();
    lines.length = 0;
    for (let minutes = 0; minutes < 20; minutes += 1) await tick();
    expect(lines).toEqual(Array.from({ length: 4 }, () => "object.waiting web.raw"));
    pass(3600);
    await tick();
    expect(lines).toHaveLength(5);
  });

  it("is imported once when its system disk comes and the event is lost", async () => {
    const { tick, upload, asked, jobs, lines, pass } = await waitingSet();
    await upload("web.raw", "system");
    pass(60);
    await tick();
    expect(asked).toEqual(["ImportImage"]);
    expect((await jobs("web.raw")).map(({ state }) => state).sort()).toEqual(["cancelled", "submitted"]);
    expect(lines).toContain("import.submitted web.raw");
  });

  it("is imported once when the event comes, and the wait ends", async () => {
    const { deps, upload, asked, jobs, tick } = await waitingSet();
    await upload("web.raw", "system");
    await importRouted("web.raw", "upload", deps("r-3"));
    const awaited = (await jobs("web.raw")).find(({ subject }) => subject.etag === "");
    expect(awaited).toMatchObject({ state: "cancelled", reason: "it has come, and is looked at on its own" });
    await tick();
    expect(asked).toEqual(["ImportImage"]);
  });

  it("does not wait any longer when its disks are gone", async () => {
    const { remove, tick, jobs, pass } = await waitingSet();
    await remove("data.raw");
    pass(60);
    await tick();
    expect(await jobs("web.raw")).toMatchObject([
      { state: "cancelled", reason: expect.stringContaining("no disks of its set are there any more") },
    ]);
  });
});
