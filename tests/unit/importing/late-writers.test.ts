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

it("speaks again of an earlier version whose bytes are uploaded once more, and of what was made of it last", async () => {
  const { deps, upload, finish, tick, pass, jobs } = smallProduct();
  const { objects } = deps("reader");
  const sidecar = "web.raw.import.yaml";
  let requests = 0;
  const put = async (key: string, body: string): Promise<void> => {
    requests += 1;
    pass(60);
    await upload(key, body);
    await importRouted(key, "upload", deps(`r-${requests}`));
  };
  await put("web.raw", "earlier");
  await put(sidecar, "imageName: mine\n");
  await objects.delete({ bucket, key: sidecar });
  await put("web.raw", "later");
  for (const task of ["t-1", "t-2", "t-3"]) {
    finish(task);
    await tick();
  }
  await put("web.raw", "earlier");
  const shown = JSON.parse(String((await objects.read({ bucket, key: "web.raw.import-status.json" }, 9999))?.body));
  const named = (await jobs("web.raw")).find(({ attempt }) => attempt?.request.ImageName === "mine");
  expect(shown).toMatchObject({ state: "available", jobId: named?.jobId, imageName: "mine" });
});

it("tells the end of a version that was replaced by what has no job of its own", async () => {
  const { deps, upload, tick, pass } = smallProduct();
  const { objects } = deps("reader");
  await upload("data.raw", "");
  await importRouted("data.raw", "upload", deps("r-1"));
  pass(60);
  await upload("web.raw.import.yaml", "disks: [{}, { ossObject: data.raw }]\n");
  await upload("data.raw", "content");
  await importRouted("data.raw", "upload", deps("r-2"));
  await tick();
  const shown = JSON.parse(String((await objects.read({ bucket, key: "data.raw.import-status.json" }, 9999))?.body));
  expect(shown).toMatchObject({ state: "cancelled", reason: expect.stringContaining("replaced by a newer version") });
});
