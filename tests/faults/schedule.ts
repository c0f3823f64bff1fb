import { type FaultKind, faultOf } from "./fault-kinds.ts";
import { judge, type Verdict } from "./invariants.ts";
import { shortTimeoutInMilliseconds } from "./invocations.ts";
import type { Scenario } from "./scenario.ts";
import { seededRandom } from "./seeded-random.ts";
import { deliverAgain, settle } from "./settle.ts";
import { startWorld } from "./world.ts";

export interface PlannedFault {
  /** The functions' request that goes wrong, from 1. */
  readonly at: number;
  readonly kind: FaultKind;
}

export interface Schedule {
  readonly scenario: Scenario;
  readonly faults: readonly PlannedFault[];
  /** Makes jitter, and whatever else is left to chance, the same again. */
  readonly seed: number;
  /** Machines' clocks differ by up to so many seconds, either way. */
  readonly skewInSeconds?: number;
}

export interface ScheduleResult extends Verdict {
  readonly requests: number;
  /** Faults that were met: the run may have ended before the others. */
  readonly faultsMet: number;
}

/** Runs one schedule in a world of its own. `usual`: the requests of a run without faults. */
export async function runSchedule(schedule: Schedule, usual: number): Promise<ScheduleResult> {
  const { scenario, faults, seed } = schedule;
  const skewInSeconds = Math.max(schedule.skewInSeconds ?? 0, scenario.skewInSeconds ?? 0);
  const random = seededRandom(seed);
  let faultsMet = 0;
  const world = await startWorld({
    random,
    impatient: faults.some(({ kind }) => kind === "slow"),
    skew: () => Math.round((random() * 2 - 1) * skewInSeconds * 1000),
    faultFor: ({ request, number, kill, expire }) => {
      const planned = faults.find(({ at }) => at === number);
      if (!planned) return undefined;
      faultsMet += 1;
      const slowInMilliseconds = shortTimeoutInMilliseconds + 100;
      return faultOf(planned.kind, request.service, { kill, expire, slowInMilliseconds });
    },
  });
  try {
    await scenario.run(world);
    await settle(world, scenario.waits?.ticks);
    const requests = world.requests();
    const changed = await deliverAgain(world);
    const verdict = judge(world, scenario, { faults: faults.length, usual, requests });
    return { ...verdict, violations: [...verdict.violations, ...changed], requests, faultsMet };
  } finally {
    await world.close();
  }
}
