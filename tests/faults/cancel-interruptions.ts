/** Cancellations in between any two calls of an import, a tick or another cancellation, and ticks in between theirs. */
import { cancelled, cancelsOnDelete, comes, longImport, startImport } from "./cancel-scenarios.ts";
import { imageBytes } from "./image-bytes.ts";
import { atCall, type Interruption, key, minute, type Scenario, sidecarKey } from "./scenario.ts";
import type { World } from "./world.ts";

const either = { images: { least: 0, most: 1 }, mustBeAvailable: [] } as const;

/** `act` before a certain call of `work`; after it when it makes fewer. */
async function inBetween(
  world: World,
  call: number,
  act: () => Promise<void>,
  work: () => Promise<void>,
): Promise<void> {
  atCall(world, call, act);
  await work();
  if (world.interleave === undefined) return;
  world.interleave = undefined;
  await act();
}

const duringImport =
  (what: string, act: (world: World) => Promise<void>) =>
  (call: number): Scenario => ({
    name: `${what} before call ${call}`,
    ...either,
    run: async (world) => {
      world.ecs.settings.importSeconds = longImport;
      await world.upload("image-import.yaml", cancelsOnDelete);
      await world.upload(sidecarKey, "imageName: web\n");
      await world.handleAll();
      await world.upload(key, imageBytes(1));
      await inBetween(world, call, () => act(world), world.handleAll);
    },
  });

const removed =
  (which: string) =>
  async (world: World): Promise<void> => {
    await world.remove(which);
    await world.handleAll();
  };

/** Two things that happen to one running import, the first in between two calls of the second. */
const during =
  (
    [first, second]: readonly [string, string],
    { seconds, ...promises }: Omit<Scenario, "name" | "run"> & { readonly seconds: number },
    [act, work]: readonly [Act, Act],
  ) =>
  (call: number): Scenario => ({
    name: `${first} before call ${call} of ${second}`,
    ...promises,
    run: async (world) => {
      await startImport(world, seconds);
      world.clock.advance(minute);
      await inBetween(
        world,
        call,
        () => act(world),
        () => work(world),
      );
    },
  });

type Act = (world: World) => Promise<void>;
const cancel: Act = (world) => world.cancel(key);
const tick: Act = (world) => world.tick();
const isReady: Act = async (world) => world.clock.advance(10 * minute);

/** The same bytes are uploaded again while their first import is being given up. */
const uploadedAgain = (call: number): Scenario => ({
  name: `a tick before call ${call} of an upload after a cancel`,
  ...comes,
  run: async (world) => {
    await startImport(world);
    await world.cancel(key);
    world.clock.advance(minute);
    await world.upload(key, imageBytes(1));
    await inBetween(
      world,
      call,
      () => world.tick(),
      () => world.handleAll(),
    );
  },
});

const running = { ...cancelled, seconds: longImport };
const ready = { ...comes, seconds: 30 };

export const cancelInterruptions: readonly Interruption[] = [
  { calls: 22, make: duringImport("a cancel", cancel) },
  { calls: 22, make: duringImport("the image deleted", removed(key)) },
  { calls: 22, make: duringImport("the sidecar deleted", removed(sidecarKey)) },
  { calls: 10, make: during(["a cancel", "a tick"], running, [cancel, tick]) },
  { calls: 14, make: during(["a cancel", "the tick that sees the image"], ready, [cancel, tick]) },
  { calls: 13, make: during(["a tick", "a cancel"], running, [tick, cancel]) },
  { calls: 13, make: during(["a tick", "a cancel that is too late"], ready, [tick, cancel]) },
  { calls: 13, make: during(["another cancel", "a cancel"], running, [cancel, cancel]) },
  {
    calls: 13,
    make: during(["the image is ready", "a cancel"], { ...either, seconds: 600 }, [isReady, cancel]),
  },
  { calls: 40, make: uploadedAgain },
];
