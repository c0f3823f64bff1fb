import { CloudError } from "../../../../shared/cloud/cloud-error.ts";
import type { ImportDeps } from "../../../../shared/importing/import-deps.ts";
import { ossLedger } from "../../../../shared/ledger/ledger.ts";
import type { LogEvent, LogFields } from "../../../../shared/log/log.ts";
import { assembledImportDeps } from "../../../../shared/runtime/import-deps-of.ts";
import { startProcess } from "../../../faults/mortal-process.ts";
import { seededRandom } from "../../../faults/seeded-random.ts";
import { worldClock } from "../../../faults/world-clock.ts";
import { memoryObjects } from "../../ledger/memory-objects.ts";
import { memoryEcs } from "../memory-ecs.ts";
import { debian, reportOf } from "../planned-disk.ts";

export const bucket = "images";
const stateBucket = "state";

/** Errors that FC's next delivery, or the next tick, heals. */
const healing = ["RetryLater", "CloudError", "SourceChanged"];

export type World = ReturnType<typeof createWorld>;

/**
 * The product on an OSS and an ECS in memory, where everything that is left to chance follows from the seed: what ECS is like,
 * in which order the calls of several invocations come, and which of them is a call too many.
 */
export function createWorld(seed: number) {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const chance = (share: number): boolean => random() < share;
  const clock = worldClock();
  const story: string[] = [];
  const say = (sentence: string): void => {
    story.push(`${clock.now().toISOString().slice(8, 19)} ${sentence}`);
  };
  const lines: { readonly claimant: string; readonly event: LogEvent; readonly fields: LogFields }[] = [];
  const surprises: string[] = [];

  const [showsLate, forgetsTokens, losesAnswers] = [chance(0.3), chance(0.3), chance(0.5)];
  const objects = memoryObjects(clock.now);
  const ledger = ossLedger({ objects, stateBucket, clock });
  const shownFrom = new Map<string, number>();
  const ecs = memoryEcs(objects, {
    knowsTokens: !forgetsTokens,
    isShown: ({ imageId }) => clock.now().getTime() >= (shownFrom.get(imageId) ?? 0),
    onBegun: ({ imageId, request }) => {
      shownFrom.set(imageId, clock.now().getTime() + (showsLate ? below(120_000) : 0));
      const disks = request.DiskDeviceMapping.map(({ OSSObject }) => OSSObject).join(" and ");
      say(`ECS begins ${imageId}, ${request.ImageName}, of ${disks}`);
    },
  });

  /** Lets others go first, as the network does. */
  const turns = async (): Promise<void> => {
    for (let left = below(4); left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve));
  };

  /** True when the work is done. A mortal invocation may be killed before or after any of its calls. */
  const run = async (
    claimant: string,
    work: (deps: ImportDeps) => Promise<unknown>,
    isMortal = true,
  ): Promise<boolean> => {
    let momentsToLive = isMortal && chance(0.12) ? below(50) + 1 : Number.POSITIVE_INFINITY;
    const moment = (): void => {
      momentsToLive -= 1;
      if (momentsToLive === 0) process.kill();
    };
    const process = startProcess(
      { objects, images: ecs },
      clock,
      async () => {
        await turns();
        moment();
      },
      async (method) => {
        moment();
        if (method === "importImage" && losesAnswers && chance(0.25))
          throw new CloudError({ service: "ecs", code: "NoAnswer", message: "It was lost.", outcomeUnknown: true });
      },
    );
    const assembled = assembledImportDeps({
      cloud: process.cloud,
      region: "cn-hangzhou",
      imageBucket: bucket,
      stateBucket,
      claimant,
      deadline: new Date(clock.now().getTime() + 115_000),
      log: (_, event, sentence, fields = {}) => {
        if (process.isDead()) return;
        lines.push({ claimant, event, fields });
        say(`  [${claimant}] ${event}: ${sentence}`);
      },
      clock: process.clock,
      random,
    });
    const ending = await process.run(async () => {
      await work({ ...assembled, inspect: async () => reportOf(debian) });
    });
    if (ending.kind === "killed") say(`  [${claimant}] is killed`);
    if (ending.kind === "threw") {
      const { name, message, stack } = ending.error instanceof Error ? ending.error : new Error(String(ending.error));
      say(`  [${claimant}] ${name}: ${message}`);
      if (!healing.includes(name)) surprises.push(`${claimant} threw ${stack}`);
    }
    return ending.kind === "done";
  };

  const pick = <T>(items: readonly [T, ...T[]]): T => items[below(items.length)] ?? items[0];
  return { below, chance, pick, clock, objects, ecs, ledger, run, say, story, lines, surprises };
}
