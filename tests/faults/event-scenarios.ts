/** Uploads whose events come late, in another order, several times, or when the object is gone or another. */
import { imageBytes } from "./image-bytes.ts";
import { hour, key, one, oneOrTwo, type Scenario, sidecarKey } from "./scenario.ts";

export const eventScenarios: readonly Scenario[] = [
  {
    name: "duplicate events",
    ...one,
    run: async (world) => {
      await world.upload(key, imageBytes(1));
      world.events.push({ key }, { key });
      await world.handleAll();
      await world.tick();
      world.events.push({ key });
      await world.handleAll();
    },
  },
  {
    name: "events reordered, late, ten times",
    ...oneOrTwo,
    run: async (world) => {
      await world.upload(sidecarKey, "imageName: web\n");
      await world.upload(key, imageBytes(1));
      const events = world.events.splice(0);
      world.clock.advance(5 * hour);
      world.events.push(...events.reverse());
      await world.handleAll();
      for (let again = 1; again < 10; again += 1) {
        world.events.push(...events);
        await world.handleAll();
        world.clock.advance(hour);
      }
    },
  },
  {
    name: "event after deletion",
    images: { least: 0, most: 0 },
    mustBeAvailable: [],
    run: async (world) => {
      await world.upload(key, imageBytes(1));
      await world.remove(key);
      await world.handleAll();
    },
  },
  {
    name: "event after replacement",
    ...one,
    run: async (world) => {
      await world.upload(key, imageBytes(1));
      await world.upload(key, imageBytes(2));
      await world.handleAll();
    },
  },
];
