import { statusKeyOf, statusOf, writeStatus } from "../../../shared/importing/status-file.ts";
import type { JobRecord } from "../../../shared/ledger/job.ts";
import { memoryObjects } from "../ledger/memory-objects.ts";

const object = { bucket: "images", key: "in/web.raw" };
const statusObject = { bucket: "images", key: "in/web.raw.import-status.json" };

const recordOf = (record: Partial<JobRecord> = {}): JobRecord => ({
  jobId: "ab".repeat(16),
  sequence: 2,
  state: "submitted",
  at: "2026-11-23T10:00:00.000Z",
  nonce: "secret-nonce",
  subject: { region: "cn-hangzhou", ...object, etag: "0CC175B9C0F1B6A831C399E269772661" },
  uploadedAt: "2026-11-23T09:59:00.000Z",
  ...record,
});

/** An object with the content `a`, whose ETag the record above names, and a ledger with this current record. */
const given = async (current: JobRecord | undefined, content = "a") => {
  const objects = memoryObjects();
  await objects.put(object, content, "application/octet-stream");
  const record = async (_: string, sequence: number) => (current && sequence <= current.sequence ? current : undefined);
  const deps = { objects, ledger: { current: async () => current, record } } as unknown as Parameters<
    typeof writeStatus
  >[1];
  const shown = async () => {
    const found = await objects.read(statusObject, 9999);
    return found && (JSON.parse(found.body.toString("utf8")) as Record<string, unknown>);
  };
  return { objects, deps, shown };
};

describe("the status file", () => {
  it("lies beside the image, if its key is not too long for OSS", () => {
    expect(statusKeyOf("in/web.raw")).toBe(statusObject.key);
    expect(statusKeyOf("k".repeat(1023 - 19))).toHaveLength(1023);
    expect(statusKeyOf("k".repeat(1023 - 18))).toBeUndefined();
    expect(statusKeyOf("镜".repeat(335))).toBeUndefined();
  });

  it("says what a person wants to know, and nothing of our inner workings", () => {
    const status = statusOf(recordOf({ state: "failed", code: "QuotaExceed.Image", reason: "full", advice: "delete" }));
    expect(status).toEqual({
      version: 1,
      state: "failed",
      updatedAt: "2026-11-23T10:00:00.000Z",
      jobId: "ab".repeat(16),
      region: "cn-hangzhou",
      bucket: "images",
      key: "in/web.raw",
      etag: "0CC175B9C0F1B6A831C399E269772661",
      code: "QuotaExceed.Image",
      reason: "full",
      advice: "delete",
    });
  });

  it("is written for the version of the object that is there", async () => {
    const { deps, shown } = await given(recordOf());
    await writeStatus(recordOf(), deps);
    expect(await shown()).toMatchObject({ state: "submitted" });
  });

  it("of an older version does not cover that of a newer one", async () => {
    const { deps, shown } = await given(recordOf(), "newer content");
    await writeStatus(recordOf({ state: "available" }), deps);
    expect(await shown()).toBeUndefined();
  });

  it("is still written when the object was deleted: somebody may wait for it", async () => {
    const { objects, deps, shown } = await given(undefined);
    await objects.delete(object);
    await writeStatus(recordOf({ state: "failed" }), deps);
    expect(await shown()).toMatchObject({ state: "failed" });
  });

  it("ends as the ledger says when the job moved on while it was written", async () => {
    const { deps, shown } = await given(recordOf({ sequence: 3, state: "available" }));
    await writeStatus(recordOf(), deps);
    expect(await shown()).toMatchObject({ state: "available" });
  });
});
