import fc from "fast-check";
import { askOfImport } from "../../../functions/report-tasks/ask-of-import.ts";
import { type Sighting, verdictOf } from "../../../functions/report-tasks/progress-of-import.ts";
import type { Image, ImageService, TaskDetails } from "../../../shared/cloud/ports.ts";

const taskOf = (task: Partial<TaskDetails> = {}): TaskDetails => ({
  taskId: "t-1",
  status: "Finished",
  imageId: "m-1",
  progress: 100,
  failedCount: 0,
  errorCode: undefined,
  errorMessage: undefined,
  requestId: "R-1",
  ...task,
});

const imageOf = (image: Partial<Image> = {}): Image => ({
  imageId: "m-1",
  imageName: "web-1",
  status: "Available",
  tags: new Map(),
  disks: [
    { type: "system", snapshotId: "s-1", sizeInGiB: 20 },
    { type: "data", snapshotId: "s-2", sizeInGiB: undefined },
    { type: "data", snapshotId: undefined, sizeInGiB: 5 },
  ],
  check: undefined,
  ...image,
});

const sightingOf = (sighting: Partial<Sighting> = {}): Sighting => ({
  task: taskOf(),
  image: imageOf(),
  imageId: "m-1",
  imageName: "asked-name",
  ageInSeconds: 90,
  ...sighting,
});

const aDay = 24 * 3600;
const taskStates = ["Finished", "Processing", "Failed", "Waiting", "Pending", "Deleted", "Cancelled", "Odd", ""];
const imageStates = ["Creating", "Waiting", "Available", "UnAvailable", "CreateFailed", "Deprecated", "Odd"];

