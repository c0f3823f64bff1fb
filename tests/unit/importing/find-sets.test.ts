import { CloudError } from "../../../shared/cloud/cloud-error.ts";
import type { ImportDeps } from "../../../shared/importing/import-deps.ts";
import { importRouted } from "../../../shared/importing/route-object.ts";
import { bucket, smallProduct } from "./small-product.ts";

const hour = 3600;
const named = (...disks: readonly string[]): string =>
  ["disks:", "  - {}", ...disks.map((disk) => `  - ossObject: ${disk}`), ""].join("\n");

type SmallProduct = ReturnType<typeof smallProduct>;

/** The disks of each import that was asked for. */
const importsOf = async (product: SmallProduct, ...keys: readonly string[]): Promise<readonly string[][]> => {
  const jobs = new Map((await Promise.all(keys.map(product.jobs))).flat().map((job) => [job.jobId, job]));
  return [...jobs.values()]
    .flatMap(({ attempt }) => (attempt?.taskId ? [attempt.request.DiskDeviceMapping] : []))
    .map((disks) => disks.map(({ OSSObject }) => OSSObject));
};

/** Every order of some things. */
const ordersOf = <T>(things: readonly T[]): readonly (readonly T[])[] =>
  things.length < 2
    ? [things]
    : things.flatMap((first, index) => ordersOf(things.toSpliced(index, 1)).map((rest) => [first, ...rest]));

/** Counts the calls to OSS. */
function counted({ objects, ...deps }: ImportDeps) {
  const calls: string[] = [];
  const seen: ImportDeps["objects"] = {
    ...objects,
    list: (...asked) => {
      calls.push(`list ${asked[1].prefix}`);
      return objects.list(...asked);
    },
    read: (...asked) => {
      calls.push(`read ${asked[0].key}`);
      return objects.read(...asked);
    },
  };
  return { calls, deps: { ...deps, objects: seen } };
}

describe("a set whose sidecar was there before its disks", () => {
  const sidecar = "db/db.raw.import.yaml";
  const keys = ["db/db.raw", "db/d1.raw", "db/d2.raw"];

  it.each(ordersOf([sidecar, ...keys]))("is one image, when its events come as %s, %s, %s, %s", async (...events) => {
    const product = smallProduct();
    await product.upload(sidecar, named("d1.raw", "d2.raw"));
    for (const key of keys) await product.upload(key, key);
    for (const key of events) await importRouted(key, "upload", product.deps(key));
    expect(product.asked).toEqual(["ImportImage"]);
    expect(await importsOf(product, ...keys)).toEqual([keys]);
  });

  it.each(ordersOf([sidecar, ...keys]))(
    "is one image, when all are handled at once: %s, %s, %s, %s",
    async (...events) => {
      const product = smallProduct();
      await product.upload(sidecar, named("d1.raw", "d2.raw"));
      for (const key of keys) await product.upload(key, key);
      // Who comes too late for a claim may be told to come again: the tick does.
      await Promise.allSettled(events.map((key) => importRouted(key, "upload", product.deps(key))));
      await product.tick();
      expect(product.asked).toEqual(["ImportImage"]);
    },
  );

  it.each(ordersOf(["db.import.yaml", "system.raw", "d1.raw"]))(
    "may have a name of its own: %s, %s, %s",
    async (...events) => {
      const product = smallProduct();
      await product.upload("db.import.yaml", "disks:\n  - ossObject: system.raw\n  - ossObject: d1.raw\n");
      await product.upload("system.raw", "system");
      await product.upload("d1.raw", "data");
      for (const key of events) await importRouted(key, "upload", product.deps(key));
      expect(await importsOf(product, "system.raw", "d1.raw")).toEqual([["system.raw", "d1.raw"]]);
    },
  );

  it("is waited for by a disk that comes first, and remembered by it", async () => {
    const product = smallProduct();
    await product.upload("db.raw.import.yaml", named("d1.raw"));
    await product.upload("d1.raw", "data");
    const deps = product.deps("r-1");
    await importRouted("d1.raw", "upload", deps);
    expect(product.asked).toEqual([]);
    expect(product.lines).toEqual(["object.waiting db.raw"]);
    expect(await deps.members.setsOf({ bucket, key: "d1.raw" })).toEqual(["db.raw"]);
    await product.upload("db.raw", "system");
    await importRouted("db.raw", "upload", product.deps("r-2"));
    expect(await importsOf(product, "db.raw", "d1.raw")).toEqual([["db.raw", "d1.raw"]]);
  });

  it.each([
    ["an upload is up to six hours older", 6, "upload", ["ImportImage"], [["db.raw", "d1.raw"]]],
    ["an upload is older, whose event is over", 7, "upload", ["ImportImage"], [["d1.raw"]]],
    ["an image that somebody asks for is of any age", 1000, "replay", ["ImportImage"], [["db.raw", "d1.raw"]]],
  ] as const)("beside %s", async (_, hours, occasion, asked, imports) => {
    const product = smallProduct();
    await product.upload("db.raw.import.yaml", named("d1.raw"));
    product.pass(hours * hour);
    await product.upload("db.raw", "system");
    await product.upload("d1.raw", "data");
    await importRouted("d1.raw", occasion, product.deps("r-1"));
    expect(product.asked).toEqual(asked);
    expect(await importsOf(product, "db.raw", "d1.raw")).toEqual(imports);
  });
});

