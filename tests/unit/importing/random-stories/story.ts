import { runTick } from "../../../../functions/report-tasks/tick.ts";
import { findTaskOf, requestCancel, stopTask } from "../../../../shared/importing/cancel-import.ts";
import type { ImportDeps } from "../../../../shared/importing/import-deps.ts";
import { importRouted } from "../../../../shared/importing/route-object.ts";
import { isEnd } from "../../../../shared/ledger/job.ts";
import { createTrigger, type Trigger } from "./trigger.ts";
import { bucket, createWorld, type World } from "./world.ts";

const minute = 60_000;
const hour = 60 * minute;
const sidecar = "web.raw.import.yaml";
const bucketManifest = "image-import.yaml";

const sidecars = ["imageName: mine\n", "description: hello there\n", "imageNam: typo\n", "{}\n"] as const;
const sidecarsOfSets = [
  "disks: [{}, {ossObject: data.raw}]\n",
  "{imageName: mine, disks: [{}, {ossObject: data.raw}]}\n",
  "disks: [{ossObject: data.raw}, {}]\n",
] as const;
const bucketManifests = [
  "version: 1\ncancelOnDelete: true\n",
  "version: 1\ndefaults: {tags: {a: b}}\n",
  "version: 1\ndefaults: {tags: {c: d}}\n",
  "version: 1\nbroken: 1\n",
  "version: 1\nrules: [{match: web.raw, requireManifest: true}]\n",
] as const;

/** A world in which nothing moves any more, and what the judgement asks of its past. */
export interface ToldStory {
  readonly world: World;
  readonly trigger: Trigger;
}

/** Uploads, manifests, deletions, replays, cancellations, ticks and hours in any order, and then time for all to end. */
export async function tellStory(seed: number): Promise<ToldStory> {
  const world = createWorld(seed);
  const { below, chance, pick, clock, ecs, ledger, run, say } = world;
  const trigger = createTrigger(world);
  const hasSets = chance(0.5);
  const images = (hasSets ? ["web.raw", "data.raw"] : ["web.raw"]) as readonly [string, ...string[]];
  let invocations = 0;
  const nameOf = (who: string): string => {
    invocations += 1;
    return `${who}-${invocations}`;
  };
  const tick = (isMortal = true) =>
    run(
      nameOf("tick"),
      async (deps) => {
        const { trouble } = await runTick(deps);
        if (trouble) throw trouble;
      },
      isMortal,
    );
  const endImports = (share: number, good: number): void => {
    for (const begun of ecs.imports) {
      if (begun.status !== "Processing" || !chance(share)) continue;
      begun.status = chance(good) ? "Finished" : "Failed";
      say(`ECS has ended ${begun.imageId}: ${begun.status}`);
    }
  };
  const operate = (what: string, work: (key: string, deps: ImportDeps) => Promise<unknown>) => {
    const key = pick(images);
    say(`an operator says ${what} ${key}`);
    return run(nameOf("operator"), (deps) => work(key, deps), false);
  };

  const steps: readonly (readonly [percent: number, step: () => unknown])[] = [
    [20, () => trigger.put(pick(images), pick(["", "aaa", "bbb"]))],
    [18, () => trigger.put(sidecar, pick(hasSets ? [...sidecars, ...sidecarsOfSets] : sidecars))],
    [5, () => trigger.remove(sidecar)],
    [4, () => trigger.remove(pick(images))],
    [8, () => trigger.put(bucketManifest, pick(bucketManifests))],
    [4, () => trigger.remove(bucketManifest)],
    [10, () => endImports(0.6, 0.7)],
    [4, () => operate("replay", (key, deps) => importRouted(key, "replay", deps))],
    [4, () => operate("cancel", cancelAll)],
    [15, () => clock.advance(below(2 * minute))],
    [8, () => clock.advance(below(hour))],
  ];
  const possible = steps.flatMap(([percent, step]) => Array.from({ length: percent }, () => step));
  const step = async (): Promise<void> => {
    // Nobody does two things within a second: by that OSS tells when an object was written.
    clock.advance(1_000);
    await possible[below(possible.length)]?.();
  };
  const deliver = async (): Promise<void> => {
    await Promise.all([trigger.deliver(), ...(chance(0.4) ? [tick()] : []), ...(chance(0.1) ? [tick()] : [])]);
  };
  const isSettled = async (): Promise<boolean> => {
    const { entries } = await ledger.openJobs(undefined);
    return trigger.isIdle() && entries.every(({ state }) => state === "waiting");
  };
  const settle = async (): Promise<void> => {
    say("no more is done, and all comes to its end");
    for (let quietRounds = 0, round = 0; quietRounds < 3 && round < 300; round += 1) {
      quietRounds = (await isSettled()) ? quietRounds + 1 : 0;
      if (quietRounds > 0) clock.advance(hour);
      else clock.advance(round < 40 ? minute : 15 * minute);
      await deliver();
      endImports(0.3, 0.8);
      await tick();
    }
    // The last word is not one that was cut short.
    clock.advance(hour);
    await tick(false);
  };

  await trigger.put("web.raw", "aaa");
  for (let left = 4 + below(24); left > 0; left -= 1) {
    if (chance(0.2)) await Promise.all([step(), deliver()]);
    else {
      await step();
      await deliver();
    }
    if (chance(0.5)) await tick();
  }
  await settle();
  for (let round = 0; round < 3 && trigger.redrive(); round += 1) await settle();
  return { world, trigger };
}

async function cancelAll(key: string, deps: ImportDeps): Promise<void> {
  for (const job of await deps.ledger.jobsOf({ bucket, key })) {
    if (isEnd(job.state)) continue;
    const asked = await findTaskOf(await requestCancel(job, "an operator asked for it", deps), deps);
    if (asked.state === "cancelling") await stopTask(asked, deps);
  }
}
