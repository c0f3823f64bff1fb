import { access, mkdir, readFile, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ossOfEachTest } from "./oss-of-each-test.ts";
import { until } from "./until.ts";

/** The folder that shows a bucket to a person, and takes what they drop there. */
const { oss, startAt } = ossOfEachTest();

describe("the bucket's folder", () => {
  const watch = async (pollMilliseconds = 10) => {
    await startAt(new Date());
    return oss.server.watchFolder("images-prod", pollMilliseconds);
  };

  it("shows an uploaded object as a plain file, and takes it away with the object", async () => {
    await startAt(new Date());
    const file = join(oss.directory, "images-prod", "in", "a b.raw");
    await oss.client().put("in/a b.raw", Buffer.from("bytes"));
    expect(await readFile(file, "utf8")).toBe("bytes");
    await oss.client().delete("in/a b.raw");
    await expect(access(join(file, ".."))).rejects.toThrow();
  });

  it("makes a dropped file an upload, a changed one another, and a removed one a delete", async () => {
    const folder = await watch();
    await mkdir(join(folder, "in"));
    await writeFile(join(folder, "in", "日 本.raw"), "123456789");
    await until(() => oss.events.length === 1);
    const { res, content } = await oss.client().get("in/日 本.raw");
    expect([String(content), (res.headers as Record<string, string>)["x-oss-hash-crc64ecma"]]).toEqual([
      "123456789",
      String(0x995dc9bbdf1939fan),
    ]);
    await writeFile(join(folder, "in", "日 本.raw"), "12");
    await until(() => oss.events.length === 2);
    await rm(join(folder, "in", "日 本.raw"));
    await until(() => oss.events.length === 3);
    expect(
      oss.events.map(({ eventName, oss: { object } }) => [eventName, object.key, object.eTag, object.deltaSize]),
    ).toEqual([
      ["ObjectCreated:PutObject", "in/日 本.raw", "25F9E794323B453885F5181F1B624D0B", 9],
      ["ObjectCreated:PutObject", "in/日 本.raw", "C20AD4D76FE97759AA27A0C99BFF6710", -7],
      ["ObjectRemoved:DeleteObject", "in/日 本.raw", "C20AD4D76FE97759AA27A0C99BFF6710", -2],
    ]);
  });

  it("waits until a file has stopped growing, and leaves unfinished, hidden and linked ones alone", async () => {
    // The looks are so far apart that the machine would have to stand still between two writes to make the file look whole.
    const folder = await watch(150);
    for (const name of [".hidden", "a.part", "b.crdownload", "c~"]) await writeFile(join(folder, name), "x");
    // A link may lead out of the folder.
    await symlink("/etc", join(folder, "linked-folder"));
    await symlink("/etc/hostname", join(folder, "linked.raw"));
    for (let size = 1; size <= 20; size += 1) {
      await writeFile(join(folder, "growing.raw"), "x".repeat(size));
      await delay(20);
    }
    await until(() => oss.events.length > 0);
    await delay(500);
    expect(oss.events.map(({ oss: { object } }) => [object.key, object.size])).toEqual([["growing.raw", 20]]);
  });

  it("announces files that came together in the order in which they came", async () => {
    const folder = await watch(150);
    const names = ["set.raw.import.yaml", "d.raw", "z.raw", "a.raw", "set.raw", "m.raw", "b.raw", "0.raw"];
    const yesterday = new Date(Date.now() - 86_400_000);
    for (const [index, name] of names.entries()) {
      await writeFile(join(folder, name), name);
      // As `cp -p` and `mv` do, whatever the order was then.
      if (index % 3 === 0) await utimes(join(folder, name), yesterday, yesterday);
      // More than a tick of the clock that files are given their times by.
      await delay(25);
    }
    await until(() => oss.events.length === names.length);
    expect(oss.events.map(({ oss: { object } }) => object.key)).toEqual(names);
  });

  it("takes a sparse file of 3 GiB at once, and reads parts of it", async () => {
    const folder = await watch();
    await writeFile(join(folder, "big.raw"), "start");
    await truncate(join(folder, "big.raw"), 3 * 1024 ** 3);
    await until(() => oss.events.some(({ oss: { object } }) => object.size === 3 * 1024 ** 3));
    const { res, content } = await oss.client().get("big.raw", { headers: { Range: "bytes=0-4" } });
    expect([res.status, String(content)]).toEqual([206, "start"]);
    expect((res.headers as Record<string, string>)["etag"]).toMatch(/^"[0-9A-F]{32}-48"$/);
  });

  it("does not take what a client uploads for a dropped file", async () => {
    await watch();
    for (let n = 0; n < 5; n += 1) await oss.client().put("a", Buffer.from(`${n}`));
    await delay(200);
    expect(oss.events).toHaveLength(5);
  });
});
