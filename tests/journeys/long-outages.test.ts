import { imageImportRoleName } from "../../local/ram/roles.ts";
import { imageBytes } from "../faults/image-bytes.ts";
import { type SeenRequest, startWorld, type World } from "../faults/world.ts";

const hour = 3_600_000;
const key = "web.qcow2";

/** A world in which ECS answers nothing at all while `isAway`. */
async function startedWorld(isAway: () => boolean): Promise<World> {
  return startWorld({
    random: () => 0.5,
    faultFor: ({ request }: SeenRequest) => (request.service === "ecs" && isAway() ? { kind: "html-502" } : undefined),
  });
}

const statesOf = (world: World): readonly (string | undefined)[] =>
  [...world.mirror.jobs().values()].map((history) => history.at(-1)?.state);

async function ticks(world: World, count: number, pause: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) {
    world.clock.advance(pause);
    await world.tick();
  }
}

describe("an outage that lasts", () => {
  it("of ECS for half a day delays the import, and asks it ever less often", async () => {
    let isAway = true;
    const world = await startedWorld(() => isAway);
    await world.upload(key, imageBytes(1));
    await world.handleAll();
    await ticks(world, 72, hour / 6);
    expect(statesOf(world)).toEqual(["claimed"]);
    // Twelve hours at one round of tries an hour, after the first hour's.
    expect(world.requests()).toBeLessThan(1000);
    isAway = false;
    await ticks(world, 12, hour / 6);
    expect(statesOf(world)).toEqual(["available"]);
    expect(world.ecs.snapshot().images).toHaveLength(1);
    await world.close();
  });

  it("of the account ends the job after 14 days, with the reason and what to do", async () => {
    const world = await startedWorld(() => false);
    world.roles.delete(imageImportRoleName);
    await world.upload(key, imageBytes(1));
    await world.handleAll();
    await ticks(world, 13 * 4, 6 * hour);
    expect(statesOf(world)).toEqual(["parked"]);
    await ticks(world, 8, 6 * hour);
    expect(statesOf(world)).toEqual(["failed"]);
    expect(world.mirror.status(key)).toMatchObject({ state: "failed", code: "NoSetRoletoECSServiceAcount" });
    expect(world.mirror.openKeys()).toEqual([]);
    // Said once when it was parked, not each time that it was tried again.
    expect(world.lines.filter(({ event, level }) => event === "import.parked" && level !== "debug")).toHaveLength(1);
    await world.close();
  });
});