describe("a disk in another folder than its sidecar", () => {
  it.each(ordersOf(["db/db.raw", "db/disks/d1.raw", "db/db.raw.import.yaml"]))(
    "belongs to its set in any order, where images wait for manifests: %s, %s, %s",
    async (...events) => {
      const product = smallProduct();
      await product.upload("image-import.yaml", "version: 1\nrules:\n  - { match: '**', requireManifest: true }\n");
      await product.upload("db/db.raw.import.yaml", named("disks/d1.raw"));
      await product.upload("db/disks/d1.raw", "data");
      await product.upload("db/db.raw", "system");
      for (const key of events) await importRouted(key, "upload", product.deps(key));
      for (let ticks = 0; ticks < 5; ticks += 1) await product.tick();
      expect(await importsOf(product, "db/db.raw", "db/disks/d1.raw")).toEqual([["db/db.raw", "db/disks/d1.raw"]]);
      const [job] = (await product.jobs("db/disks/d1.raw")).filter(({ subject }) => subject.key === "db/disks/d1.raw");
      expect(job?.state ?? "cancelled").toBe("cancelled");
    },
  );
});

describe("an image is one of its own", () => {
  /** What is imported after the upload of d1.raw, beside these manifests. */
  const importedBeside = async (manifests: Readonly<Record<string, string>>) => {
    const product = smallProduct();
    for (const [key, text] of Object.entries(manifests)) await product.upload(key, text);
    await product.upload("a/db.raw", "system");
    await product.upload("a/d1.raw", "data");
    await importRouted("a/d1.raw", "upload", product.deps("r-1"));
    return importsOf(product, "a/d1.raw", "a/db.raw");
  };

  it.each([
    ["no sidecar names it", { "a/db.raw.import.yaml": named("d2.raw") }],
    ["the sidecar that names it is not valid", { "a/db.raw.import.yaml": `${named("d1.raw")}imageNam: x\n` }],
    ["its writer may not say so", { "a/db.raw.import.yaml": `${named("d1.raw")}roleName: admin\n` }],
    ["the set has two manifests", { "a/db.raw.import.yaml": named("d1.raw"), "a/db.raw.import.json": "{}" }],
    ["the sidecar lies in another folder", { "db.raw.import.yaml": named("a/d1.raw") }],
    ["it lies below", { "a/b/db.raw.import.yaml": named("/a/d1.raw") }],
    [
      "it has a sidecar of its own",
      { "a/db.raw.import.yaml": named("d1.raw"), "a/d1.raw.import.yaml": "imageName: mine\n" },
    ],
  ])("when %s", async (_, manifests) => {
    expect(await importedBeside(manifests)).toEqual([["a/d1.raw"]]);
  });

  it("when two sets name it, is neither: it belongs to one of them, and each set is imported once", async () => {
    const product = smallProduct();
    for (const set of ["a.raw", "b.raw"]) {
      await product.upload(`${set}.import.yaml`, named("d1.raw"));
      await product.upload(set, set);
    }
    await product.upload("d1.raw", "data");
    for (const key of ["d1.raw", "a.raw", "b.raw", "a.raw.import.yaml", "b.raw.import.yaml"])
      await importRouted(key, "upload", product.deps(key));
    expect((await importsOf(product, "a.raw", "b.raw", "d1.raw")).toSorted()).toEqual([
      ["a.raw", "d1.raw"],
      ["b.raw", "d1.raw"],
    ]);
  });
});

