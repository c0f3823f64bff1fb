import { eventOf, type Product, qcow2, raw } from "./product.ts";
import { startWithDeletions } from "./with-deletions.ts";

const namesOf = (product: Product, key: string) => product.linesOf(key).map(({ event }) => event);

describe("deleting what is being imported", () => {
  let product: Product;

  beforeAll(async () => {
    product = await startWithDeletions({ ecsSettings: { importSeconds: 3600 } });
  });
  afterAll(() => product.close());

  const taskOf = (key: string) => {
    const taskId = product.linesOf(key).find(({ event }) => event === "import.submitted")?.taskId;
    return product.cloud.ecs.snapshot().tasks.find(({ TaskId }) => TaskId === taskId);
  };

  it("changes nothing while the bucket manifest does not ask for it", async () => {
    await product.upload("kept.qcow2", qcow2());
    await product.settle();
    await product.bucket.delete("kept.qcow2");
    await product.settle();
    await product.tick();
    expect(namesOf(product, "kept.qcow2")).toContain("object.ignored");
    expect(taskOf("kept.qcow2")?.TaskStatus).toBe("Processing");
  });

  describe("when the bucket manifest asks for it", () => {
    beforeAll(async () => {
      await product.upload("image-import.yaml", "version: 1\ncancelOnDelete: true\n");
      await product.settle();
    });

    it("stops the import at ECS, and no later tick calls it failed", async () => {
      await product.upload("gone.qcow2", qcow2(64 * 2 ** 20, 1));
      await product.settle();
      await product.bucket.delete("gone.qcow2");
      await product.settle();
      expect(await product.statusOf("gone.qcow2")).toMatchObject({ state: "cancelling" });
      for (let ticks = 0; ticks < 3; ticks += 1) await product.tick();
      expect(taskOf("gone.qcow2")?.TaskStatus).toBe("Deleted");
      expect(namesOf(product, "gone.qcow2")).toContain("import.cancelled");
      expect(namesOf(product, "gone.qcow2")).not.toContain("import.failed");
      expect(await product.statusOf("gone.qcow2")).toMatchObject({
        state: "cancelled",
        reason: expect.stringContaining("deleted"),
      });
    });

    it("imports it again when it is uploaded again", async () => {
      await product.upload("gone.qcow2", qcow2(64 * 2 ** 20, 2));
      await product.settle();
      expect(taskOf("gone.qcow2")).toBeDefined();
      expect(namesOf(product, "gone.qcow2").filter((name) => name === "import.submitted")).toHaveLength(2);
    });

    it("ends an import whose sidecar was deleted, when the sidecar had a say in it", async () => {
      await product.upload("web.qcow2.import.yaml", "imageName: web-by-sidecar\n");
      await product.upload("web.qcow2", qcow2(64 * 2 ** 20, 3));
      await product.upload("plain.qcow2", qcow2(64 * 2 ** 20, 4));
      await product.settle();
      await product.bucket.delete("web.qcow2.import.yaml");
      await product.settle();
      await product.tick();
      expect(namesOf(product, "web.qcow2")).toContain("import.cancelled");
      const forged = { ...eventOf(product, "plain.qcow2.import.yaml"), eventName: "ObjectRemoved:DeleteObject" };
      product.cloud.fc?.deliverOssEvent(forged);
      await product.settle();
      await product.tick();
      expect(taskOf("plain.qcow2")?.TaskStatus).toBe("Processing");
    });

    it("believes no event about an object that is there", async () => {
      await product.upload("there.qcow2", qcow2(64 * 2 ** 20, 5));
      await product.settle();
      product.cloud.fc?.deliverOssEvent({
        ...eventOf(product, "there.qcow2"),
        eventName: "ObjectRemoved:DeleteObject",
      });
      await product.settle();
      await product.tick();
      expect(taskOf("there.qcow2")?.TaskStatus).toBe("Processing");
    });

    it.each([
      ["gives an encoded key", "with space 镜像.qcow2", encodeURIComponent],
      ["gives a key that looks encoded", "100%25.qcow2", (key: string) => key],
    ])("takes the object that is meant when the event %s", async (_, key, written) => {
      await product.upload(key, qcow2(64 * 2 ** 20, Buffer.byteLength(key)));
      await product.upload("100%.qcow2", qcow2(64 * 2 ** 20, 50));
      await product.settle();
      await deleteUnseen(product, key);
      product.cloud.fc?.deliverOssEvent({
        ...eventOf(product, written(key)),
        eventName: "ObjectRemoved:DeleteObject",
      });
      await product.settle();
      for (let ticks = 0; ticks < 2; ticks += 1) await product.tick();
      expect(namesOf(product, key)).toContain("import.cancelled");
      expect(taskOf(key)?.TaskStatus).toBe("Deleted");
      expect(taskOf("100%.qcow2")?.TaskStatus).toBe("Processing");
    });

    it("ends the import of a set when one of its disks is deleted", async () => {
      await product.upload("set.qcow2.import.yaml", "disks:\n  - {}\n  - ossObject: data.raw\n");
      await product.upload("data.raw", raw(1, 6));
      await product.upload("set.qcow2", qcow2(64 * 2 ** 20, 6));
      await product.settle();
      expect(taskOf("set.qcow2")?.TaskStatus).toBe("Processing");
      await product.bucket.delete("data.raw");
      await product.settle();
      for (let ticks = 0; ticks < 2; ticks += 1) await product.tick();
      expect(product.linesOf("set.qcow2").at(-1)).toMatchObject({
        event: "import.cancelled",
        reason: expect.stringContaining("data.raw was deleted"),
      });
      expect(taskOf("set.qcow2")?.TaskStatus).toBe("Deleted");
    });

    it("ends what waits for the account", async () => {
      product.cloud.roles.clear();
      await product.upload("parked.qcow2", qcow2(64 * 2 ** 20, 7));
      await product.settle();
      expect(namesOf(product, "parked.qcow2")).toContain("import.parked");
      await product.bucket.deleteMulti(["parked.qcow2"]);
      await product.settle();
      expect(namesOf(product, "parked.qcow2")).toContain("import.cancelled");
      expect((await openEntriesOf(product, "parked.qcow2")).filter((name) => !name.includes(".cancelled."))).toEqual(
        [],
      );
    });

    it("leaves an image alone that is available", async () => {
      const fast = await startWithDeletions();
      try {
        await fast.upload("image-import.yaml", "version: 1\ncancelOnDelete: true\n");
        await fast.upload("done.qcow2", qcow2());
        await fast.settle();
        // It is available at ECS, but no tick has seen that yet.
        while (fast.cloud.ecs.snapshot().images.some(({ Status }) => Status !== "Available"))
          await new Promise((done) => setTimeout(done, 20));
        await fast.bucket.delete("done.qcow2");
        await fast.settle();
        await fast.tick();
        expect(fast.cloud.ecs.snapshot().images).toEqual([expect.objectContaining({ Status: "Available" })]);
        expect(await fast.statusOf("done.qcow2")).toMatchObject({ state: "available" });
      } finally {
        await fast.close();
      }
    });
  });
});

/** Deletes an object without any event. */
async function deleteUnseen({ cloud, bucket }: Product, key: string): Promise<void> {
  if (!cloud.fc) throw new Error("no functions");
  const deliver = cloud.fc.deliverOssEvent;
  cloud.fc.deliverOssEvent = () => 0;
  await bucket.delete(key);
  cloud.fc.deliverOssEvent = deliver;
}

async function openEntriesOf(product: Product, key: string): Promise<readonly string[]> {
  const jobId = product.linesOf(key).find((line) => line.jobId)?.jobId ?? "none";
  const page = await product.stateBucket.listV2({ prefix: `open/${jobId}/`, "max-keys": "10" });
  return (page.objects ?? []).map(({ name }) => name);
}
