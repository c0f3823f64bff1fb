import { ossDiskMembers } from "../../../shared/ledger/disk-members.ts";
import { memoryObjects } from "./memory-objects.ts";

describe("the sets that a disk belongs to", () => {
  const disk = { bucket: "images", key: "in/数据 1.raw" };

  it("are found again, each once, until they are forgotten", async () => {
    const members = ossDiskMembers(memoryObjects(), "state");
    expect(await members.setsOf(disk)).toEqual([]);
    for (const image of ["in/web.qcow2", "in/db.qcow2", "in/web.qcow2"]) await members.remember(disk, image);
    expect([...(await members.setsOf(disk))].sort()).toEqual(["in/db.qcow2", "in/web.qcow2"]);
    await members.forget(disk, "in/db.qcow2");
    await members.forget(disk, "in/never.qcow2");
    expect(await members.setsOf(disk)).toEqual(["in/web.qcow2"]);
  });

  it("are not those of another disk, nor of the same key in another bucket", async () => {
    const members = ossDiskMembers(memoryObjects(), "state");
    await members.remember(disk, "in/web.qcow2");
    expect(await members.setsOf({ ...disk, key: "in/数据 2.raw" })).toEqual([]);
    expect(await members.setsOf({ ...disk, bucket: "other" })).toEqual([]);
  });

  it("are looked at in bounded number", async () => {
    const members = ossDiskMembers(memoryObjects(), "state");
    for (let image = 0; image < 50; image += 1) await members.remember(disk, `${image}.qcow2`);
    expect((await members.setsOf(disk)).length).toBeLessThanOrEqual(10);
  });
});
