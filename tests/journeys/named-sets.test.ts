import { type Product, qcow2, raw, startProduct } from "./product.ts";
import { startWithDeletions } from "./with-deletions.ts";

describe("a set of disks whose sidecar is named after none of them", () => {
  let product: Product;
  const imports: string[][] = [];
  const sidecar = "disks:\n  - ossObject: system.qcow2\n  - ossObject: data.raw\n";

  beforeAll(async () => {
    product = await startWithDeletions({ ecsSettings: { importSeconds: 3600 } });
    product.cloud.faults.plan = ({ operation, parameters = {} }) => {
      const disks = Object.entries(parameters).filter(([name]) => name.endsWith(".OSSObject"));
      if (operation === "ImportImage") imports.push(disks.map(([, key]) => key));
      return undefined;
    };
    await product.upload("image-import.yaml", "version: 1\ncancelOnDelete: true\n");
  });
  beforeEach(() => imports.splice(0));
  afterAll(() => product.close());

  it.each([
    ["sidecar, system disk, data disk", ["db.import.yaml", "system.qcow2", "data.raw"]],
    ["sidecar, data disk, system disk", ["db.import.yaml", "data.raw", "system.qcow2"]],
  ])("is imported once, as a whole: %s", async (name, order) => {
    const folder = name.replaceAll(/\W/g, "-");
    const contents: Record<string, Buffer | string> = {
      "db.import.yaml": sidecar,
      "system.qcow2": qcow2(),
      "data.raw": raw(),
    };
    for (const key of order) {
      await product.upload(`${folder}/${key}`, contents[key] ?? "");
      await product.settle();
    }
    expect(imports).toEqual([[`${folder}/system.qcow2`, `${folder}/data.raw`]]);
    await product.bucket.delete(`${folder}/db.import.yaml`);
    await product.settle();
    await product.tick();
    expect(product.linesOf(`${folder}/system.qcow2`).map(({ event }) => event)).toContain("import.cancelled");
  });
});

describe("a set that is uploaded in one go, its sidecar first", () => {
  let product: Product;
  const imports: string[][] = [];

  beforeAll(async () => {
    product = await startProduct({ ecsSettings: { importSeconds: 3600 } });
    product.cloud.faults.plan = ({ operation, parameters = {} }) => {
      const disks = Object.entries(parameters).filter(([name]) => name.endsWith(".OSSObject"));
      if (operation === "ImportImage") imports.push(disks.map(([, key]) => key));
      return undefined;
    };
  });
  beforeEach(() => imports.splice(0));
  afterAll(() => product.close());

  it.each([
    ["named after its system disk", "db.raw.import.yaml", "disks:\n  - {}\n  - ossObject: d1.raw\n"],
    ["named after none of its disks", "db.import.yaml", "disks:\n  - ossObject: db.raw\n  - ossObject: d1.raw\n"],
  ])("is one image, whichever of its events is handled first: sidecar %s", async (name, sidecarKey, sidecar) => {
    const folders = Array.from({ length: 8 }, (_, number) => `${name.replaceAll(/\W/g, "-")}-${number}`);
    for (const folder of folders) {
      await product.upload(`${folder}/${sidecarKey}`, `imageName: ${folder}\n${sidecar}`);
      await product.upload(`${folder}/d1.raw`, raw());
      await product.upload(`${folder}/db.raw`, raw());
    }
    await product.settle();
    await product.tick();
    expect(imports.toSorted()).toEqual(folders.map((folder) => [`${folder}/db.raw`, `${folder}/d1.raw`]));
  });

  it("is one image in the root of the bucket too", async () => {
    await product.upload("db.raw.import.yaml", "disks:\n  - {}\n  - ossObject: d1.raw\n");
    await product.upload("d1.raw", raw());
    await product.upload("db.raw", raw());
    await product.settle();
    await product.tick();
    expect(imports).toEqual([["db.raw", "d1.raw"]]);
  });
});
