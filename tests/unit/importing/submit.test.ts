import type { Clock } from "../../../shared/clock.ts";
import { CloudError, noAnswer } from "../../../shared/cloud/cloud-error.ts";
import type { Image, ImageService } from "../../../shared/cloud/ports.ts";
import { claim, newAttempt } from "../../../shared/importing/claim.ts";
import { type ImportDeps, RetryLater } from "../../../shared/importing/import-deps.ts";
import type { ImportImageRequest } from "../../../shared/importing/import-request.ts";
import { parkingPauseInMilliseconds } from "../../../shared/importing/settle-refusal.ts";
import { submit } from "../../../shared/importing/submit.ts";
import { takeOver } from "../../../shared/importing/take-over.ts";
import { ossDiskMembers } from "../../../shared/ledger/disk-members.ts";
import { type JobRecord, jobIdOf } from "../../../shared/ledger/job.ts";
import { ossLedger } from "../../../shared/ledger/ledger.ts";
import { memoryObjects } from "../ledger/memory-objects.ts";

const start = Date.parse("2026-11-23T10:00:00Z");
const tagName = "oss-image-import:attempt";

const refusal = (code: string): CloudError => new CloudError({ service: "ecs", code, message: "no", status: 400 });
const lost = (): CloudError =>
  new CloudError({ service: "ecs", code: noAnswer, message: "socket hang up", outcomeUnknown: true });

/** What one call of ImportImage does: begins an import or not, and answers or not. */
interface Answer {
  readonly begins: boolean;
  readonly error?: CloudError;
}

const good: Answer = { begins: true };

/** A job that is claimed for the import of one object, on an ECS that answers as told. */
const claimedJob = async (answers: readonly Answer[], { nameIsDefault = true } = {}) => {
  let now = start;
  const clock: Clock = {
    now: () => new Date(now),
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
  };
  const objects = memoryObjects();
  const object = { bucket: "images", key: "web.raw" };
  await objects.put(object, "content", "application/octet-stream");
  const etag = (await objects.stat(object))?.etag ?? "";
  const images = new Map<string, Image>();
  const asked: ImportImageRequest[] = [];
  const service: ImageService = {
    importImage: async (request) => {
      const answer = answers[asked.length] ?? good;
      asked.push(request);
      const imageId = `m-${asked.length}`;
      const tags = new Map(request.Tag.map(({ Key, Value }) => [Key, Value]));
      const image = { imageId, imageName: request.ImageName, status: "Creating", tags, disks: [], check: undefined };
      if (answer.begins) images.set(imageId, image);
      if (answer.error) throw answer.error;
      return { imageId, taskId: `t-${asked.length}`, requestId: "R" };
    },
    describeTasks: async (query) =>
      "imageId" in query
        ? [{ taskId: query.imageId.replace("m", "t"), status: "Processing", imageId: query.imageId }]
        : [],
    describeTask: async () => undefined,
    describeImages: async (query) =>
      [...images.values()].filter((image) => {
        if ("imageName" in query) return image.imageName === query.imageName;
        return "tag" in query && image.tags.get(query.tag.key) === query.tag.value;
      }),
    cancelTask: async () => undefined,
  };
  const lines: string[] = [];
  const deps: ImportDeps = {
    region: "cn-hangzhou",
    bucket: object.bucket,
    objects,
    images: service,
    ledger: ossLedger({ objects, stateBucket: "state", clock }),
    members: ossDiskMembers(objects, "state"),
    inspect: () => Promise.reject(new Error("nothing is inspected here")),
    log: (level, event) => void lines.push(`${level} ${event}`),
    clock,
    patience: { clock, deadline: new Date(start + 115_000), random: () => 0 },
    claimant: "r-1",
  };
  const subject = { region: "cn-hangzhou", ...object, etag };
  const request: ImportImageRequest = {
    RegionId: "cn-hangzhou",
    ImageName: "web",
    DiskDeviceMapping: [{ OSSBucket: object.bucket, OSSObject: object.key }],
    Tag: [{ Key: "team", Value: "web" }],
  };
  const attempt = newAttempt(jobIdOf(subject), 1, request, [etag], nameIsDefault, "r-1");
  const made = await claim(undefined, { subject, uploadedAt: new Date(start).toISOString() }, attempt, deps);
  if (!made.done) throw new Error("the job was there already");
  return {
    claimed: made.record,
    attempt,
    deps,
    images,
    asked,
    lines,
    objects,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    tokens: () => asked.map(({ ClientToken }) => ClientToken),
    status: async () =>
      JSON.parse(String((await objects.read({ ...object, key: "web.raw.import-status.json" }, 9999))?.body)),
  };
};

