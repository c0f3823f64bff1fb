import { type FaultKind, faultClasses, faultKinds } from "./fault-kinds.ts";
import type { Scenario } from "./scenario.ts";
import { interruptionKinds, plainUpload } from "./scenarios.ts";
import type { PlannedFault, Schedule } from "./schedule.ts";
import { seededRandom } from "./seeded-random.ts";

/** Every request of a scenario, each fault. */
export function singleFaults(scenario: Scenario, requests: number): readonly Schedule[] {
  return numbers(requests).flatMap((at) => faultKinds.map((kind) => ({ scenario, faults: [{ at, kind }], seed: at })));
}

/** How many pairs: some, all of kinds (over a hundred thousand), or all of requests and classes of kinds. */
export type Pairs = number | "by class" | "all";

/** Pairs of faults for the plain upload. `by class`: the members are left to chance, so that all kinds meet. */
export function faultPairs(requests: number, pairs: Pairs): readonly Schedule[] {
  const random = seededRandom(typeof pairs === "number" ? pairs : requests);
  const pairOf = (first: PlannedFault, second: PlannedFault): Schedule => ({
    scenario: plainUpload,
    faults: [first, second],
    seed: first.at,
  });
  if (typeof pairs === "number") {
    const single = numbers(requests).flatMap((at) => faultKinds.map((kind) => ({ at, kind })));
    return numbers(pairs).flatMap(() => {
      const [first, second] = [pick(single, random), pick(single, random)];
      return first.at < second.at ? [pairOf(first, second)] : [pairOf(second, first)];
    });
  }
  const classes = pairs === "all" ? faultKinds.map((kind) => [kind]) : faultClasses;
  const kindPairs = classes.flatMap((one) => classes.map((other) => [one, other] as const));
  return numbers(requests).flatMap((second) =>
    numbers(second - 1).flatMap((first) =>
      kindPairs.map(([one, other]) =>
        pairOf({ at: first, kind: pick(one, random) }, { at: second, kind: pick(other, random) }),
      ),
    ),
  );
}

/** Something happens in between any two calls of something else; then also with a fault soon after. */
export function interruptions(withFaults: number): readonly Schedule[] {
  const plain = interruptionKinds.flatMap(({ make, calls }) =>
    numbers(calls).map((call) => ({ scenario: make(call), faults: [], seed: call })),
  );
  const random = seededRandom(withFaults);
  const faulty = numbers(withFaults).map((seed) => {
    const { make, calls } = pick(interruptionKinds, random);
    const at = 1 + Math.floor(random() * requestsAfterInterruption);
    return {
      scenario: make(1 + Math.floor(random() * calls)),
      faults: [{ at, kind: pick(faultKinds, random) }],
      seed,
    };
  });
  return [...plain, ...faulty];
}

/** Requests of an import with a tick or a cancellation, more or less. */
const requestsAfterInterruption = 90;

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
