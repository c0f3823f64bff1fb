import { importRouted } from "../../../shared/importing/route-object.ts";
import { reportOf } from "./planned-disk.ts";
import { smallProduct } from "./small-product.ts";

const sidecar = "web.raw.import.yaml";

/** A product whose set of two disks was imported and has ended as this. */
const ended = async (end: "failed" | "available") => {
  const product = smallProduct();
  await product.upload("data.raw", "data");
  await product.upload(sidecar, "imageName: mine\ndisks:\n  - {}\n  - ossObject: data.raw\n");
  await product.upload("web.raw", "system");
  await importRouted("web.raw", "upload", product.deps("r-1"));
  if (end === "available") product.finish("t-1");
  else product.fail("t-1");
  await product.tick();
  const say = (key: string): Promise<unknown> => importRouted(key, "upload", product.deps(`again-${key}`));
  return { ...product, say };
};

describe("an event of a sidecar or a disk that comes again", () => {
  it.each(["failed", "available"] as const)("asks nothing of ECS for an import that is %s", async (end) => {
    const { asked, say, lines } = await ended(end);
    for (const key of [sidecar, "data.raw", sidecar]) {
      await say(key);
      expect(lines.at(-1)).toBe("import.duplicate web.raw");
    }
    expect(asked).toEqual(["ImportImage"]);
  });

  it.each([
    [sidecar, "imageName: mine\ndisks:\n  - {}\n  - ossObject: data.raw\n"],
    ["data.raw", "data"],
  ])("asks anew after a failure once %s was written again, though with the same bytes", async (key, text) => {
    const { asked, say, upload, pass } = await ended("failed");
    pass(5);
    await upload(key, text);
    await say(key);
    expect(asked).toEqual(["ImportImage", "ImportImage"]);
  });

  it.each([sidecar, "data.raw"])("makes no second image when the inspection tells less this time: %s", async (key) => {
    const { asked, deps, lines } = await ended("available");
    await importRouted(key, "upload", { ...deps("again"), inspect: async () => reportOf(null) });
    expect(lines.at(-1)).toBe("import.duplicate web.raw");
    expect(asked).toEqual(["ImportImage"]);
  });

  it("makes no second image for a bucket manifest that says something else by now", async () => {
    const { asked, say, upload } = await ended("available");
    await upload("image-import.yaml", "version: 1\ndefaults: { tags: { team: a } }\n");
    await say(sidecar);
    expect(asked).toEqual(["ImportImage"]);
  });

  it("is answered with the reason of the end, and one full stop", async () => {
    const { say, sentences } = await ended("failed");
    await say("web.raw");
    expect(sentences.at(-1)).toMatch(/^Nothing to do for web\.raw: ECS .*[^.]\.$/);
  });

  it.each(["failed", "available"] as const)(
    "changes nothing for one that is %s after its sidecar was deleted",
    async (end) => {
      const { asked, say, remove, lines } = await ended(end);
      await remove(sidecar);
      await say(sidecar);
      expect(lines.at(-1)).toBe(`object.gone ${sidecar}`);
      expect(asked).toEqual(["ImportImage"]);
    },
  );
});
