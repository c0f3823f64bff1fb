import { faultPairs, interruptions, type Pairs, randomSchedule, singleFaults } from "./plans.ts";
import type { Scenario } from "./scenario.ts";
import { plainUpload, scenarios } from "./scenarios.ts";
import { runSchedule, type Schedule, type ScheduleResult } from "./schedule.ts";

export interface Extent {
  /** Only parts of the report whose name has this in it. */
  readonly only: string;
  /** One in so many of the single faults of each scenario; the plain upload's are all run unless `isSample`. */
  readonly oneIn: number;
  readonly isSample: boolean;
  /** Of something in between two calls, with a fault as well. */
  readonly interruptions: number;
  readonly pairs: Pairs;
  readonly random: { readonly count: number; readonly firstSeed: number };
  /** Of several processes that share the work, which this is. */
  readonly share: { readonly index: number; readonly of: number };
}

/** A row of the report. */
export interface Row {
  readonly name: string;
  schedules: number;
  faults: number;
  lost: number;
  doubled: number;
  violated: number;
}

export interface Failure {
  readonly schedule: Schedule;
  readonly violations: readonly string[];
}

/** How far one process is with its share. */
export interface Progress {
  readonly part: string;
  readonly done: number;
  readonly total: number;
}

export interface Listeners {
  onFailure(failure: Failure): void;
  onProgress(progress: Progress): void;
}

/** The part of the report that seeds repeat. */
export const randomPart = "random schedules";

const worldsAtOnce = 6;

/** Runs what the extent asks for; each failure is reported as it is found. */
export async function runAll(extent: Extent, { onFailure, onProgress }: Listeners): Promise<readonly Row[]> {
  const usual = new Map<Scenario, number>();
  for (const scenario of scenarios) {
    const result = await runSchedule({ scenario, faults: [], seed: 0 }, 1000);
    if (result.violations.length > 0)
      onFailure({ schedule: { scenario, faults: [], seed: 0 }, violations: result.violations });
    usual.set(scenario, result.requests);
  }
  const requestsOf = (scenario: Scenario): number => usual.get(scenario) ?? 200;
  const known = scenarios.map((scenario) => ({ scenario, requests: requestsOf(scenario) }));
  const parts: readonly (readonly [string, readonly Schedule[]])[] = [
    ...scenarios.map((scenario) => {
      const all = singleFaults(scenario, requestsOf(scenario));
      const oneIn = scenario === plainUpload && !extent.isSample ? 1 : extent.oneIn;
      return [scenario.name, all.filter((_, index) => index % oneIn === 0)] as const;
    }),
    ["in between any two calls", interruptions(extent.interruptions)],
    ["pairs of faults, plain upload", faultPairs(requestsOf(plainUpload), extent.pairs)],
    [
      randomPart,
      Array.from({ length: extent.random.count }, (_, index) => randomSchedule(known, extent.random.firstSeed + index)),
    ],
  ];
  const shared = parts
    .filter(([part]) => part.includes(extent.only))
    .map(([part, schedules]) => ({
      part,
      mine: schedules.filter((_, index) => index % extent.share.of === extent.share.index),
    }));
  const total = shared.reduce((sum, { mine }) => sum + mine.length, 0);
  let done = 0;
  const rows: Row[] = [];
  for (const { part, mine } of shared) {
    const row: Row = { name: part, schedules: 0, faults: 0, lost: 0, doubled: 0, violated: 0 };
    rows.push(row);
    await atOnce(mine, worldsAtOnce, async (schedule) => {
      const result = await judged(schedule, requestsOf(schedule.scenario));
      row.schedules += 1;
      row.faults += result.faultsMet;
      row.lost += result.lost;
      row.doubled += result.doubled;
      done += 1;
      onProgress({ part, done, total });
      if (result.violations.length === 0) return;
      row.violated += 1;
      onFailure({ schedule, violations: result.violations });
    });
  }
  return rows;
}

async function judged(schedule: Schedule, usual: number): Promise<ScheduleResult> {
  try {
    return await runSchedule(schedule, usual);
  } catch (error) {
    const violations = [`the run itself failed: ${error instanceof Error ? error.stack : error}`];
    return { violations, lost: 0, doubled: 0, requests: 0, faultsMet: 0 };
  }
}

async function atOnce<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}
