import { cancelRemoved } from "../../../shared/importing/cancel-import.ts";
import { importRouted } from "../../../shared/importing/route-object.ts";
import { bucket, smallProduct } from "./small-product.ts";

const sidecar = "web.raw.import.yaml";

/** A running import of `web.raw` with these other objects in its bucket; `remove` deletes one and says so. */
const running = async (others: Readonly<Record<string, string>>) => {
  const product = smallProduct();
  for (const [key, text] of Object.entries(others)) await product.upload(key, text);
  await product.upload("web.raw", "system");
  const deps = product.deps("r-1");
  await importRouted("web.raw", "upload", deps);
  const state = async () => (await product.jobs("web.raw"))[0]?.state;
  expect(await state()).toBe("submitted");
  const remove = async (key: string): Promise<void> => {
    await deps.objects.delete({ bucket, key });
    await cancelRemoved(key, deps);
  };
  return { ...product, running: deps, remove, state };
};

const asked = { "image-import.yaml": "version: 1\ncancelOnDelete: true\n" };

describe("the deletion of an object", () => {
  it("ends its import where the bucket manifest asks for that", async () => {
    const { remove, state } = await running(asked);
    await remove("web.raw");
    expect(await state()).toBe("cancelling");
  });

  it("changes nothing where no bucket manifest asks for that", async () => {
    const { remove, state, lines } = await running({});
    await remove("web.raw");
    expect(await state()).toBe("submitted");
    expect(lines.at(-1)).toBe("object.ignored web.raw");
  });

  it("that is only said to have happened changes nothing", async () => {
    const { running: deps, state, lines } = await running(asked);
    await cancelRemoved("web.raw", deps);
    expect(await state()).toBe("submitted");
    expect(lines.at(-1)).toBe("object.ignored web.raw");
  });

  it("of a sidecar ends the import that was made with it", async () => {
    const { remove, state } = await running({ ...asked, [sidecar]: "imageName: mine\n" });
    await remove(sidecar);
    expect(await state()).toBe("cancelling");
  });

  it("of a sidecar that had no say in the import changes nothing", async () => {
    const { upload, remove, state } = await running(asked);
    await upload(sidecar, "imageName: mine\n");
    await remove(sidecar);
    expect(await state()).toBe("submitted");
  });
});
