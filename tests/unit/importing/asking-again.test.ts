import { type ImportDeps, RetryLater } from "../../../shared/importing/import-deps.ts";
import { importRouted } from "../../../shared/importing/route-object.ts";
import { away, refusing, smallProduct } from "./small-product.ts";

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
    await saySidecar("{imageName: newer, description: A new one}");
    expect(asked).toHaveLength(2);
    finish("t-2");
    await tick();
    await saySidecar("{description: A new one, imageName: newer}");
    expect(asked).toHaveLength(2);
  });

  it("is imported once more when its sidecar does not name it any longer", async () => {
    const { asked, saySidecar, imports } = await imported("imageName: mine\n");
    await saySidecar("architecture: x86_64\n");
    expect(asked).toHaveLength(2);
    expect(imports.map(({ request }) => request.ImageName)).toEqual(["mine", expect.stringMatching(/^web-/)]);
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

/** A product in which an image was imported by itself, and then once more with the sidecar that came later. */
const importedTwice = async (text: string) => {
  const product = smallProduct();
  await product.upload("web.raw", "system");
  await importRouted("web.raw", "upload", product.deps("r-1"));
  product.pass(60);
  await product.upload(sidecar, text);
  await importRouted(sidecar, "upload", product.deps("r-2"));
  return product;
};

describe("an image that was imported with a later sidecar too", () => {
  it("is not imported again when both are uploaded once more with the same bytes", async () => {
    const text = "description: The sidecar gives no name\n";
    const { deps, finish, tick, pass, upload, imports } = await importedTwice(text);
    finish("t-1");
    finish("t-2");
    await tick();
    pass(60);
    await upload("web.raw", "system");
    await upload(sidecar, text);
    await importRouted("web.raw", "upload", deps("r-3"));
    await importRouted(sidecar, "upload", deps("r-4"));
    expect(imports).toHaveLength(2);
  });

  it.each([
    ["the sidecar's event comes again", sidecar, "upload"],
    ["somebody replays it", "web.raw", "replay"],
  ] as const)("keeps that image alone when its first import fails and %s", async (_, key, occasion) => {
    const { deps, finish, fail, tick, asked, lines } = await importedTwice("imageName: mine\n");
    fail("t-1");
    finish("t-2");
    await tick();
    await importRouted(key, occasion, deps("r-3"));
    expect(lines.at(-1)).toBe("import.duplicate web.raw");
    expect(asked).toEqual(["ImportImage", "ImportImage"]);
  });
});

it("never asks ECS for another attempt with the token of an earlier one, whatever the job was in between", async () => {
  const { deps, upload, remove, fail, tick } = smallProduct();
  const tokens: (string | undefined)[] = [];
  const listening = (claimant: string): ImportDeps => {
    const { images, ...others } = deps(claimant);
    const importImage: typeof images.importImage = (request) => {
      tokens.push(request.ClientToken);
      return images.importImage(request);
    };
    return { ...others, images: { ...images, importImage } };
  };
  await upload("web.raw", "system");
  await importRouted("web.raw", "upload", listening("r-1"));
  for (const [index, text] of ["imageNam: mine\n", "disks: [{}, { ossObject: data.raw }]\n"].entries()) {
    fail(`t-${index + 1}`);
    // The first may have to put the index in order.
    await tick();
    await tick();
    // Rejected, and then waiting.
    await upload(sidecar, text);
    await importRouted(sidecar, "upload", listening("r-2"));
    await remove(sidecar);
    await importRouted("web.raw", "replay", listening("r-3"));
  }
  expect(tokens).toHaveLength(3);
  expect(new Set(tokens).size).toBe(3);
});

describe("a parked image that is replayed", () => {
  const parked = async () => {
    const product = smallProduct();
    await product.upload("image-import.yaml", "version: 1\ndefaults: { roleName: mistyped }\n");
    await product.upload("web.raw", "system");
    const deps = refusing(product.deps("r-1"), "NoSetRoletoECSServiceAcount", 403);
    await importRouted("web.raw", "upload", deps);
    return product;
  };

  it("is asked for as before when nothing has changed but the account", async () => {
    const { deps, jobs, asked } = await parked();
    await importRouted("web.raw", "replay", deps("r-2"));
    expect(asked).toEqual(["ImportImage"]);
    expect(await jobs("web.raw")).toMatchObject([{ state: "submitted", attempt: { number: 1 } }]);
  });

  it("is asked for with what the bucket manifest says by now", async () => {
    const { deps, jobs, upload, asked } = await parked();
    await upload("image-import.yaml", "version: 1\ndefaults: { roleName: AliyunECSImageImportDefaultRole }\n");
    await importRouted("web.raw", "replay", deps("r-2"));
    expect(asked).toEqual(["ImportImage"]);
    const request = { RoleName: "AliyunECSImageImportDefaultRole" };
    expect(await jobs("web.raw")).toMatchObject([{ state: "submitted", attempt: { number: 2, request } }]);
  });
});
