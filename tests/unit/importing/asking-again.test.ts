import { RetryLater } from "../../../shared/importing/import-deps.ts";
import { importRouted } from "../../../shared/importing/route-object.ts";
import { away, smallProduct } from "./small-product.ts";

const sidecar = "web.raw.import.yaml";

/** A product in which an image was imported with this sidecar and is available. */
const imported = async (text: string) => {
  const product = smallProduct();
  await product.upload(sidecar, text);
  await product.upload("web.raw", "system");
  await importRouted("web.raw", "upload", product.deps("r-1"));
  product.finish("t-1");
  await product.tick();
  let requests = 1;
  const saySidecar = async (next: string): Promise<void> => {
    requests += 1;
    product.pass(60);
    await product.upload(sidecar, next);
    await importRouted(sidecar, "upload", product.deps(`r-${requests}`));
  };
  return { ...product, saySidecar };
};

describe("an image that is available", () => {
  it("is not imported again for a sidecar that says the same in other words", async () => {
    const { asked, saySidecar } = await imported("imageName: mine\n");
    await saySidecar("{imageName: mine, architecture: x86_64}");
    expect(asked).toEqual(["ImportImage"]);
  });

  it("is imported once more for each other set of settings, and once only", async () => {
    const { asked, saySidecar, finish, tick } = await imported("imageName: mine\n");
    await saySidecar("{imageName: mine, description: A new one}");
    expect(asked).toHaveLength(2);
    finish("t-2");
    await tick();
    await saySidecar("{description: A new one, imageName: mine}");
    expect(asked).toHaveLength(2);
  });

  it("is imported once more when its sidecar does not name it any longer", async () => {
    const { asked, saySidecar, images } = await imported("imageName: mine\n");
    await saySidecar("architecture: x86_64\n");
    expect(asked).toHaveLength(2);
    expect([...images.values()].map(({ imageName }) => imageName)).toEqual(["mine", expect.stringMatching(/^web-/)]);
  });
});

describe("a claim whose import ECS has not taken", () => {
  it("is taken up again at once by its own invocation, and by no other", async () => {
    const { deps, upload, asked, lines, jobs } = smallProduct();
    await upload("web.raw", "system");
    await expect(importRouted("web.raw", "upload", away(deps("r-1")))).rejects.toThrow(RetryLater);
    await importRouted("web.raw", "upload", deps("r-2"));
    expect(asked).toEqual([]);
    expect(lines.at(-1)).toBe("import.duplicate web.raw");
    await importRouted("web.raw", "upload", deps("r-1"));
    expect(asked).toEqual(["ImportImage"]);
    expect(await jobs("web.raw")).toMatchObject([{ state: "submitted" }]);
  });
});
