import { type FaultKind, faultKinds } from "./fault-kinds.ts";
import { plainUpload, replacedBefore, rivalBefore, type Scenario, tickBefore } from "./scenarios.ts";
import type { PlannedFault, Schedule } from "./schedule.ts";
import { seededRandom } from "./seeded-random.ts";

/** Every request of a scenario, each fault. */
export function singleFaults(scenario: Scenario, requests: number): readonly Schedule[] {
  return numbers(requests).flatMap((at) => faultKinds.map((kind) => ({ scenario, faults: [{ at, kind }], seed: at })));
}

/** Every pair of faults for the plain upload: tens of thousands, so a sample of `count` unless all are asked for. */
export function faultPairs(requests: number, count: number | "all"): readonly Schedule[] {
  const single: readonly PlannedFault[] = numbers(requests).flatMap((at) => faultKinds.map((kind) => ({ at, kind })));
  const pair = (first: PlannedFault, second: PlannedFault): Schedule => ({
    scenario: plainUpload,
    faults: [first, second],
    seed: first.at,
  });
  if (count === "all")
    return single.flatMap((first) => single.filter(({ at }) => at > first.at).map((second) => pair(first, second)));
  const random = seededRandom(count);
  return numbers(count).flatMap(() => {
    const [first, second] = [pick(single, random), pick(single, random)];
    return first.at < second.at ? [pair(first, second)] : [pair(second, first)];
  });
}

/** Calls to the cloud of one import, and some more. */
const callsOfImport = 34;

/** Something happens in between any two calls of an import; then also with a fault soon after. */
export function interruptions(withFaults: number): readonly Schedule[] {
  const makers = [tickBefore, replacedBefore, rivalBefore];
  const plain = makers.flatMap((make) =>
    numbers(callsOfImport).map((call) => ({ scenario: make(call), faults: [], seed: call })),
  );
  const random = seededRandom(withFaults);
  const faulty = numbers(withFaults).map((seed) => {
    const call = 1 + Math.floor(random() * callsOfImport);
    const at = call + Math.floor(random() * 40);
    return { scenario: pick(makers, random)(call), faults: [{ at, kind: pick(faultKinds, random) }], seed };
  });
  return [...plain, ...faulty];
}

const mostFaults = 6;

/** One schedule left to chance: any scenario, up to six faults, some of them in a row, and clocks that differ. */
export function randomSchedule(
  scenarios: readonly { readonly scenario: Scenario; readonly requests: number }[],
  seed: number,
): Schedule {
  const random = seededRandom(seed);
  const { scenario, requests } = pick(scenarios, random);
  const faults = new Map<number, FaultKind>();
  for (const _ of numbers(1 + Math.floor(random() * mostFaults))) {
    const at = 1 + Math.floor(random() * requests * 1.5);
    const kind = pick(faultKinds, random);
    const length = random() < 0.2 ? 1 + Math.floor(random() * 10) : 1;
    for (const offset of numbers(length)) faults.set(at + offset - 1, kind);
  }
  return {
    scenario,
    faults: [...faults].map(([at, kind]) => ({ at, kind })),
    seed,
    skewInSeconds: random() < 0.5 ? 0 : Math.floor(random() * 240),
  };
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

function pick<T>(items: readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("There is nothing to pick from.");
  return item;
}
