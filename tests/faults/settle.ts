import { hour, minute, second } from "./scenario.ts";
import type { World } from "./world.ts";

/** Between ticks: as s.yaml has them at first, then longer, so that every pause and period of grace passes. */
const pauses = [
  ...[30, 30, 60, 60, 120, 240, 480].map((seconds) => seconds * second),
  ...Array.from({ length: 14 }, () => 10 * minute),
  ...Array.from({ length: 14 }, () => 3 * hour),
];

/**
 * Delivers events and runs ticks until no job is open. When FC gave an event up, the operator delivers it again once, as
 * the failure queue asks. Resolves to the number of ticks; the world is then compared with what was promised.
 */
export async function settle(world: World, mostTicks = pauses.length): Promise<number> {
  world.interleave = undefined;
  let ticks = 0;
  for (const pause of pauses.slice(0, mostTicks)) {
    await world.handleAll();
    if (world.failed.length > 0) world.events.push(...world.failed.splice(0));
    world.clock.advance(pause);
    await world.tick();
    ticks += 1;
    if (world.events.length === 0 && world.failed.length === 0 && world.mirror.openKeys().length === 0) break;
  }
  return ticks;
}

/**
 * Delivers every event once more, in the order in which they were handled first: FC promises no more than that each comes
 * at least once. Resolves to what changed by it, each in a sentence: nothing may.
 */
export async function deliverAgain(world: World): Promise<readonly string[]> {
  const before = standOf(world);
  world.events.push(...world.handled);
  await world.handleAll();
  const after = standOf(world);
  return [...after].flatMap(([what, state]) =>
    before.get(what) === state
      ? []
      : [`events that came again made ${what} ${state}, it was ${before.get(what) ?? "not there"}`],
  );
}

/** Every job's state, and every image. */
const standOf = ({ mirror, ecs }: World): ReadonlyMap<string, string> =>
  new Map([
    ...[...mirror.jobs()].map(([jobId, history]) => [`job ${jobId}`, history.at(-1)?.state ?? ""] as const),
    ...ecs.snapshot().images.map(({ ImageId }) => [`the image ${ImageId}`, "asked for"] as const),
  ]);
