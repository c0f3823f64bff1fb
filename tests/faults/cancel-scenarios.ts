/** Imports that are given up: by an operator, or because the image or its sidecar was deleted. */
import { imageBytes } from "./image-bytes.ts";
import { atCall, hour, key, minute, type Scenario, second, sidecarKey } from "./scenario.ts";
import type { World } from "./world.ts";

/** So long that no import of these scenarios ends before its cancellation, however often that is interrupted. */
export const longImport = (2 * hour) / second;

export const cancelsOnDelete = "version: 1\ncancelOnDelete: true\n";

export const cancelled = {
  images: { least: 0, most: 1 },
  mustBeAvailable: [],
  usually: { [key]: "cancelled" },
} as const;
/** Whatever was given up, an image came of it in the end. */
export const comes = { images: { least: 0, most: 1 }, mustBeAvailable: [], usually: { [key]: "available" } } as const;

/** An import that runs at ECS for long. */
export async function startImport(world: World, importSeconds = longImport): Promise<void> {
  world.ecs.settings.importSeconds = importSeconds;
  await world.upload(key, imageBytes(1));
  await world.handleAll();
}

/** What is imported from now on takes as long as usual. */
function uploadLater(world: World, number: number): Promise<void> {
  world.clock.advance(5 * second);
  world.ecs.settings.importSeconds = 30;
  return world.upload(key, imageBytes(number));
}

export const cancelScenarios: readonly Scenario[] = [
  {
    name: "deleted while it is imported",
    ...cancelled,
    run: async (world) => {
      await world.upload("image-import.yaml", cancelsOnDelete);
      await startImport(world);
      await world.remove(key);
      await world.handleAll();
    },
  },
  {
    name: "sidecar deleted while it is imported",
    ...cancelled,
    run: async (world) => {
      await world.upload("image-import.yaml", cancelsOnDelete);
      await world.upload(sidecarKey, "imageName: web\n");
      await world.handleAll();
      await startImport(world);
      await world.remove(sidecarKey);
      await world.handleAll();
    },
  },
  {
    name: "disk deleted while it is imported",
    ...cancelled,
    run: async (world) => {
      await world.upload("image-import.yaml", cancelsOnDelete);
      await world.upload(sidecarKey, "disks:\n  - {}\n  - ossObject: data.raw\n");
      await world.upload("team/data.raw", imageBytes(2));
      await world.handleAll();
      await startImport(world);
      await world.remove("team/data.raw");
      await world.handleAll();
    },
  },
  {
    name: "cancelled by the operator",
    ...cancelled,
    run: async (world) => {
      await startImport(world);
      await world.cancel(key);
    },
  },
  {
    name: "cancelled while it is parked",
    images: { least: 0, most: 0 },
    mustBeAvailable: [],
    usually: { [key]: "cancelled" },
    run: async (world) => {
      world.ecs.settings.accountInArrears = true;
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.cancel(key);
    },
  },
  {
    name: "cancelled when it is available",
    ...comes,
    run: async (world) => {
      await startImport(world, 30);
      world.clock.advance(minute);
      // ECS has the image, and no tick has seen it.
      await world.cancel(key);
      world.clock.advance(minute);
      await world.tick();
      await world.cancel(key);
    },
  },
  {
    name: "cancel and tick at once",
    ...cancelled,
    run: async (world) => {
      await startImport(world);
      await Promise.all([world.tick(), world.cancel(key)]);
      world.clock.advance(minute);
      await Promise.all([world.cancel(key), world.tick()]);
    },
  },
  {
    name: "cancel and tick at once, too late",
    ...comes,
    run: async (world) => {
      await startImport(world, 30);
      world.clock.advance(minute);
      await Promise.all([world.tick(), world.cancel(key)]);
      world.clock.advance(minute);
      await Promise.all([world.cancel(key), world.tick()]);
    },
  },
  {
    name: "two cancels at once",
    ...cancelled,
    run: async (world) => {
      // What ECS calls a cancelled import, and what it leaves of the image, is not published.
      Object.assign(world.ecs.settings, { cancelledTaskStatus: "Failed", cancelledImage: "CreateFailed" });
      await startImport(world);
      await Promise.all([world.cancel(key), world.cancel(key)]);
    },
  },
  {
    name: "cancelled, then uploaded again",
    ...comes,
    run: async (world) => {
      await startImport(world);
      await world.cancel(key);
      // No tick ends the cancellation meanwhile: FC gives the event up, and whoever looks after its queue delivers it again.
      await uploadLater(world, 1);
      await world.handleAll();
    },
  },
  {
    name: "cancelled, then another version",
    ...comes,
    run: async (world) => {
      await startImport(world);
      await world.cancel(key);
      await uploadLater(world, 2);
      await world.handleAll();
    },
  },
  {
    name: "cancelled, then replayed",
    ...comes,
    run: async (world) => {
      await startImport(world);
      await world.cancel(key);
      for (let ticks = 0; ticks < 3; ticks += 1) {
        world.clock.advance(minute);
        await world.tick();
      }
      world.ecs.settings.importSeconds = 30;
      await world.replay(key);
    },
  },
  {
    name: "deleted, then uploaded again",
    ...comes,
    run: async (world) => {
      await world.upload("image-import.yaml", cancelsOnDelete);
      await startImport(world);
      await world.remove(key);
      await world.handleAll();
      await uploadLater(world, 1);
      atCall(world, 16, () => world.tick());
      await world.handleAll();
    },
  },
];