describe("where an import stands", () => {
  it("is available once its task has finished and its image can be used", () => {
    expect(verdictOf(sightingOf())).toEqual({
      kind: "available",
      result: {
        imageId: "m-1",
        imageName: "web-1",
        seconds: 90,
        snapshots: [{ snapshotId: "s-1", sizeInGiB: 20 }, { snapshotId: "s-2" }],
      },
    });
    expect(verdictOf(sightingOf({ image: imageOf({ status: "Deprecated" }) })).kind).toBe("available");
    expect(verdictOf(sightingOf({ image: imageOf({ imageName: "" }) }))).toMatchObject({
      result: { imageName: "asked-name" },
    });
  });

  it.each<[string, Partial<Sighting>, string]>([
    ["the task failed", { task: taskOf({ status: "Failed" }) }, "the task failed"],
    ["the task finished below 100 %", { task: taskOf({ progress: 63 }) }, "at 63 %"],
    ["operations of a finished task failed", { task: taskOf({ failedCount: 1 }) }, "1 failed operations"],
    ["the image could not be made", { image: imageOf({ status: "CreateFailed" }) }, "CreateFailed"],
    ["the image is unusable", { image: imageOf({ status: "UnAvailable" }) }, "UnAvailable"],
    [
      "the image failed while the task seems to run",
      { task: taskOf({ status: "Processing", progress: 40 }), image: imageOf({ status: "CreateFailed" }) },
      "CreateFailed",
    ],
    [
      "the image failed and the task is gone",
      { task: undefined, image: imageOf({ status: "CreateFailed" }) },
      "CreateFailed",
    ],
    [
      "several of these at once",
      { task: taskOf({ progress: 10, failedCount: 2 }), image: imageOf({ status: "CreateFailed" }) },
      "2 failed operations, and the task finished at 10 %, and the image is CreateFailed",
    ],
    ["the image is gone a while after the task finished", { image: undefined, ageInSeconds: 901 }, "no such image"],
    [
      "task and image are gone",
      { task: undefined, image: undefined, ageInSeconds: 901 },
      "neither the task nor the image",
    ],
  ])("is failed when %s", (_, sighting, reason) => {
    expect(verdictOf(sightingOf(sighting))).toMatchObject({
      kind: "failed",
      reason: expect.stringContaining(reason),
      advice: expect.stringMatching(/\w/),
    });
  });

  it.each<[string, Partial<Sighting>, number | undefined]>([
    [
      "the task runs",
      { task: taskOf({ status: "Processing", progress: 40 }), image: imageOf({ status: "Creating" }) },
      40,
    ],
    ["the task runs for a day", { task: taskOf({ status: "Processing", progress: 40 }), ageInSeconds: aDay }, 40],
    ["the task runs and its image is available already", { task: taskOf({ status: "Processing", progress: 99 }) }, 99],
    ["the task has an unknown state", { task: taskOf({ status: "Pending", progress: undefined }) }, undefined],
    ["operations of a running task failed", { task: taskOf({ status: "Processing", failedCount: 1, progress: 1 }) }, 1],
    ["the finished task's image is still being made", { image: imageOf({ status: "Creating" }) }, 100],
    ["the finished task's image is not shown yet", { image: undefined }, 100],
    ["neither task nor image is shown yet", { task: undefined, image: undefined }, undefined],
    ["only its image is shown, being made", { task: undefined, image: imageOf({ status: "Waiting" }) }, undefined],
    [
      "only its image is shown, being made for a day",
      { task: undefined, image: imageOf({ status: "Creating" }), ageInSeconds: aDay },
      undefined,
    ],
  ])("is running while %s", (_, sighting, progress) => {
    expect(verdictOf(sightingOf(sighting))).toEqual({ kind: "running", progress });
  });

  it("is available by its image alone when ECS no longer knows the task", () => {
    expect(verdictOf(sightingOf({ task: undefined })).kind).toBe("available");
  });

  it.each(["Cancelled", "Canceled", "Deleted", "deleted"])("is cancelled when its task is %s", (status) => {
    const verdict = verdictOf(sightingOf({ task: taskOf({ status, progress: 40 }), image: undefined }));
    expect(verdict).toMatchObject({ kind: "cancelled", reason: expect.stringContaining(status) });
  });

  it("has ECS's code, words and request id when it failed, and a code of ours where ECS gives none", () => {
    const task = taskOf({ status: "Failed", errorCode: "OssError", errorMessage: "The object is gone." });
    expect(verdictOf(sightingOf({ task }))).toMatchObject({
      code: "OssError",
      reason: expect.stringContaining("ECS said: The object is gone."),
      requestId: "R-1",
    });
    expect(
      verdictOf(sightingOf({ task: taskOf({ status: "Failed", requestId: undefined }), image: undefined })),
    ).toEqual({
      kind: "failed",
      code: "ImportFailed",
      reason: "ECS could not make an image of it: the task failed.",
      advice: expect.any(String),
    });
    const noImage = verdictOf(sightingOf({ image: imageOf({ status: "CreateFailed" }) }));
    expect(noImage).toMatchObject({ code: "CreateFailed" });
  });

  it.each([
    ["InvalidImageFormat.Malformed", "convert it to qcow2"],
    ["InvalidVHDImage", "convert it to qcow2"],
    ["OssObjectNotFound", "still exists"],
    ["AccessDenied", "may read it"],
    ["DiskSizeTooSmall", "disk sizes in the manifest"],
    ["InternalError", "replay it once"],
  ])("advises after %s to do what its wording suggests", (errorCode, advice) => {
    expect(verdictOf(sightingOf({ task: taskOf({ status: "Failed", errorCode }) }))).toMatchObject({
      advice: expect.stringContaining(advice),
    });
  });

  const anySighting: fc.Arbitrary<Sighting> = fc.record({
    task: fc.option(
      fc
        .record({
          status: fc.constantFrom(...taskStates, ...taskStates.map((state) => state.toUpperCase())),
          progress: fc.constantFrom(undefined, 0, 40, 99.5, 100),
          failedCount: fc.constantFrom(0, 1),
          errorCode: fc.constantFrom(undefined, "OssError"),
        })
        .map(taskOf),
      { nil: undefined },
    ),
    image: fc.option(
      fc.constantFrom(...imageStates).map((status) => imageOf({ status })),
      { nil: undefined },
    ),
    imageId: fc.constant("m-1"),
    imageName: fc.constant("web-1"),
    ageInSeconds: fc.constantFrom(0, 90, 901, 30 * aDay),
  });

  it("never depends on age alone: an import whose task runs is not failed, however old it is", () => {
    fc.assert(
      fc.property(anySighting, (sighting) => {
        const verdict = verdictOf(sighting);
        const runs =
          sighting.task && ["processing", "waiting", "pending", "odd", ""].includes(sighting.task.status.toLowerCase());
        const broken = ["CreateFailed", "UnAvailable"].includes(sighting.image?.status ?? "");
        if (runs && !broken) expect(verdict.kind).toBe("running");
      }),
      { numRuns: 1000 },
    );
  });

  it("is never called available unless the image can be used and nothing of the task failed", () => {
    fc.assert(
      fc.property(anySighting, (sighting) => {
        const { task, image } = sighting;
        const usable = image?.status === "Available" || image?.status === "Deprecated";
        const finished =
          task?.status.toLowerCase() === "finished" && task.failedCount === 0 && (task.progress ?? 100) >= 100;
        expect(verdictOf(sighting).kind === "available").toBe(usable && (!task || finished));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("what ECS is asked of an import", () => {
  /** An ECS that tells of the task as given, in turn, and then as last; and of an image in this state. */
  const ecsWith = (imageStatus: string | undefined, ...answers: readonly (TaskDetails | undefined)[]) => {
    const asked: string[] = [];
    const unexpected = (): never => {
      throw new Error("nothing else is asked");
    };
    const images: ImageService = {
      describeTask: async (taskId) => answers[Math.min(asked.push(taskId), answers.length) - 1],
      describeImages: async () => (imageStatus === undefined ? [] : [imageOf({ status: imageStatus })]),
      describeTasks: unexpected,
      importImage: unexpected,
      cancelTask: unexpected,
    };
    return { images, asked };
  };
  const running = taskOf({ status: "Processing", progress: 62 });
  const failed = taskOf({ status: "Failed", errorCode: "InvalidFormat", errorMessage: "not a disk" });

  it.each(["CreateFailed", "UnAvailable"])(
    "is the task once more when the image is %s and the task's earlier answer does not tell why",
    async (status) => {
      const { images, asked } = ecsWith(status, running, failed);
      const { task, image } = await askOfImport({ taskId: "t-1", imageId: "m-1" }, images);
      expect(asked).toEqual(["t-1", "t-1"]);
      expect(verdictOf(sightingOf({ task, image }))).toMatchObject({
        kind: "failed",
        code: "InvalidFormat",
        reason: expect.stringContaining("not a disk"),
      });
    },
  );

  it("is no more than twice when the task goes on all the same", async () => {
    const { images, asked } = ecsWith("CreateFailed", running);
    const { task, image } = await askOfImport({ taskId: "t-1", imageId: "m-1" }, images);
    expect(asked).toEqual(["t-1", "t-1"]);
    expect(verdictOf(sightingOf({ task, image }))).toMatchObject({ kind: "failed", code: "CreateFailed" });
  });

  it.each<[string, string | undefined, TaskDetails | undefined]>([
    ["the image is being made", "Creating", running],
    ["the image can be used", "Available", running],
    ["there is no image", undefined, running],
    ["the task has failed", "CreateFailed", failed],
    ["the task has finished", "CreateFailed", taskOf({ progress: 63 })],
    ["the task was cancelled", "CreateFailed", taskOf({ status: "Deleted" })],
    ["the task is gone", "CreateFailed", undefined],
  ])("is each of them once when %s", async (_, status, answer) => {
    const { images, asked } = ecsWith(status, answer);
    expect(await askOfImport({ taskId: "t-1", imageId: "m-1" }, images)).toEqual({
      task: answer,
      image: status && imageOf({ status }),
    });
    expect(asked).toEqual(["t-1"]);
  });

  it("is the image alone when nobody knows the task", async () => {
    const { images, asked } = ecsWith("CreateFailed");
    expect((await askOfImport({ taskId: undefined, imageId: "m-1" }, images)).task).toBeUndefined();
    expect(asked).toEqual([]);
  });
});
