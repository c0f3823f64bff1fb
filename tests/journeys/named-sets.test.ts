import { type Product, qcow2, raw } from "./product.ts";
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
