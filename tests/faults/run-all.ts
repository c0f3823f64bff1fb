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

/** For scenarios that are not measured: about what an import and its ticks make. */
const usualOfMost = 200;

/** Runs what the extent asks for; each failure is reported as it is found. */
export async function runAll(extent: Extent, { onFailure, onProgress }: Listeners): Promise<readonly Row[]> {
  const isAsked = (part: string): boolean => part.includes(extent.only);
  // Chance may pick any scenario; the other parts need their own only.
  const needed = scenarios.filter(({ name }) => isAsked(name) || isAsked(randomPart));
  const usual = await usualRequests([...new Set([plainUpload, ...needed])], onFailure);
  const requestsOf = (scenario: Scenario): number => usual.get(scenario) ?? usualOfMost;
  const shared = partsOf(extent, requestsOf)
    .filter(([part]) => isAsked(part))
    .map(([part, schedules]) => ({
      part,
      mine: schedules().filter((_, index) => index % extent.share.of === extent.share.index),
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

/** How many requests each scenario makes when nothing fails. */
async function usualRequests(
  asked: readonly Scenario[],
  onFailure: Listeners["onFailure"],
): Promise<ReadonlyMap<Scenario, number>> {
  const usual = new Map<Scenario, number>();
  await atOnce(asked, worldsAtOnce, async (scenario) => {
    const schedule: Schedule = { scenario, faults: [], seed: 0 };
    const { violations, requests } = await judged(schedule, 1000);
    if (violations.length > 0) onFailure({ schedule, violations });
    usual.set(scenario, requests);
  });
  return usual;
}

/** The rows of the report, each with what makes its schedules. */
function partsOf(
  { isSample, oneIn, interruptions: withFaults, pairs, random }: Extent,
  requestsOf: (scenario: Scenario) => number,
): readonly (readonly [string, () => readonly Schedule[]])[] {
  return [
    ...scenarios.map((scenario) => {
      const step = scenario === plainUpload && !isSample ? 1 : oneIn;
      const some = (): readonly Schedule[] =>
        singleFaults(scenario, requestsOf(scenario)).filter((_, index) => index % step === 0);
      return [scenario.name, some] as const;
    }),
    ["in between any two calls", () => interruptions(withFaults)],
    ["pairs of faults, plain upload", () => faultPairs(requestsOf(plainUpload), pairs)],
    [
      randomPart,
      () => {
        const known = scenarios.map((scenario) => ({ scenario, requests: requestsOf(scenario) }));
        return Array.from({ length: random.count }, (_, index) => randomSchedule(known, random.firstSeed + index));
      },
    ],
  ];
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
