/** Images that wait for something. What completes them comes without an event, so that only a tick can see it. */
import { imageBytes } from "./image-bytes.ts";
import { key, one, type Scenario, sidecarKey } from "./scenario.ts";

const asksForSidecars = 'version: 1\nrules:\n  - match: "team/**"\n    requireManifest: true\n';

export const waitScenarios: readonly Scenario[] = [
  {
    name: "sidecar asked for by a rule",
    ...one,
    run: async (world) => {
      await world.upload("image-import.yaml", asksForSidecars);
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.upload(sidecarKey, "imageName: web\n");
      // This event is lost: the tick has to look.
      world.events.length = 0;
    },
  },
  {
    name: "waits for a sidecar",
    images: { least: 0, most: 0 },
    mustBeAvailable: [],
    waits: { keys: [key], ticks: 12 },
    run: async (world) => {
      await world.upload("image-import.yaml", asksForSidecars);
      await world.upload(key, imageBytes(1));
      await world.handleAll();
    },
  },
  {
    name: "disk whose event is lost",
    ...one,
    run: async (world) => {
      await world.upload(sidecarKey, "disks:\n  - {}\n  - ossObject: data.raw\n");
      await world.handleAll();
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.upload("team/data.raw", imageBytes(2));
      world.events.length = 0;
    },
  },
  {
    name: "content whose event is lost",
    ...one,
    run: async (world) => {
      await world.upload(key, "");
      await world.handleAll();
      await world.upload(key, imageBytes(1));
      world.events.length = 0;
    },
  },
];
