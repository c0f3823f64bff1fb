import { startWorld, type World } from "../faults/world.ts";
import { raw } from "./product.ts";

const minutes = 60_000;
const hours = 60 * minutes;

/** The functions' own code against the embedded cloud, on a clock that the test moves. */
describe("an import that takes its time", () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld({ faultFor: () => undefined, random: () => 0.5 });
  });
  afterAll(() => world.close());

  const eventsSince = (start: number, key: string) =>
    world.lines
      .slice(start)
      .filter(({ fields }) => fields.key === key)
      .map(({ event, level, fields }) => ({ event, level, ...fields }));

  const tickAfter = async (milliseconds: number, key: string) => {
    const start = world.lines.length;
    world.clock.advance(milliseconds);
    await world.tick();
    return eventsSince(start, key);
  };

  it("is spoken of each quarter of an hour, warned of after two hours, called stuck after six, and never failed", async () => {
    const key = "stuck.raw";
    world.ecs.scriptImport({ key }, { kind: "sticks", atProgress: 40 });
    await world.upload(key, raw(1, 1));
    await world.handleAll();
    const [progress] = await tickAfter(1 * minutes, key);
    expect(progress).toMatchObject({ event: "import.progress", level: "info", progress: 40 });
    expect(progress).toMatchObject({ taskId: expect.stringMatching(/^t-/), imageId: expect.stringMatching(/^m-/) });
    expect(await tickAfter(5 * minutes, key)).toEqual([]);
    expect(await tickAfter(10 * minutes, key)).toMatchObject([
      { event: "import.progress", level: "info", progress: 40 },
    ]);
    expect(await tickAfter(2 * hours, key)).toMatchObject([
      {
        event: "import.attention",
        level: "warn",
        progress: 40,
        seconds: expect.any(Number),
        reason: expect.stringContaining("40 %"),
        advice: expect.stringContaining("oss-image-import cancel oss://"),
      },
    ]);
    expect(await tickAfter(4 * hours, key)).toMatchObject([{ event: "import.stuck", level: "error", progress: 40 }]);
    for (let day = 0; day < 20; day += 1) {
      const said = await tickAfter(24 * hours, key);
      expect(said.map(({ event }) => event)).toEqual(["import.progress"]);
    }
  });

  it("runs on in a state that no document names, and is available in the end", async () => {
    const key = "odd.raw";
    world.ecs.scriptImport({ key }, { kind: "runs-as", status: "Pondering" });
    await world.upload(key, raw(1, 2));
    await world.handleAll();
    expect((await tickAfter(15_000, key)).map(({ event }) => event)).toEqual(["import.progress"]);
    expect(await tickAfter(1 * minutes, key)).toMatchObject([
      { event: "import.available", snapshots: [{ snapshotId: expect.stringMatching(/^s-/), sizeInGiB: 1 }] },
    ]);
  });

  it("that fails in the end has code, reason, advice and request id in its line", async () => {
    const key = "failing.raw";
    const outcome = { kind: "fails", errorCode: "InvalidFormat", errorMsg: "not a disk", atProgress: 70 } as const;
    world.ecs.scriptImport({ key }, outcome);
    await world.upload(key, raw(1, 3));
    await world.handleAll();
    expect(await tickAfter(5 * hours, key)).toMatchObject([
      {
        event: "import.failed",
        level: "error",
        errorCode: "InvalidFormat",
        reason: expect.stringContaining("not a disk"),
        advice: expect.stringContaining("oss-image-import inspect"),
        ecsRequestId: expect.stringMatching(/^[0-9A-F-]{36}$/),
      },
    ]);
  });
});
