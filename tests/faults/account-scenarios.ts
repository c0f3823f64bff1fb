/** Accounts in which ECS takes no import for now: jobs are parked, and released once the account is mended. */
import type { EcsServer } from "../../local/ecs/server.ts";
import { imageImportRole, imageImportRoleName } from "../../local/ram/roles.ts";
import { imageBytes } from "./image-bytes.ts";
import { key, minute, one, type Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

/** An image is uploaded while something is amiss; a tick comes in vain; then it is mended. */
const parkedWhile = (name: string, breakIt: (world: World) => void, mend: (world: World) => void): Scenario => ({
  name,
  ...one,
  run: async (world) => {
    breakIt(world);
    await world.upload(key, imageBytes(1));
    await world.handleAll();
    world.clock.advance(minute);
    await world.tick();
    mend(world);
  },
});

const setting =
  (change: Partial<EcsServer["settings"]>) =>
  ({ ecs }: World): void =>
    void Object.assign(ecs.settings, change);

const takeRole = ({ roles }: World): void => void roles.delete(imageImportRoleName);
const giveRole = ({ roles }: World): void => void roles.set(imageImportRoleName, imageImportRole);

export const accountScenarios: readonly Scenario[] = [
  parkedWhile("parked and released", takeRole, giveRole),
  parkedWhile("image quota exhausted", setting({ imageQuota: 0 }), setting({ imageQuota: 1000 })),
  parkedWhile("account in arrears", setting({ accountInArrears: true }), setting({ accountInArrears: false })),
  {
    name: "not in the white list",
    ...one,
    run: async (world) => {
      for (let times = 0; times < 3; times += 1) world.ecs.failNext("ImportImage", "UserNotInTheWhiteList");
      await world.upload(key, imageBytes(1));
      await world.handleAll();
    },
  },
  {
    name: "parked, then replayed",
    ...one,
    run: async (world) => {
      takeRole(world);
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      giveRole(world);
      await world.replay(key);
    },
  },
  {
    name: "throttled beyond all patience",
    ...one,
    run: async (world) => {
      world.ecs.settings.requestsPerSecond = { ImportImage: 0, DescribeImages: 0 };
      await world.upload(key, imageBytes(1));
      await world.handleAll();
      await world.tick();
      world.ecs.settings.requestsPerSecond = {};
    },
  },
];
