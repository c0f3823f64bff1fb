/** What happens in the world while requests fail. Each ends when nothing moves any more: see `settle`. */
import { imageImportRole, imageImportRoleName } from "../../local/ram/roles.ts";
import { imageBytes } from "./image-bytes.ts";
import type { World } from "./world.ts";

export interface Scenario {
  readonly name: string;
  run(world: World): Promise<void>;
  /** How many images there may be in the end, and how many must be available. */
  readonly images: { readonly least: number; readonly most: number };
  /** The image whose job must end as available. */
  readonly mustBeAvailable: readonly string[];
  /** Images that wait for a person in the end, and stay in the index; so many ticks are enough to see it. */
  readonly waits?: { readonly keys: readonly string[]; readonly ticks: number };
}

const key = "team/web.qcow2";
const sidecarKey = `${key}.import.yaml`;
const one = { images: { least: 1, most: 1 }, mustBeAvailable: [key] };
const threeDisks = "disks:\n  - {}\n  - ossObject: data1.raw\n  - ossObject: data2.raw\n";

export const plainUpload: Scenario = {
  name: "plain upload",
  ...one,
  run: async (world) => {
    await world.upload(key, imageBytes(1));
    await world.handleAll();
  },
};

export const scenarios: readonly Scenario[] = [
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
    images: { least: 1, most: 2 },
    mustBeAvailable: [key],
    run: async (world) => {
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.upload(sidecarKey, "imageName: web\n");
      await world.handleAll();
    },
  },
  {
    name: "sidecar asked for by a rule",
    ...one,
    run: async (world) => {
      await world.upload("image-import.yaml", 'version: 1\nrules:\n  - match: "team/**"\n    requireManifest: true\n');
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.upload(sidecarKey, "imageName: web\n");
      // This event is lost: the tick has to look.
      world.events.length = 0;
    },
  },
  {
    name: "three disks",
    ...one,
    run: async (world) => {
      await world.upload("team/data1.raw", imageBytes(2));
      await world.upload(key, imageBytes(1));
      await world.upload(sidecarKey, threeDisks);
      // The sidecar is handled first: before it, the others would be images of their own.
      world.events.reverse();
      await world.handleAll();
      await world.upload("team/data2.raw", imageBytes(3));
      await world.handleAll();
    },
  },
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
    name: "overwrite during import",
    images: { least: 1, most: 2 },
    mustBeAvailable: [key],
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
    name: "parked and released",
    ...one,
    run: async (world) => {
      world.roles.delete(imageImportRoleName);
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      world.clock.advance(60_000);
      await world.tick();
      world.roles.set(imageImportRoleName, imageImportRole);
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
      await world.upload(key, imageBytes(1));
      await world.handleAll();
    },
  },
  {
    name: "events reordered, late, ten times",
    images: { least: 1, most: 2 },
    mustBeAvailable: [key],
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
  {
    name: "waits for a sidecar",
    images: { least: 0, most: 0 },
    mustBeAvailable: [],
    waits: { keys: [key], ticks: 12 },
    run: async (world) => {
      await world.upload("image-import.yaml", 'version: 1\nrules:\n  - match: "team/**"\n    requireManifest: true\n');
      await world.upload(key, imageBytes(1));
      await world.handleAll();
    },
  },
  {
    name: "deleted while it is imported",
    images: { least: 0, most: 1 },
    mustBeAvailable: [],
    run: async (world) => {
      await world.upload("image-import.yaml", "version: 1\ncancelOnDelete: true\n");
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.remove(key);
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
];

/** A tick runs, and time passes, in between two calls of the function that imports. */
export const tickBefore = (call: number): Scenario => ({
  name: `a tick before call ${call}`,
  ...one,
  run: async (world) => {
    await world.upload(key, imageBytes(1));
    atCall(world, call, async () => {
      world.clock.advance(45_000);
      await world.tick();
    });
    await world.handleAll();
  },
});

/** The object is replaced in between two calls of the function that imports. */
export const replacedBefore = (call: number): Scenario => ({
  name: `replaced before call ${call}`,
  images: { least: 1, most: 2 },
  mustBeAvailable: [key],
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

/** Any scenario by its name. */
export function scenarioNamed(name: string): Scenario | undefined {
  const [, kind = "", call] = /^(a tick|replaced|a rival) before call (\d+)$/.exec(name) ?? [];
  const make = { "a tick": tickBefore, replaced: replacedBefore, "a rival": rivalBefore }[kind];
  return make ? make(Number(call)) : scenarios.find((scenario) => scenario.name === name);
}

const hour = 3_600_000;

function atCall(world: World, call: number, act: () => Promise<void>): void {
  let calls = 0;
  world.interleave = async () => {
    calls += 1;
    if (calls !== call) return;
    world.interleave = undefined;
    await act();
  };
}