describe("a set whose system disk is another than the image that its sidecar belongs to", () => {
  const sidecar = "web.raw.import.yaml";

  it.each(ordersOf([sidecar, "web.raw", "data.raw"]))("is one image, when %s, %s and %s come", async (...keys) => {
    const product = smallProduct();
    await product.upload("image-import.yaml", "version: 1\nrules: [{match: '*.raw', requireManifest: true}]\n");
    for (const key of keys) {
      await product.upload(key, key === sidecar ? "disks: [{ossObject: data.raw}, {}]\n" : key);
      product.pass(1);
      await importRouted(key, "upload", product.deps(key));
    }
    for (const key of keys) await importRouted(key, "upload", product.deps(`${key} again`));
    expect(product.asked).toEqual(["ImportImage"]);
    expect(await importsOf(product, "data.raw")).toEqual([["data.raw", "web.raw"]]);
  });
});

describe("a look at the folder of an image", () => {
  it("is one list, and no read where no sidecar is young", async () => {
    const product = smallProduct();
    await product.upload("a/db.raw.import.yaml", named("d1.raw"));
    product.pass(7 * hour);
    await product.upload("a/d1.raw", "data");
    const { calls, deps } = counted(product.deps("r-1"));
    await importRouted("a/d1.raw", "upload", deps);
    expect(calls.filter((call) => call === "list a/")).toHaveLength(1);
    expect(calls.filter((call) => call.startsWith("read a/"))).toEqual([]);
  });

  it("reads twenty sidecars at most, those that were written closest to it", async () => {
    const product = smallProduct();
    for (let number = 0; number < 500; number += 1) {
      if (number === 480) await product.upload("db.raw.import.yaml", named("d1.raw"));
      product.pass(1);
      await product.upload(`${number}.raw.import.yaml`, "imageName: other\n");
    }
    product.pass(1);
    await product.upload("d1.raw", "data");
    const { calls, deps } = counted(product.deps("r-1"));
    await importRouted("d1.raw", "upload", deps);
    const reads = calls.filter((call) => /^read \d+\.raw\.import/.test(call));
    expect(reads).toHaveLength(20);
    expect(reads).toContain("read 499.raw.import.yaml");
    expect(product.asked).toEqual(["ImportImage"]);
  });

  it.each(["TooLarge", "Symlink", "InvalidObjectState", "AccessDenied"])(
    "is not held up by a sidecar that is refused with %s",
    async (code) => {
      const { product, deps } = await refusedSidecar(code, 403);
      await importRouted("d1.raw", "upload", deps);
      expect(product.asked).toEqual(["ImportImage"]);
    },
  );

  it.each(["InternalError", "SecurityTokenExpired"])("does not guess when OSS answers %s", async (code) => {
    const { product, deps } = await refusedSidecar(code, 500);
    await expect(importRouted("d1.raw", "upload", deps)).rejects.toMatchObject({ code });
    expect(product.asked).toEqual([]);
  });
});

/** A sidecar that names d1.raw and cannot be read. */
async function refusedSidecar(code: string, status: number) {
  const product = smallProduct();
  await product.upload("db.raw.import.yaml", named("d1.raw"));
  await product.upload("d1.raw", "data");
  const { objects, ...deps } = product.deps("r-1");
  const read: ImportDeps["objects"]["read"] = (object, maximum) =>
    object.key === "db.raw.import.yaml"
      ? Promise.reject(new CloudError({ service: "oss", code, message: "no", status }))
      : objects.read(object, maximum);
  return { product, deps: { ...deps, objects: { ...objects, read } } };
}
