/** What happens in the world while requests fail: all scenarios by their names. */
import { accountScenarios } from "./account-scenarios.ts";
import { cancelInterruptions } from "./cancel-interruptions.ts";
import { cancelScenarios } from "./cancel-scenarios.ts";
import { eventScenarios } from "./event-scenarios.ts";
import { imageBytes } from "./image-bytes.ts";
import {
  atCall,
  hour,
  type Interruption,
  key,
  minute,
  one,
  oneOrTwo,
  type Scenario,
  second,
  sidecarKey,
} from "./scenario.ts";
import { correctedBefore, waitScenarios } from "./wait-scenarios.ts";
import type { World } from "./world.ts";

export const plainUpload: Scenario = {
  name: "plain upload",
  ...one,
  run: async (world) => {
    await world.upload(key, imageBytes(1));
    await world.handleAll();
  },
};

const threeDisksSidecar = "disks:\n  - {}\n  - ossObject: data1.raw\n  - ossObject: data2.raw\n";

/** A set whose sidecar is there first, and whose events come in an order of their own. */
const threeDisksWith = (name: string, handle: (world: World) => Promise<unknown>): Scenario => ({
  name,
  ...one,
  run: async (world) => {
    await world.upload(sidecarKey, threeDisksSidecar);
    await world.upload("team/data1.raw", imageBytes(2));
    await world.upload(key, imageBytes(1));
    await world.upload("team/data2.raw", imageBytes(3));
    await handle(world);
  },
});

const threeDisks: readonly Scenario[] = [
  threeDisksWith("three disks", (world) => world.handleAll()),
  threeDisksWith("three disks, events in reverse", (world) => {
    world.events.reverse();
    return world.handleAll();
  }),
  threeDisksWith("three disks, two events at once", async (world) => {
    await Promise.all(world.events.splice(0, 2).map((news) => world.handle(news)));
    await world.handleAll();
  }),
  {
    name: "three disks, the last one late",
    ...one,
    run: async (world) => {
      await world.upload(sidecarKey, threeDisksSidecar);
      await world.upload("team/data1.raw", imageBytes(2));
      await world.upload(key, imageBytes(1));
      world.events.reverse();
      await world.handleAll();
      world.clock.advance(7 * hour);
      await world.upload("team/data2.raw", imageBytes(3));
      await world.handleAll();
    },
  },
];

const uploadScenarios: readonly Scenario[] = [
  plainUpload,
  {
    name: "sidecar first",
    ...one,
    run: async (world) => {
      await world.upload(sidecarKey, "imageName: web\n");
      await world.handleAll();
      await world.upload(key, imageBytes(1));
      await world.handleAll();
    },
  },
  {
    name: "image first, then its sidecar",
    ...oneOrTwo,
    run: async (world) => {
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.upload(sidecarKey, "imageName: web\n");
      await world.handleAll();
    },
  },
  ...threeDisks,
  {
    name: "overwrite during import",
    ...oneOrTwo,
    run: async (world) => {
      await world.upload(key, imageBytes(1));
      atCall(world, 12, () => world.upload(key, imageBytes(2)));
      await world.handleAll();
    },
  },
  {
    name: "tick during submit",
    ...one,
    run: async (world) => {
      await world.upload(key, imageBytes(1));
      world.interleave = async ({ method }) => {
        if (method !== "importImage") return;
        world.interleave = undefined;
        await world.tick();
        world.clock.advance(40_000);
      };
      await world.handleAll();
    },
  },
  {
    name: "two ticks at once",
    ...one,
    run: async (world) => {
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await Promise.all([world.tick(), world.tick()]);
      world.clock.advance(60_000);
      await Promise.all([world.tick(), world.tick()]);
    },
  },
  {
    name: "two instances, one event",
    ...one,
    run: async (world) => {
      await world.upload(key, imageBytes(1));
      world.events.length = 0;
      await Promise.all([world.handle({ key }), world.handle({ key })]);
    },
  },
  {
    name: "same name in the same second",
    images: { least: 2, most: 2 },
    mustBeAvailable: ["a/web.qcow2", "b/web.qcow2"],
    run: async (world) => {
      await world.upload("a/web.qcow2", imageBytes(1));
      await world.upload("b/web.qcow2", imageBytes(2));
      await world.handleAll();
    },
  },
  {
    name: "image shown late, tokens forgotten",
    ...one,
    run: async (world) => {
      world.ecs.settings.imageVisibleAfterSeconds = 45;
      world.ecs.settings.clientTokenSeconds = 60;
      await world.upload(key, imageBytes(1));
      await world.handleAll();
    },
  },
  {
    name: "import that fails",
    images: { least: 1, most: 1 },
    mustBeAvailable: [],
    run: async (world) => {
      world.ecs.scriptImport(
        { key },
        { kind: "fails", errorCode: "ImportImageFailed", errorMsg: "no", atProgress: 40 },
      );
      await world.upload(sidecarKey, "imageName: web\n");
      await world.upload(key, imageBytes(1));
      await world.handleAll();
    },
  },
  {
    name: "a day without ticks",
    ...one,
    run: async (world) => {
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      world.clock.advance(24 * hour);
    },
  },
  {
    name: "clocks four minutes apart",
    ...one,
    skewInSeconds: 240,
    run: async (world) => {
      await world.upload(key, imageBytes(1));
      world.events.push({ key });
      await world.handleAll();
      world.clock.advance(minute);
      await Promise.all([world.tick(), world.tick()]);
    },
  },
];

export const scenarios: readonly Scenario[] = [
  ...uploadScenarios,
  ...eventScenarios,
  ...waitScenarios,
  ...accountScenarios,
  ...cancelScenarios,
];

/** A tick runs, and time passes, in between two calls of the function that imports. */
export const tickBefore = (call: number): Scenario => ({
  name: `a tick before call ${call}`,
  ...one,
  run: async (world) => {
    await world.upload(key, imageBytes(1));
    atCall(world, call, async () => {
      world.clock.advance(45 * second);
      await world.tick();
    });
    await world.handleAll();
  },
});

/** The object is replaced in between two calls of the function that imports. */
const replacedBefore = (call: number): Scenario => ({
  name: `replaced before call ${call}`,
  ...oneOrTwo,
  run: async (world) => {
    await world.upload(key, imageBytes(1));
    atCall(world, call, () => world.upload(key, imageBytes(2)));
    await world.handleAll();
  },
});

/** A second instance handles the same event from beginning to end in between two calls of the first. */
export const rivalBefore = (call: number): Scenario => ({
  name: `a rival before call ${call}`,
  ...one,
  run: async (world) => {
    await world.upload(key, imageBytes(1));
    atCall(world, call, () => world.handle({ key }));
    await world.handleAll();
  },
});

/** Calls to the cloud of one import, and some more: after the last of them it is all over. */
const callsOfImport = 20;

/** Calls to the cloud of a tick that looks at an image which waits, and imports it. */
const callsOfRelease = 30;

/** What happens in between any two calls of something else that takes so many. */
export const interruptionKinds: readonly Interruption[] = [
  ...[tickBefore, replacedBefore, rivalBefore].map((make) => ({ make, calls: callsOfImport })),
  { make: correctedBefore, calls: callsOfRelease },
  ...cancelInterruptions,
];

/** Any scenario by its name. */
export function scenarioNamed(name: string): Scenario | undefined {
  const [, call] = / before call (\d+)/.exec(name) ?? [];
  const all = call === undefined ? scenarios : interruptionKinds.map(({ make }) => make(Number(call)));
  return all.find((scenario) => scenario.name === name);
}
