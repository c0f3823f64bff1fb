/** Images that wait for something. What completes them comes without an event, so that only a tick can see it. */
import { imageBytes } from "./image-bytes.ts";
import { atCall, key, minute, one, type Scenario, sidecarKey } from "./scenario.ts";

const asksForSidecars = 'version: 1\nrules:\n  - match: "team/**"\n    requireManifest: true\n';

const bucketManifest = "image-import.yaml";
const invalid = "version: 1\nrulez: []\n";
const corrected = "version: 1\ndefaults: { tags: { team: web } }\n";

export const waitScenarios: readonly Scenario[] = [
  {
    name: "bucket manifest corrected",
    ...one,
    run: async (world) => {
      await world.upload(bucketManifest, invalid);
      await world.handleAll();
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.upload(bucketManifest, corrected);
      await world.handleAll();
    },
  },
  {
    name: "bucket manifest corrected, its event lost",
    ...one,
    run: async (world) => {
      await world.upload(bucketManifest, invalid);
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.tick();
      await world.upload(bucketManifest, corrected);
      world.events.length = 0;
    },
  },
  {
    name: "one of two bucket manifests deleted",
    ...one,
    run: async (world) => {
      await world.upload(bucketManifest, asksForSidecars);
      await world.upload("image-import.json", '{ "version": 1 }');
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.remove(bucketManifest);
      world.events.length = 0;
    },
  },
  {
    name: "rule for sidecars taken back",
    ...one,
    run: async (world) => {
      await world.upload(bucketManifest, asksForSidecars);
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.upload(bucketManifest, corrected);
      world.events.length = 0;
    },
  },
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
    name: "system disk whose event is lost",
    ...one,
    run: async (world) => {
      await world.upload(sidecarKey, "disks:\n  - {}\n  - ossObject: data.raw\n");
      await world.upload("team/data.raw", imageBytes(2));
      await world.handleAll();
      await world.upload(key, imageBytes(1));
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

/** The bucket manifest is corrected, without an event, in between two calls of the tick that looks at an image which waits for it. */
export const correctedBefore = (call: number): Scenario => ({
  name: `bucket manifest corrected before call ${call}`,
  ...one,
  run: async (world) => {
    await world.upload(bucketManifest, invalid);
    await world.upload(key, imageBytes(1));
    await world.handleAll();
    atCall(world, call, async () => {
      await world.upload(bucketManifest, corrected);
      world.events.length = 0;
    });
    world.clock.advance(minute);
    await world.tick();
    // By then at the latest.
    world.interleave = undefined;
    await world.upload(bucketManifest, corrected);
    world.events.length = 0;
  },
});
