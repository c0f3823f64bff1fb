import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ossOfEachTest } from "./oss-of-each-test.ts";

/** Versions, encryption, archives and restarts: what needs the embedded OSS's clock or its administration. */
const { oss, startAt } = ossOfEachTest();

describe("buckets", () => {
  it("ignores x-oss-forbid-overwrite once versioning was switched on, as OSS does", async () => {
    await startAt(new Date());
    const client = oss.client();
    const put = (text: string) =>
      client.put("once", Buffer.from(text), { headers: { "x-oss-forbid-overwrite": "true" } });
    for (const versioning of ["Enabled", "Suspended"] as const) {
      await oss.server.createBucket("images-prod", { versioning });
      await put("first");
      await put("second");
    }
    expect(String((await client.get("once")).content)).toBe("second");
  });

  it("keeps versions, marks deletions, and gives an old version back", async () => {
    await startAt(new Date());
    await oss.server.createBucket("images-prod", { versioning: "Enabled" });
    const client = oss.client();
    const idOf = async (text: string) => {
      const { res } = await client.put("v", Buffer.from(text));
      return (res.headers as Record<string, string>)["x-oss-version-id"] ?? "";
    };
    const first = await idOf("first");
    await idOf("second");
    await client.delete("v");
    await expect(client.get("v")).rejects.toMatchObject({ status: 404 });
    expect(String((await client.get("v", { subres: { versionId: first } } as never)).content)).toBe("first");
    const versions = await (
      client as unknown as {
        getBucketVersions(query: object): Promise<{ objects: unknown[]; deleteMarker: { versionId: string }[] }>;
      }
    ).getBucketVersions({ "max-keys": 10 });
    expect([versions.objects.length, versions.deleteMarker.length]).toEqual([2, 1]);
    await client.delete("v", { subres: { versionId: versions.deleteMarker[0]?.versionId } } as never);
    expect(String((await client.get("v")).content)).toBe("second");
  });

  it("shows the bucket's default encryption on its objects", async () => {
    await startAt(new Date());
    await oss.server.createBucket("images-prod", { encryption: { algorithm: "KMS", kmsKeyId: "key-1" } });
    const client = oss.client();
    await client.put("a", Buffer.from("x"));
    expect((await client.head("a")).res.headers).toMatchObject({
      "x-oss-server-side-encryption": "KMS",
      "x-oss-server-side-encryption-key-id": "key-1",
    });
    expect(oss.server.lookup.bucket("images-prod")?.encryption).toBe("KMS");
  });

  it("makes, lists and removes buckets", async () => {
    await startAt(new Date());
    const client = oss.client();
    await client.putBucket("another");
    const names = async () =>
      ((await client.listBuckets({})) as unknown as { buckets: { name: string }[] }).buckets.map(({ name }) => name);
    expect(await names()).toEqual(["another", "images-prod"]);
    await client.put("a", Buffer.from("x"));
    await expect(client.deleteBucket("images-prod")).rejects.toMatchObject({ code: "BucketNotEmpty" });
    await client.deleteBucket("another");
    expect(await names()).toEqual(["images-prod"]);
  });

  it("has no bucket names that mean something to itself", async () => {
    const names = ["buckets", "contents", "temporary", "objects", "data"];
    const directory = await mkdtemp(join(tmpdir(), "oss-kept-"));
    await startAt(new Date(), { dataDirectory: directory });
    for (const bucket of names) {
      await oss.client().putBucket(bucket);
      await oss.client({ bucket }).put("a//b", Buffer.from(bucket));
    }
    await oss.client({ bucket: "buckets" }).delete("a//b");
    await oss.client().deleteBucket("buckets");
    await oss.server.close();
    await startAt(new Date(), { dataDirectory: directory });
    for (const bucket of names.slice(1))
      expect(String((await oss.client({ bucket }).get("a//b")).content)).toBe(bucket);
  });

  it("restores an archived object as its clock goes, and lets ECS see it", async () => {
    const clock = await startAt(new Date());
    const client = oss.client();
    await client.put("cold", Buffer.from("bytes"), { headers: { "x-oss-storage-class": "ColdArchive" } });
    expect(await oss.server.lookup.object("images-prod", "cold")).toMatchObject({ readable: false });
    await client.restore("cold", { type: "ColdArchive" } as never);
    clock.set(new Date(clock.now().getTime() + 61_000));
    expect(String((await client.get("cold")).content)).toBe("bytes");
    const found = await oss.server.lookup.object("images-prod", "cold");
    expect(found).toMatchObject({ readable: true, storageClass: "ColdArchive", size: 5 });
    expect(String(await found?.read(1, 100))).toBe("ytes");
  });

  it("serves again what an earlier server left", async () => {
    const directory = await mkdtemp(join(tmpdir(), "oss-kept-"));
    await startAt(new Date(), { dataDirectory: directory });
    await oss.client().put("a/b", Buffer.from("visible"), { headers: { "x-oss-meta-n": "1" } });
    await oss.client().put("a//b", Buffer.from("hidden"));
    await oss.server.close();
    await startAt(new Date(), { dataDirectory: directory });
    expect((await oss.client().head("a/b")).meta).toEqual({ n: "1" });
    expect(String((await oss.client().get("a//b")).content)).toBe("hidden");
  });
});