describe("the submission of a claimed job", () => {
  it("asks once, with the attempt's token as ClientToken and as tag", async () => {
    const job = await claimedJob([good]);
    const record = await submit(job.claimed, false, job.deps);
    expect(record).toMatchObject({ state: "submitted", sequence: 2, attempt: { imageId: "m-1", taskId: "t-1" } });
    expect(job.asked).toMatchObject([
      {
        ImageName: "web",
        ClientToken: job.attempt.token,
        Tag: [{ Key: "team" }, { Key: tagName, Value: job.attempt.token }],
      },
    ]);
    expect(job.lines).toEqual(["info import.submitted"]);
    expect(await job.status()).toMatchObject({ state: "submitted", imageId: "m-1" });
  });

  it("finds the import that it began although the answer was lost, and does not ask again", async () => {
    const job = await claimedJob([{ begins: true, error: lost() }]);
    expect(await submit(job.claimed, false, job.deps)).toMatchObject({
      state: "submitted",
      attempt: { imageId: "m-1", taskId: "t-1" },
    });
    expect([job.asked.length, job.images.size]).toEqual([1, 1]);
  });

  it("asks again with the same token when the request was lost", async () => {
    const job = await claimedJob([{ begins: false, error: lost() }, good]);
    expect(await submit(job.claimed, false, job.deps)).toMatchObject({
      state: "submitted",
      attempt: { imageId: "m-2" },
    });
    expect(job.tokens()).toEqual([job.attempt.token, job.attempt.token]);
  });

  it("looks first when it repairs what another began", async () => {
    const job = await claimedJob([]);
    await job.deps.images.importImage({
      RegionId: "r",
      ImageName: "web",
      DiskDeviceMapping: [],
      Tag: [{ Key: tagName, Value: job.attempt.token }],
    });
    expect(await submit(job.claimed, true, job.deps)).toMatchObject({
      state: "submitted",
      attempt: { imageId: "m-1" },
    });
    expect(job.asked).toHaveLength(1);
    expect(job.lines).toEqual(["info import.repaired"]);
  });

  it("is patient with an ECS that is busy", async () => {
    const busy = { begins: false, error: refusal("Throttling.User") };
    const job = await claimedJob([busy, busy, { begins: false, error: refusal("ServiceUnavailable") }, good]);
    expect(await submit(job.claimed, false, job.deps)).toMatchObject({ state: "submitted" });
    expect(new Set(job.tokens()).size).toBe(1);
  });

  it("gives up for now when no answer comes, and leaves the claim to be repaired", async () => {
    const job = await claimedJob(Array(9).fill({ begins: false, error: lost() }));
    await expect(submit(job.claimed, false, job.deps)).rejects.toBeInstanceOf(RetryLater);
    expect(job.asked).toHaveLength(5);
    expect(await job.deps.ledger.current(job.claimed.jobId)).toEqual(job.claimed);
    expect((await job.deps.ledger.openJobs(undefined)).entries).toMatchObject([{ state: "claimed" }]);
  });

  it("begins nothing new after its deadline", async () => {
    const job = await claimedJob([{ begins: false, error: refusal("Throttling") }, good]);
    job.pass(114_950);
    await expect(submit(job.claimed, false, job.deps)).rejects.toBeInstanceOf(RetryLater);
    expect(job.asked).toHaveLength(1);
  });

  it("parks the job when the account must change first, which is said once", async () => {
    const full = { begins: false, error: refusal("QuotaExceed.Image") };
    const job = await claimedJob([full, full]);
    const parked = await submit(job.claimed, false, job.deps);
    expect(parked).toMatchObject({ state: "parked", code: "QuotaExceed.Image", tries: 1, since: job.claimed.at });
    expect(await job.status()).toMatchObject({ state: "parked", code: "QuotaExceed.Image" });
    expect((await job.deps.ledger.openJobs(undefined)).entries).toMatchObject([
      { state: "parked", due: start / 1000 + 60 },
    ]);
    job.pass(60_000);
    const again = await claim(parked, job.claimed, job.attempt, job.deps);
    expect(await submit(again.done ? again.record : job.claimed, false, job.deps)).toMatchObject({
      state: "parked",
      tries: 2,
      since: job.claimed.at,
    });
    expect(job.lines).toEqual(["warn import.parked", "debug import.parked"]);
  });

  it("says that it is parked although it was taken over from a process that died before", async () => {
    const job = await claimedJob([{ begins: false, error: refusal("QuotaExceed.Image") }]);
    const parked = await takeOver(job.claimed, { ...job.deps, claimant: "tick" });
    expect(parked).toMatchObject({ state: "parked", tries: 2 });
    expect(job.lines).toEqual(["warn import.parked"]);
  });

  it("says it before writing it down, so that no death in between hides it", async () => {
    const job = await claimedJob([{ begins: false, error: refusal("QuotaExceed.Image") }]);
    const died = new Error("the process was killed");
    const dying = { ...job.deps.ledger, append: () => Promise.reject(died) };
    await expect(submit(job.claimed, false, { ...job.deps, ledger: dying })).rejects.toBe(died);
    expect(job.lines).toEqual(["warn import.parked"]);
  });

  it("says so again when it is another fault", async () => {
    const codes = ["QuotaExceed.Image", "Account.Arrearage", "Account.Arrearage"];
    const job = await claimedJob(codes.map((code) => ({ begins: false, error: refusal(code) })));
    let record = await submit(job.claimed, false, job.deps);
    for (const _ of codes.slice(1)) {
      job.pass(60_000);
      record = record && (await takeOver(record, job.deps));
    }
    expect(job.lines).toEqual(["warn import.parked", "warn import.parked", "debug import.parked"]);
  });

  it("ends a job that was parked for 14 days", async () => {
    const job = await claimedJob([{ begins: false, error: refusal("QuotaExceed.Image") }]);
    const since = new Date(start - 15 * 24 * 3600_000).toISOString();
    const old: JobRecord = { ...job.claimed, since, tries: 300 };
    expect(await submit(old, false, job.deps)).toMatchObject({
      state: "failed",
      reason: expect.stringContaining("14 days"),
    });
  });

  it("waits longer each time, an hour at most", () => {
    expect([1, 2, 3, 6, 7, 50, 5000].map((tries) => parkingPauseInMilliseconds(tries) / 60_000)).toEqual([
      1, 2, 4, 32, 60, 60, 60,
    ]);
  });

  it("ends the job when ECS refuses for good", async () => {
    const job = await claimedJob([{ begins: false, error: refusal("InvalidPlatform.Malformed") }]);
    expect(await submit(job.claimed, false, job.deps)).toMatchObject({
      state: "failed",
      code: "InvalidPlatform.Malformed",
    });
    expect(job.asked).toHaveLength(1);
    expect(job.lines).toEqual(["error import.failed"]);
    expect(await job.status()).toMatchObject({ state: "failed", advice: expect.stringMatching(/\w/) });
  });

  describe("when the name is taken", () => {
    const taken = { begins: false, error: refusal("InvalidImageName.Duplicated") };
    const other: Image = {
      imageId: "m-other",
      imageName: "web",
      status: "Available",
      tags: new Map(),
      disks: [],
      check: undefined,
    };

    it("by its own earlier call, that import is the one", async () => {
      const job = await claimedJob([{ begins: true, error: refusal("InvalidImageName.Duplicated") }]);
      expect(await submit(job.claimed, false, job.deps)).toMatchObject({
        state: "submitted",
        attempt: { imageId: "m-1" },
      });
    });

    it("by another image, a default name gives way and becomes another attempt", async () => {
      const job = await claimedJob([taken, good]);
      job.images.set(other.imageId, other);
      const record = await submit(job.claimed, false, job.deps);
      const name = `web-${job.claimed.jobId.slice(0, 8)}`;
      expect(record).toMatchObject({ state: "submitted", attempt: { number: 2, request: { ImageName: name } } });
      expect(new Set(job.tokens()).size).toBe(2);
    });

    it("by another image, a given name is not changed: the job ends", async () => {
      const job = await claimedJob([taken], { nameIsDefault: false });
      job.images.set(other.imageId, other);
      expect(await submit(job.claimed, false, job.deps)).toMatchObject({
        state: "failed",
        code: "InvalidImageName.Duplicated",
      });
      expect(job.asked).toHaveLength(1);
    });

    it("by another image, and so is the name that it gives way to, the job ends", async () => {
      const job = await claimedJob([taken, taken, taken, taken]);
      job.images.set(other.imageId, other);
      const imageName = `web-${job.claimed.jobId.slice(0, 8)}`;
      job.images.set("m-third", { ...other, imageId: "m-third", imageName });
      job.images.set("m-fourth", { ...other, imageId: "m-fourth", imageName: `${imageName}${imageName.slice(3)}` });
      expect(await submit(job.claimed, false, job.deps)).toMatchObject({ state: "failed", attempt: { number: 2 } });
      expect(job.asked.map(({ ImageName }) => ImageName)).toEqual(["web", imageName]);
    });

    it("by its own earlier call, which comes to light only as the holder is looked for, the name stays", async () => {
      const job = await claimedJob([{ begins: true, error: refusal("InvalidImageName.Duplicated") }]);
      const { describeImages } = job.deps.images;
      let looks = 0;
      const late: typeof describeImages = async (query) => {
        looks += 1;
        return looks === 1 ? [] : describeImages(query);
      };
      const deps = { ...job.deps, images: { ...job.deps.images, describeImages: late } };
      expect(await submit(job.claimed, false, deps)).toMatchObject({
        state: "submitted",
        attempt: { number: 1, imageId: "m-1" },
      });
      expect(job.images.size).toBe(1);
    });

    it("by nobody that can be seen yet, it asks again under the same name", async () => {
      const job = await claimedJob([taken, good]);
      expect(await submit(job.claimed, false, job.deps)).toMatchObject({ state: "submitted", attempt: { number: 1 } });
      expect(new Set(job.tokens()).size).toBe(1);
    });
  });

  it.each([
    ["replaced", "another content", "replaced by a newer version"],
    ["deleted", undefined, "deleted before it could be imported"],
  ])("asks for nothing once the object was %s", async (_, content, reason) => {
    const job = await claimedJob([good]);
    const object = { bucket: "images", key: "web.raw" };
    await (content === undefined ? job.objects.delete(object) : job.objects.put(object, content, "x"));
    expect(await submit(job.claimed, false, job.deps)).toMatchObject({
      state: "cancelled",
      reason: expect.stringContaining(reason),
    });
    expect(job.asked).toEqual([]);
  });

  it("does not take an import for never begun that ECS may only not show yet", async () => {
    const job = await claimedJob([{ begins: true, error: lost() }]);
    const replaced = async (): Promise<never> => {
      await job.objects.put({ bucket: "images", key: "web.raw" }, "another content", "x");
      throw lost();
    };
    const { importImage, describeImages } = job.deps.images;
    const blind = { ...job.deps.images, describeImages: async () => [] };
    const first = { ...blind, importImage: (request: ImportImageRequest) => importImage(request).catch(replaced) };
    await expect(submit(job.claimed, false, { ...job.deps, images: first })).rejects.toBeInstanceOf(RetryLater);
    await expect(takeOver(job.claimed, { ...job.deps, images: blind })).rejects.toBeInstanceOf(RetryLater);
    const claimed = await job.deps.ledger.current(job.claimed.jobId);
    if (!claimed) throw new Error("there is no job");
    const seeing = { ...job.deps, images: { ...blind, describeImages } };
    expect(await takeOver(claimed, seeing)).toMatchObject({ state: "submitted", attempt: { imageId: "m-1" } });
    expect(job.asked).toHaveLength(1);
  });

  it("takes it for never begun once ECS would have shown it", async () => {
    const job = await claimedJob([]);
    await job.objects.delete({ bucket: "images", key: "web.raw" });
    job.pass(6 * 60_000 + 1);
    expect(await takeOver(job.claimed, job.deps)).toMatchObject({ state: "cancelled" });
  });

  it("hands on what is wrong with OSS", async () => {
    const job = await claimedJob([good]);
    const broken = new CloudError({ service: "oss", code: "AccessDenied", message: "no", status: 403 });
    const deps = { ...job.deps, objects: { ...job.objects, stat: () => Promise.reject(broken) } };
    await expect(submit(job.claimed, false, deps)).rejects.toBe(broken);
    expect(job.asked).toEqual([]);
  });
});
